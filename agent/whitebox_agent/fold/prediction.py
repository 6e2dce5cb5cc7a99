"""What a device remembers of each prediction until its label comes: class and scores, or value.

Where the spec has segments, also which of them the inference fell into: features are not
remembered. A row's record has a fixed size that follows from the spec; its bytes are little-endian,
so a buffer written on one machine can be read on another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from whitebox_agent.fold.batch import column_of, numbers_of
from whitebox_agent.fold.segments import Masks
from whitebox_agent.fold.vocabulary import Vocabulary
from whitebox_wire.errors import MalformedError
from whitebox_wire.messages import MISSING, InferenceBatch
from whitebox_wire.spec import ModelKind, ModelSpec
from whitebox_wire.vector import FloatArray

# The class of a prediction that is there but is none of the spec's classes.
UNKNOWN = -2


@dataclass(frozen=True, slots=True)
class Predictions:
    """Predictions of rows, as one structured array of shape [rows] (see `record_type`)."""

    records: npt.NDArray[np.void]

    def __len__(self) -> int:
        return len(self.records)

    @property
    def classes(self) -> npt.NDArray[np.int16]:
        """Places in `spec.prediction.classes`; -1 is missing, -2 unknown. Shape [rows]."""
        classes: npt.NDArray[np.int16] = self.records["class"]
        return classes

    @property
    def scores(self) -> FloatArray:
        """Scores in [0, 1], NaN where missing or invalid. Shape [rows, score columns]."""
        scores: FloatArray = self.records["scores"]
        return scores

    @property
    def value(self) -> FloatArray:
        """A regression model's predictions, NaN where missing or invalid. Shape [rows]."""
        value: FloatArray = self.records["value"]
        return value

    @property
    def segments(self) -> Masks:
        """The segments of each row (see fold/segments.py): uint32, shape [rows]."""
        if "segments" not in (self.records.dtype.names or ()):
            return np.zeros(len(self), np.uint32)
        segments: Masks = self.records["segments"]
        return segments

    def take(self, index: npt.NDArray[np.intp] | slice) -> Predictions:
        """The predictions at `index`, in its order."""
        return Predictions(self.records[index])

    def to_records(self) -> list[bytes]:
        """One blob of `record_bytes(spec)` bytes for each row."""
        size, data = self.records.dtype.itemsize, self.records.tobytes()
        return [data[at : at + size] for at in range(0, len(data), size)]

    @staticmethod
    def of_records(spec: ModelSpec, records: Sequence[bytes]) -> Predictions:
        """The predictions that `to_records` wrote.

        Raises:
            MalformedError: a record is not of the spec's size, or names a class or segment that
                the spec has not.
        """
        kind = record_type(spec)
        if any(len(record) != kind.itemsize for record in records):
            raise MalformedError(f"a prediction's record is not of {kind.itemsize} bytes")
        found = Predictions(np.frombuffer(b"".join(records), kind))
        if spec.kind is not ModelKind.REGRESSION and len(found):
            low, high = int(found.classes.min()), int(found.classes.max())
            if low < UNKNOWN or high >= len(spec.prediction.classes):
                raise MalformedError("a prediction's record names a class that is not in the spec")
        if int(np.bitwise_or.reduce(found.segments)) >> len(spec.segments):
            raise MalformedError("a prediction's record names a segment that is not in the spec")
        return found


def record_type(spec: ModelSpec) -> np.dtype[np.void]:
    """The dtype of a row's record: `value` for regression, else `class` and `scores`; `segments`
    where the spec has any.
    """
    own: list[Any] = [("class", "<i2"), ("scores", "<f8", (len(spec.prediction.score_columns),))]
    if spec.kind is ModelKind.REGRESSION:
        own = [("value", "<f8")]
    return np.dtype([*own, ("segments", "<u4")] if spec.segments else own)


def record_bytes(spec: ModelSpec) -> int:
    """The size of one row's record."""
    return record_type(spec).itemsize


class PredictionReader:
    """Reads the predictions of one spec's batches."""

    def __init__(self, spec: ModelSpec) -> None:
        self._prediction = spec.prediction
        self._regression = spec.kind is ModelKind.REGRESSION
        self._type = record_type(spec)
        self._classes = Vocabulary(spec.prediction.column, spec.prediction.classes)

    def read(self, batch: InferenceBatch) -> Predictions:
        """The predictions of a batch's rows, in no segment.

        Raises:
            MalformedError: a code of the prediction column points nowhere.
        """
        found = np.zeros(batch.rows, self._type)
        column = column_of(batch, self._prediction.column)
        if self._regression:
            value = numbers_of(column, batch.rows)
            found["value"] = np.where(np.isfinite(value), value, np.nan)
            return Predictions(found)
        if column is None:
            found["class"] = MISSING
        else:
            # Invalid and out of vocabulary are both unknown.
            found["class"] = np.maximum(self._classes.places(column), UNKNOWN)
        for i, name in enumerate(self._prediction.score_columns):
            score = numbers_of(column_of(batch, name), batch.rows)
            valid = (score >= 0.0) & (score <= 1.0)
            found["scores"][:, i] = np.where(valid, score, np.nan)
        return Predictions(found)
