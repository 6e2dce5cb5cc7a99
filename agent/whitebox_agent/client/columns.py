"""Cells to columns of the wire, without a spec: numbers as numbers, names as codes of a dictionary.

What a cell means is for the agent to say, which has the spec. Here only its kind counts: a text, a
date or a UUID travels as its name, anything else as the number it is (infinite when it is none). A
column that holds both is split by rows, so that no cell is changed on its way. Integers beyond 2^53
travel as the nearest float64. Pure.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt

from whitebox_agent.table import Cells, categories, numbers
from whitebox_agent.table.cells import are_plain, categories_of, numbers_of
from whitebox_wire.messages import MISSING, Codes, Column

_NAMES = (*(str, bytes, dt.date, dt.time, dt.timedelta, np.datetime64, np.timedelta64, uuid.UUID),)
_TEXTS = frozenset({str, type(None)})

Rows = npt.NDArray[np.intp]
# The rows of a part (None is all of them), and its columns.
Part = tuple[Rows | None, list[Column]]


def wire_parts(columns: Sequence[Cells | Sequence[object]]) -> Iterator[Part]:
    """Columns of one length as parts whose columns are of one kind each; usually one part.

    >>> [(rows, cells) for rows, (cells,) in wire_parts([[1, None, True]])]
    [(None, array([ 1., nan,  1.]))]
    >>> [rows.tolist() for rows, _ in wire_parts([[1, "a", None]])]
    [[0, 2], [1]]
    """
    plain = _block(columns)
    if plain is not None:
        yield None, plain
        return
    seen = [_wire(column) for column in columns]
    mixed = [column for column in seen if isinstance(column, list)]
    if not mixed:
        yield None, [column for column in seen if not isinstance(column, list)]
        return
    named = np.array([[isinstance(cell, _NAMES) for cell in cells] for cells in mixed])
    patterns, group = np.unique(named, axis=1, return_inverse=True)
    for number in range(patterns.shape[1]):
        rows = np.flatnonzero(group.reshape(-1) == number)
        yield rows, [_of_one_kind(column, rows) for column in seen]


def _block(columns: Sequence[Cells | Sequence[object]]) -> list[Column] | None:
    """Rows of plain numbers at once; None where there is more to look at."""
    sequences = [column for column in columns if isinstance(column, tuple)]
    if len(sequences) < len(columns) or not are_plain(set(map(type, chain(*sequences)))):
        return None
    try:
        return list(np.array(sequences, np.float64))
    except OverflowError:  # an integer beyond all floats
        return None


def _wire(column: Cells | Sequence[object]) -> Column | list[object]:
    """A column of the wire; its cells when they are of both kinds."""
    if isinstance(column, Codes):
        return column
    if isinstance(column, np.ndarray):
        if column.dtype.kind in "fiub":
            return numbers(column)
        if column.dtype.kind in "mM":
            return categories(column)
        return _of_cells(column.tolist())
    return _of_cells(list(column))


def _of_cells(cells: list[object]) -> Column | list[object]:
    kinds = set(map(type, cells))
    if are_plain(kinds):
        return numbers_of(cells)
    if kinds <= _TEXTS:
        return _texts(cells)
    names = sum(isinstance(cell, _NAMES) for cell in cells)
    if 0 < names < len(cells):
        return cells
    return categories_of(cells) if names else numbers_of(cells)


def _texts(cells: Sequence[object]) -> Codes:
    """Texts and nothing else, but for None."""
    distinct = dict.fromkeys(cells)
    distinct.pop(None, None)
    places: dict[object, int] = {text: place for place, text in enumerate(distinct)}
    places[None] = MISSING
    codes = np.fromiter(map(places.__getitem__, cells), np.int32, len(cells))
    return Codes(codes, tuple(map(str, distinct)))


def _of_one_kind(column: Column | list[object], rows: Rows) -> Column:
    """Some rows of a column, of which all cells of a mixed one are of one kind."""
    if not isinstance(column, list):
        return _at(column, rows)
    cells = [column[row] for row in rows.tolist()]
    return categories_of(cells) if isinstance(cells[0], _NAMES) else numbers_of(cells)


def _at(column: Column, rows: Rows | slice) -> Column:
    if isinstance(column, Codes):
        return Codes(column.codes[rows], column.dictionary)
    return column[rows]


def cut(column: Column, rows: Rows | slice) -> Column:
    """The cells of some rows. Of a dictionary, only what they use."""
    taken = _at(column, rows)
    if not isinstance(taken, Codes) or len(taken.dictionary) <= taken.codes.size:
        return taken
    used, codes = np.unique(taken.codes[taken.codes >= 0], return_inverse=True)
    own = taken.codes.copy()
    own[taken.codes >= 0] = codes
    return Codes(own, tuple(taken.dictionary[place] for place in used.tolist()))


def clean(column: Column) -> Column:
    """The column as text that can travel: what is no Unicode (a lone surrogate) becomes "?"."""
    if not isinstance(column, Codes):
        return column
    return Codes(column.codes, tuple(map(clean_text, column.dictionary)))


def clean_text(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
