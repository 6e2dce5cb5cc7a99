"""One model's rows as an `InferenceBatch`: numbers as float64, categories as places.

A category becomes its place in the spec's vocabulary, so no text of a row outlives this step;
columns that are withheld or not in the spec are never looked at. A column that is not there is
missing in every row.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from whitebox_agent.table.cells import Cells, are_plain, numbers, numbers_of
from whitebox_agent.table.coding import CategoryCoder
from whitebox_agent.table.ids import read_ids
from whitebox_agent.table.reading import Table, read_column
from whitebox_agent.table.times import Int64Array
from whitebox_wire.errors import DataError
from whitebox_wire.messages import MISSING, Codes, Column, InferenceBatch, LabelBatch
from whitebox_wire.spec import CategoricalBins, ModelKind, ModelSpec
from whitebox_wire.vector import FloatArray


class Encoder:
    """Encodes what callers log for one model.

    `names` are the columns of an inference, in order: the counted features, the prediction, the
    scores.
    """

    def __init__(self, spec: ModelSpec, digest: bytes) -> None:
        self._spec = spec
        self._digest = digest
        coders = {
            f.name: CategoryCoder(f.bins.vocabulary)
            for f in spec.counted
            if isinstance(f.bins, CategoricalBins)
        }
        if spec.kind is not ModelKind.REGRESSION:
            coders[spec.prediction.column] = CategoryCoder(spec.prediction.classes)
        self._coders = coders
        # Targets are of the prediction's classes, or numbers as predictions are.
        self._target = coders.get(spec.prediction.column)
        features = [f.name for f in spec.counted]
        self.names = (*features, spec.prediction.column, *spec.prediction.score_columns)
        self._numeric = tuple(name for name in self.names if name not in coders)

    def batch(
        self,
        table: Table,
        *,
        received_ms: int,
        ids: Sequence[str] = (),
        times_ms: Int64Array | None = None,
    ) -> InferenceBatch:
        """A table's rows. `ids` (see `read_ids`) and `times_ms` are empty or one a row.

        Raises:
            DataError: an id is too long or of a wrong type, or not as many as rows.
        """
        columns = {name: self._column(name, table, self._coders.get(name)) for name in self.names}
        return self._inferences(columns, table.rows, received_ms, ids, times_ms)

    def rows(
        self,
        rows: Sequence[tuple[object, ...]],
        *,
        received_ms: int,
        ids: Sequence[str] = (),
        times_ms: Int64Array | None = None,
    ) -> InferenceBatch:
        """Many rows logged one by one, each a tuple in the order of `names`: the hot path.

        Raises:
            DataError: as `batch`.
            ValueError: a row is not as long as `names`.
        """
        transposed = list(zip(*rows, strict=True)) or [()] * len(self.names)
        cells = dict(zip(self.names, transposed, strict=True))
        encoded: dict[str, Column] = {
            name: Codes(coder.codes_of(cells[name])) for name, coder in self._coders.items()
        }
        encoded |= zip(
            self._numeric, _numeric_block([cells[n] for n in self._numeric]), strict=True
        )
        columns = {name: encoded[name] for name in self.names}
        return self._inferences(columns, len(rows), received_ms, ids, times_ms)

    def labels(self, ids: Sequence[str], values: object, *, received_ms: int) -> LabelBatch:
        """True labels by id: floats for regression, places among the classes otherwise.

        Raises:
            DataError: an id is missing, too long or of a wrong type, or not as many as labels.
        """
        name = self._spec.target.column
        cells = values if isinstance(values, Codes) else read_column(values, name)
        rows = cells.codes.size if isinstance(cells, Codes) else cells.size
        texts = read_ids(ids, rows)
        if rows and (not texts or not all(texts)):
            raise DataError("id: a label has no id", hint="pass the id that the row was logged by")
        labels = numbers(cells) if self._target is None else Codes(self._target.codes(cells))
        return LabelBatch(self._spec.model_id, texts, labels, received_ms)

    def targets(self, table: Table) -> Column:
        """A table's column of true labels, encoded as `labels` does; missing where it has none."""
        return self._column(self._spec.target.column, table, self._target)

    def unexpected(self, table: Table) -> tuple[str, ...]:
        """Columns of a table that the spec does not name, in the table's order."""
        known = {*self.names, *(f.name for f in self._spec.features)}
        return tuple(name for name in table.columns if name not in known)

    def absent(self, table: Table) -> tuple[str, ...]:
        """Columns of an inference that a table does not have."""
        return tuple(name for name in self.names if name not in table.columns)

    def _column(self, name: str, table: Table, coder: CategoryCoder | None) -> Column:
        cells: Cells | None = table.columns.get(name)
        if coder is None:
            if isinstance(cells, np.ndarray) and cells.dtype == np.float64:
                return cells
            return np.full(table.rows, np.nan) if cells is None else numbers(cells)
        if cells is None:
            return Codes(np.full(table.rows, MISSING, np.int32))
        return Codes(coder.codes(cells))

    def _inferences(
        self,
        columns: dict[str, Column],
        rows: int,
        received_ms: int,
        ids: Sequence[str],
        times_ms: Int64Array | None,
    ) -> InferenceBatch:
        if times_ms is not None and times_ms.size != rows:
            raise DataError(f"{times_ms.size} times for {rows} rows", hint="give one time a row")
        return InferenceBatch(
            model_id=self._spec.model_id,
            rows=rows,
            columns=columns,
            received_ms=received_ms,
            ids=read_ids(ids, rows),
            times_ms=times_ms,
            spec_digest=self._digest,
        )


def _numeric_block(columns: Sequence[tuple[object, ...]]) -> Sequence[FloatArray]:
    """Several numeric columns at once where all cells are plain numbers, else one by one."""
    if are_plain(set(map(type, chain.from_iterable(columns)))):
        try:
            return list(np.array(columns, np.float64))
        except OverflowError:  # an integer beyond all floats
            pass
    return [numbers_of(column) for column in columns]
