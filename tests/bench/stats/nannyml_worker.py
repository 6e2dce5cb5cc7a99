"""NannyML's side of the statistics bench: its univariate drift calculator with its defaults.

Runs in the environment of `strangers` and imports nothing of Whitebox. The method is NannyML's
default, the Jensen-Shannon distance; the threshold too: mean and three standard deviations of the
distances of the reference's own chunks, which have as many rows as a window. A score is how many
of those standard deviations a window lies above that mean, so a threshold can be tuned.
"""

from __future__ import annotations

import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench import nannyml_cbpe
from tests.bench.serving import serve

METHOD = "jensen_shannon"

Answer = dict[str, object]


class NannyML:
    """A calculator fitted to one reference, and what it says of windows of rows."""

    def __init__(self) -> None:
        self._pandas: Any = import_module("pandas")
        self._nannyml: Any = import_module("nannyml")
        self._reference: Any = None
        self._texts: list[int] = []
        self._rows = 0
        self._fitted: dict[tuple[int, ...], tuple[Any, Any, Any]] = {}

    def versions(self) -> Answer:
        return {"nannyml": self._nannyml.__version__}

    def datasets(self) -> Answer:
        """The folder of the data sets that NannyML's wheel packs."""
        return {"folder": str(Path(self._nannyml.__file__).parent / "datasets" / "data")}

    def cbpe(self, out: str) -> Answer:
        """Write its estimates without labels on its own data sets; see `nannyml_cbpe`."""
        nannyml_cbpe.main(out)
        return {}

    def prepare(self, reference: str, categorical: list[bool], rows: int) -> Answer:
        """Read the reference, float64 of shape [rows, columns]; `rows` are those of a window."""
        self._texts = [place for place, text in enumerate(categorical) if text]
        self._reference, self._rows = np.load(reference), rows
        self._fitted = {}
        return {}

    def judge(self, windows: str, columns: list[int]) -> Answer:
        """Scores and verdicts, shape [windows, columns], of float64 [windows, rows, columns]."""
        live = np.load(windows)
        calculator, mean, deviation = self._calculator(tuple(columns))
        frame = self._frame(live.reshape(-1, live.shape[2]), columns)
        said = calculator.calculate(frame).filter(period="analysis").to_df()
        values = self._of(said, columns, "value").astype(float)
        return {
            "scores": ((values - mean) / deviation).tolist(),
            "drifted": self._of(said, columns, "alert").astype(bool).tolist(),
        }

    def _calculator(self, columns: tuple[int, ...]) -> tuple[Any, Any, Any]:
        """A calculator of some columns, with mean and deviation of their reference's chunks."""
        if columns not in self._fitted:
            names = [str(column) for column in columns]
            texts = [str(column) for column in self._texts if column in columns]
            calculator = self._nannyml.UnivariateDriftCalculator(
                column_names=names, treat_as_categorical=texts, chunk_size=self._rows
            )
            calculator.fit(self._frame(self._reference[:, columns], columns))
            said = calculator.result.filter(period="reference").to_df()
            values = self._of(said, columns, "value").astype(float)
            self._fitted[columns] = calculator, values.mean(axis=0), values.std(axis=0)
        return self._fitted[columns]

    def _of(self, said: Any, columns: list[int] | tuple[int, ...], what: str) -> Any:
        return np.column_stack([said[(str(c), METHOD, what)].to_numpy() for c in columns])

    def _frame(self, rows: Any, columns: list[int] | tuple[int, ...]) -> Any:
        frame = self._pandas.DataFrame(rows, columns=[str(column) for column in columns])
        texts = [str(column) for column in self._texts if column in columns]
        return frame.astype(dict.fromkeys(texts, int)).astype(dict.fromkeys(texts, str))


if __name__ == "__main__":
    # What its dependencies deprecate is no news of ours.
    warnings.simplefilter("ignore")
    serve(NannyML())
