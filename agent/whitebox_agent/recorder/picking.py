"""One model's values out of a row that came as a dict, and what is odd about its columns.

The hot path of an inference: values are picked by name in one call and judged by nobody here.
"""

from __future__ import annotations

import logging
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from whitebox_agent.models import Model
from whitebox_agent.table import Cells, read_column
from whitebox_wire.errors import DataError

logger = logging.getLogger(__name__)

Values = tuple[object, ...]
ColumnT = TypeVar("ColumnT")
# A model's callers may invent column names without end; this many are spoken of.
NOTES_MAX = 1_000


class Picker:
    """Picks values in the order of the model's encoder."""

    def __init__(self, model: Model) -> None:
        spec = model.spec
        self._model_id = spec.model_id
        self._prediction = spec.prediction.column
        self._scores = spec.prediction.score_columns
        self._features = tuple(f.name for f in spec.counted)
        self._known = {*model.encoder.names, *(f.name for f in spec.features)}
        self._pick_all = _getter(model.encoder.names)
        self._pick_features = _getter(self._features)
        self._usual_length = -1
        self._noted: set[str] = set()

    def pick(self, row: Mapping[str, object], prediction: object, score: object) -> Values:
        """The row's values; a prediction and a score given apart go before those in the row.

        Raises:
            DataError: there is no prediction, or there are not as many scores as columns for them.
        """
        if len(row) != self._usual_length:
            self.note(list(row))
            self._usual_length = len(row)
        try:
            if prediction is None and score is None:
                return self._pick_all(row)
            features = self._pick_features(row)
        except KeyError:
            features = tuple(map(row.get, self._features))
        if prediction is None:
            if self._prediction not in row:
                raise self.no_prediction()
            prediction = row[self._prediction]
        return (*features, prediction, *self._given_scores(row, score))

    def _given_scores(self, row: Mapping[str, object], score: Any) -> Values:
        if score is None:
            return tuple(map(row.get, self._scores))
        scores: Values = (score,) if np.ndim(score) == 0 else tuple(score)
        if len(scores) != len(self._scores):
            raise self._wrong_scores(len(scores))
        return scores

    def score_columns(self, score: Any) -> dict[str, Cells]:
        """Scores of many rows (one column, or shape [rows, score columns]) by column."""
        columns = (
            (score,) if len(self._scores) == 1 and np.ndim(score) == 1 else np.asarray(score).T
        )
        named = self.named_scores(tuple(columns))
        return {name: read_column(column, name) for name, column in named.items()}

    def named_scores(self, columns: tuple[ColumnT, ...]) -> dict[str, ColumnT]:
        """Columns of scores under the spec's names; DataError when there are not as many."""
        if len(columns) != len(self._scores):
            raise self._wrong_scores(len(columns))
        return dict(zip(self._scores, columns, strict=True))

    def note(self, names: Sequence[str]) -> list[str]:
        """What there is to say of a table with these columns; the log says it once."""
        notes = [
            f"column {name[:80]!r} is not in the spec and is ignored"
            for name in map(str, names)
            if name not in self._known
        ]
        notes += [
            f"column {name!r} is absent: its rows count as missing"
            for name in self._features
            if name not in names
        ]
        for note in notes:
            if note not in self._noted and len(self._noted) < NOTES_MAX:
                self._noted.add(note)
                logger.warning("model=%s %s", self._model_id, note)
        return notes[:NOTES_MAX]

    def no_prediction(self) -> DataError:
        return DataError(
            f"prediction: column {self._prediction!r} is absent",
            hint="put it into the row, or pass prediction=",
        )

    def _wrong_scores(self, count: int) -> DataError:
        wanted = ", ".join(self._scores) or "none"
        return DataError(
            f"score: {count} given, and model {self._model_id!r} has {len(self._scores)}",
            hint=f"in this order: {wanted}",
        )


def _getter(names: Sequence[str]) -> Callable[[Mapping[str, object]], Values]:
    """A function from a row to a tuple of values; KeyError when one is not there."""
    if len(names) == 1:
        return lambda row: (row[names[0]],)
    return operator.itemgetter(*names) if names else lambda _: ()
