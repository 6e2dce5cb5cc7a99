"""Event times as milliseconds since 1970 in UTC.

A time that is missing or lies beyond the years 1 to 9999 becomes `UNKNOWN_TIME`, which the caller
replaces by the time of arrival; a value of a type that is no time at all is an error.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import numpy.typing as npt

from whitebox_agent.table.cells import Cells, are_plain, is_missing
from whitebox_agent.table.reading import is_column, read_column
from whitebox_wire.errors import DataError
from whitebox_wire.messages import Codes
from whitebox_wire.vector import FloatArray

UNKNOWN_TIME = int(np.iinfo(np.int64).min)

Int64Array = npt.NDArray[np.int64]

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
_MILLISECOND = dt.timedelta(milliseconds=1)
# 0001-01-01 and 10000-01-01.
_FIRST_MS, _END_MS = -62_135_596_800_000, 253_402_300_800_000
_HINT = "pass a datetime (naive is UTC), a numpy datetime64, or seconds since 1970"


def times_ms(values: object, rows: int) -> Int64Array:
    """Times as int64 milliseconds, shape [rows], from one value for all rows or one for each.

    A value is a datetime or date (naive is UTC), a numpy datetime64, a pandas Timestamp, or a
    number of seconds since 1970. None, NaN, NaT and times beyond the years 1 to 9999 become
    `UNKNOWN_TIME`.

    Raises:
        DataError: a value is of another type, or there are not as many as rows.

    >>> times_ms([dt.datetime(1970, 1, 2), 1.5, None], 3).tolist()[:2]
    [86400000, 1500]
    """
    if not is_column(values):
        return np.full(rows, _of_cell(values), np.int64)
    cells = read_column(values, "time")
    times = _of_cells(cells)
    if times.size != rows:
        raise DataError(f"{times.size} times for {rows} rows", hint="give one time, or one a row")
    return times


def _of_cells(cells: Cells) -> Int64Array:
    if isinstance(cells, Codes):
        if cells.codes.size and int(cells.codes.max()) >= 0:
            raise DataError("a time is a text", hint=_HINT)
        return np.full(cells.codes.size, UNKNOWN_TIME, np.int64)
    kind = cells.dtype.kind
    if kind == "M":
        return _of_datetimes(cells)
    if kind in "fiu":
        return _of_seconds(cells.astype(np.float64))
    objects: list[Any] = cells.tolist()
    kinds = set(map(type, objects))
    if kind == "O" and are_plain(kinds) and not kinds & {bool, np.bool_}:
        return _of_seconds(np.array([_seconds(cell) for cell in objects]))
    return np.fromiter(map(_of_cell, objects), np.int64, len(objects))


def _of_datetimes(times: npt.NDArray[Any]) -> Int64Array:
    # Years first: finer units may overflow, coarser ones cannot. NaT is the least integer.
    years = times.astype("datetime64[Y]").astype(np.int64)
    known = (years >= 1 - 1970) & (years < 10_000 - 1970)
    result = np.full(times.size, UNKNOWN_TIME, np.int64)
    result[known] = times[known].astype("datetime64[ms]").astype(np.int64)
    return result


def _of_seconds(seconds: FloatArray) -> Int64Array:
    with np.errstate(over="ignore", invalid="ignore"):
        milliseconds = np.rint(seconds * 1000)
        known = (milliseconds >= _FIRST_MS) & (milliseconds < _END_MS)
    result = np.full(seconds.size, UNKNOWN_TIME, np.int64)
    result[known] = milliseconds[known].astype(np.int64)
    return result


def _of_cell(cell: object) -> int:
    if is_missing(cell):
        return UNKNOWN_TIME
    if isinstance(cell, np.datetime64):
        return int(_of_datetimes(np.array([cell]))[0])
    if isinstance(cell, dt.datetime):
        zoned = cell if cell.tzinfo else cell.replace(tzinfo=dt.timezone.utc)
        milliseconds = (zoned - _EPOCH) // _MILLISECOND
        # A zone may move a time beyond the first year or the last.
        return milliseconds if _FIRST_MS <= milliseconds < _END_MS else UNKNOWN_TIME
    if isinstance(cell, dt.date):
        return (cell - _EPOCH.date()) // _MILLISECOND
    return int(_of_seconds(np.array([_seconds(cell)]))[0])


def _seconds(cell: object) -> float:
    if cell is None:
        return np.nan
    number = isinstance(cell, (int, float, np.integer, np.floating))
    if not number or isinstance(cell, (bool, np.timedelta64)):
        raise DataError(f"a time is a {type(cell).__name__}", hint=_HINT)
    try:
        return float(cell)  # type: ignore[arg-type]  # it is a number
    except OverflowError:
        return np.inf
