"""The rules of one cell: what counts as a number, as a category, as missing, as invalid.

None, NaN, NaT and pandas' NA are missing. A text where a number belongs, an infinity, and anything
that is neither number, text nor time (a list, a dict, an object) are invalid. Nothing is parsed
("12" is no number) and nothing is imputed.

Arrays of numbers cost nothing per value; other cells are looked at by type first, and one by one
only where a type is unusual. pandas is recognised, never imported.
"""

from __future__ import annotations

import datetime as dt
import decimal
import fractions
import math
import uuid
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from whitebox_wire.bins import category_text
from whitebox_wire.messages import INVALID, MISSING, Codes
from whitebox_wire.vector import FloatArray

# Cells of one column: any dtype, or objects; or codes into a dictionary.
Cells = npt.NDArray[Any] | Codes

# Types of which `np.fromiter` makes exactly the number they are (None becomes NaN).
_PLAIN = frozenset(
    {float, int, bool, type(None), np.bool_, np.float16, np.float32, np.float64}
    | {np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64}
)
# Types whose cells are numbers, if they are finite.
_NUMBERS = (
    *(int, float, np.bool_, np.integer, np.floating),
    *(decimal.Decimal, fractions.Fraction),
)
# Types that a category may be written in, beside text and numbers.
_NAMED = (
    dt.date,
    dt.time,
    dt.timedelta,
    np.datetime64,
    np.timedelta64,
    uuid.UUID,
)


def is_missing(cell: object) -> bool:
    """Whether one cell is None, NaN, NaT or pandas' NA.

    >>> [is_missing(cell) for cell in (None, float("nan"), 0.0, "", [])]
    [True, True, False, False, False]
    """
    if cell is None:
        return True
    if isinstance(cell, (float, np.floating)):
        return math.isnan(cell)
    if isinstance(cell, (np.datetime64, np.timedelta64)):
        return bool(np.isnat(cell))
    if isinstance(cell, decimal.Decimal):
        return cell.is_nan()
    kind = type(cell)
    return kind.__name__ in ("NAType", "NaTType") and kind.__module__.startswith("pandas.")


def number(cell: object) -> float:
    """One cell as a float: NaN when it is missing, an infinity when it is invalid.

    >>> [number(cell) for cell in (True, 2, None, "12", [1], decimal.Decimal("0.5"))]
    [1.0, 2.0, nan, inf, inf, 0.5]
    """
    if is_missing(cell):
        return math.nan
    # To numpy a duration is an integer.
    if not isinstance(cell, _NUMBERS) or isinstance(cell, np.timedelta64):
        return math.inf
    try:
        return float(cell)
    except OverflowError:
        return math.inf


def category(cell: object) -> str | int:
    """One cell as a category's text, or MISSING or INVALID. Bytes are taken for UTF-8.

    >>> [category(cell) for cell in ("a", 1.0, True, b"a", None, math.inf, {})]
    ['a', '1', 'true', 'a', -1, -2, -2]
    """
    if isinstance(cell, str):
        return str.__str__(cell)  # of a text that is an enum's member, its value
    if is_missing(cell):
        return MISSING
    if isinstance(cell, bytes):
        return _decoded(cell)
    if isinstance(cell, _NAMED):
        return str(cell)
    value = number(cell)
    if not math.isfinite(value):
        return INVALID
    # Integers and booleans have a text that their float would not give back.
    return category_text(cell if isinstance(cell, (int, np.integer, np.bool_)) else value)


def _decoded(cell: bytes) -> str | int:
    try:
        return cell.decode()
    except UnicodeDecodeError:
        return INVALID


def numbers(cells: Cells) -> FloatArray:
    """A column as a new float64 array, shape [rows]: NaN is missing, an infinity invalid."""
    if isinstance(cells, Codes):
        return np.where(cells.codes == MISSING, np.nan, np.inf)
    kind = cells.dtype.kind
    if kind in "fiub":
        with np.errstate(over="ignore"):
            return np.array(cells, np.float64)
    if kind in "mM":
        return np.where(np.isnat(cells), np.nan, np.inf)
    if kind == "O":
        return numbers_of(cells.tolist())
    return np.full(cells.size, np.inf)


def numbers_of(cells: Sequence[object]) -> FloatArray:
    """Python cells as a float64 array; about 30 ns a value when all are plain numbers."""
    if are_plain(set(map(type, cells))):
        try:
            return np.fromiter(cells, np.float64, len(cells))
        except OverflowError:
            pass
    return np.fromiter(map(number, cells), np.float64, len(cells))


def are_plain(types: set[type]) -> bool:
    """Whether cells of these types convert to float64 as they are, without a look at each."""
    return types <= _PLAIN


def categories(cells: npt.NDArray[Any]) -> Codes:
    """A column as codes into a dictionary of its own, in no particular order."""
    kind = cells.dtype.kind
    if kind == "b":
        return Codes(cells.astype(np.int32), ("false", "true"))
    if kind in "fiu":
        return _number_categories(cells)
    return categories_of(list(cells) if kind in "mM" else cells.tolist())


def categories_of(cells: Sequence[object]) -> Codes:
    """Python cells as codes into a dictionary of their own."""
    places: dict[str | int, int] = {MISSING: MISSING, INVALID: INVALID}
    texts: list[str] = []
    codes = np.empty(len(cells), np.int32)
    for row, cell in enumerate(cells):
        text = cell if type(cell) is str else category(cell)
        place = places.get(text)
        if place is None:
            place = places[text] = len(texts)
            texts.append(str(text))
        codes[row] = place
    return Codes(codes, tuple(texts))


def _number_categories(cells: npt.NDArray[Any]) -> Codes:
    finite = np.isfinite(cells)
    codes = np.full(cells.size, MISSING, np.int32)
    if cells.dtype.kind == "f":
        codes[np.isinf(cells)] = INVALID
    distinct, inverse = np.unique(cells[finite], return_inverse=True)
    codes[finite] = inverse
    return Codes(codes, tuple(map(category_text, distinct.tolist())))
