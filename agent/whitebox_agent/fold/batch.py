"""A batch's columns as the folds want them, and a batch of some of its rows.

Nothing here knows bins or vocabularies, and no cell's value raises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import numpy as np
import numpy.typing as npt

from whitebox_wire.errors import MalformedError
from whitebox_wire.messages import MISSING, Codes, Column, InferenceBatch
from whitebox_wire.vector import FloatArray


def column_of(batch: InferenceBatch, name: str) -> Column | None:
    """The named column, or None where the batch has none.

    Raises:
        MalformedError: the column is not one cell for each of the batch's rows.
    """
    column = batch.columns.get(name)
    if column is None:
        return None
    cells = column.codes if isinstance(column, Codes) else column
    if cells.shape != (batch.rows,):
        raise MalformedError(f"column {name!r} has {cells.size} cells for {batch.rows} rows")
    return column


def numbers_of(column: Column | None, rows: int) -> FloatArray:
    """A column as float64, shape [rows]: NaN where missing, infinite where invalid.

    Texts are invalid where a number belongs; an absent column is missing everywhere.
    """
    if column is None:
        return np.full(rows, np.nan)
    if isinstance(column, Codes):
        return np.where(column.codes == MISSING, np.nan, np.inf)
    return column


def take_rows(batch: InferenceBatch, index: npt.NDArray[np.intp] | slice) -> InferenceBatch:
    """The batch's rows at `index`, in its order; a slice copies no column."""
    places = range(batch.rows)[index] if isinstance(index, slice) else index.tolist()
    ids = batch.ids
    if ids:
        ids = ids[index] if isinstance(index, slice) else tuple(ids[i] for i in places)
    return replace(
        batch,
        rows=len(places),
        columns={name: take_column(column, index) for name, column in batch.columns.items()},
        ids=ids,
        times_ms=None if batch.times_ms is None else batch.times_ms[index],
    )


def take_column(column: Column, index: npt.NDArray[np.intp] | slice) -> Column:
    """The cells at `index`, in its order."""
    if isinstance(column, Codes):
        return replace(column, codes=column.codes[index])
    return column[index]


def join_batches(batches: Sequence[InferenceBatch]) -> InferenceBatch:
    """One batch of the rows of several (at least one), in order, with a time for every row.

    They must have one spec and the same columns, and code categories by the spec's vocabularies.
    A row without a time of its own has the time of its batch's arrival.
    """
    first = batches[0]
    times = [
        np.full(b.rows, b.received_ms, np.int64) if b.times_ms is None else b.times_ms
        for b in batches
    ]
    ids: tuple[str, ...] = ()
    if any(b.ids for b in batches):
        ids = tuple(chain.from_iterable(b.ids or ("",) * b.rows for b in batches))
    return replace(
        first,
        rows=sum(b.rows for b in batches),
        columns={name: _join([b.columns[name] for b in batches]) for name in first.columns},
        received_ms=max(b.received_ms for b in batches),
        ids=ids,
        times_ms=np.concatenate(times),
    )


def _join(columns: Sequence[Column]) -> Column:
    if len(columns) == 1:
        return columns[0]
    codes = [column.codes for column in columns if isinstance(column, Codes)]
    if codes:
        return Codes(np.concatenate(codes))
    return np.concatenate([column for column in columns if not isinstance(column, Codes)])
