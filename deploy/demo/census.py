"""The demo's rows and its model: who these people are, and whether the model thinks they work.

Rows come from the Parquet files beside this module and predictions from `model.onnx`; nothing is
downloaded and nothing trained. The survey gives years and no days, so event times are made up: a
year's rows lie evenly over the 52 weeks from its first Monday, which makes three years without a
gap. Knows neither agent nor hub.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

HERE = Path(__file__).parent
MODEL_ID = "employment"
TARGET = "employed"
PREDICTION = "prediction"
SCORE = "score"
AGE = "AGEP"
# The Census Bureau's names of columns, in words. All but the age are codes of answers.
MEANINGS = {
    "AGEP": "age",
    "SCHL": "education",
    "MAR": "marital status",
    "RELP": "place in the household",
    "DIS": "disability",
    "ESP": "employment of parents",
    "CIT": "citizenship",
    "MIG": "moved in the last year",
    "MIL": "military service",
    "ANC": "ancestry",
    "NATIVITY": "born in the US",
    "DEAR": "hearing",
    "DEYE": "sight",
    "DREM": "memory",
    "SEX": "sex",
    "RAC1P": "race",
}
WEEK_S = 7 * 86_400
WEEKS_PER_YEAR = 52
_NOT_FEATURES = frozenset({TARGET, "year", "split"})

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Columns = Mapping[str, npt.NDArray[np.int8]]


@dataclass(frozen=True, slots=True)
class LiveRows:
    """Rows in order of time. `features` are int8 columns by name; `labels`, `numbers` (places in
    the file), `times_s` (since 1970) and `weeks` (since the first) are int64, shape [rows].
    """

    features: Columns
    labels: Ints
    numbers: Ints
    times_s: Ints
    weeks: Ints

    @property
    def rows(self) -> int:
        return self.labels.size

    def pick(self, places: Ints | slice) -> LiveRows:
        return LiveRows(
            {name: column[places] for name, column in self.features.items()},
            self.labels[places],
            self.numbers[places],
            self.times_s[places],
            self.weeks[places],
        )

    def by_week(self) -> Iterator[LiveRows]:
        """The rows of each week that has any."""
        ends = [*np.flatnonzero(np.diff(self.weeks)) + 1, self.rows]
        start = 0
        for end in ends:
            yield self.pick(slice(start, end))
            start = end


class Model:
    """The committed classifier, on one thread, since devices share the machine."""

    def __init__(self) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = ort.InferenceSession(
            HERE / "model.onnx", options, providers=["CPUExecutionProvider"]
        )

    def predict(self, features: Columns) -> tuple[Ints, Floats]:
        """Classes (0 or 1) and probabilities of 1, rounded to six digits; each shape [rows]."""
        matrix = np.column_stack([*features.values()]).astype(np.float32)
        classes, probabilities = self._session.run(["label", "probabilities"], {"features": matrix})
        return classes, probabilities[:, 1].astype(np.float64).round(6)


def reference(split: str, model: Model) -> pa.Table:
    """The rows of 2015 marked "train" or "test", with the model's predictions and scores."""
    table = _read("reference")
    table = table.filter(pc.equal(table["split"], split)).drop_columns(["split", "year"])
    classes, scores = model.predict(_features(table))
    return table.append_column(PREDICTION, [classes]).append_column(SCORE, [scores])


def live(rows_max: int | None = None) -> LiveRows:
    """The rows of 2016 to 2018 with their true labels, or `rows_max` of them, evenly picked."""
    table = _read("live")
    years = table["year"].to_numpy()
    times_s = np.concatenate([_spread(year, years) for year in np.unique(years)])
    everything = LiveRows(
        _features(table),
        table[TARGET].to_numpy().astype(np.int64),
        np.arange(table.num_rows),
        times_s,
        (times_s - _seconds(years[0])) // WEEK_S,
    )
    if rows_max is None or rows_max >= everything.rows:
        return everything
    return everything.pick(np.arange(rows_max) * everything.rows // rows_max)


def first_monday(year: int) -> datetime:
    """Midnight in UTC before the year's first Monday.

    >>> [first_monday(year).day for year in (2016, 2017, 2018)]
    [4, 2, 1]
    """
    start = datetime(year, 1, 1, tzinfo=timezone.utc)
    return start + timedelta(days=-start.weekday() % 7)


def _read(name: str) -> pa.Table:
    # One file needs no data set: without `read_table` a device starts a second sooner.
    return pq.ParquetFile(HERE / "data" / f"{name}.parquet").read()


def _spread(year: int, years: npt.NDArray[np.int16]) -> Ints:
    """The event times of one year's rows."""
    rows = int(np.count_nonzero(years == year))
    length_s = WEEKS_PER_YEAR * WEEK_S
    return _seconds(year) + (2 * np.arange(rows) + 1) * length_s // (2 * rows)


def _seconds(year: int) -> int:
    return int(first_monday(int(year)).timestamp())


def _features(table: pa.Table) -> Columns:
    return {
        name: table[name].to_numpy() for name in table.column_names if name not in _NOT_FEATURES
    }
