"""Ids of rows: text of 1 to 256 bytes, by which a label finds its inference later."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from whitebox_agent.table.cells import is_missing
from whitebox_wire.errors import DataError

ID_BYTES_MAX = 256


def read_ids(values: object, rows: int) -> tuple[str, ...]:
    """The ids of `rows` rows, or nothing when no row has one. A row without an id has "".

    `values` is one id where there is one row, or one for each row; None, NaN and "" are no id,
    integers are known by their text.

    Raises:
        DataError: an id is too long or of another type, or there are not as many as rows.

    >>> read_ids(["a", 7, None], 3)
    ('a', '7', '')
    """
    if values is None:
        return ()
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        values = (values,)
    ids = tuple(values)
    if not ids:
        return ()
    if len(ids) != rows:
        raise DataError(f"id: {len(ids)} ids for {rows} rows", hint="give one id a row")
    if set(map(type, ids)) != {str}:
        ids = tuple(map(_text, ids))
    if max(map(len, ids)) > ID_BYTES_MAX or not "".join(ids).isascii():
        for text in ids:
            _check(text)
    return ids if any(ids) else ()


def one_id(value: object) -> str:
    """The id of one row as text; empty when it has none. Raises as `read_ids`, and is quick."""
    if value is None:
        return ""
    if type(value) is str and len(value) <= ID_BYTES_MAX and value.isascii():
        return value
    return "".join(read_ids(value, 1))


def _text(value: object) -> str:
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.timedelta64)):
        if abs(int(value)) < 10**ID_BYTES_MAX:
            return str(int(value))
        raise DataError("id: an integer of too many digits", hint=f"at most {ID_BYTES_MAX} bytes")
    if is_missing(value):
        return ""
    raise DataError(f"id: a {type(value).__name__} is no id", hint="pass text or an integer")


def _check(text: str) -> None:
    try:
        size = len(text[: ID_BYTES_MAX + 1].encode())
    except UnicodeEncodeError:
        raise DataError("id: not valid Unicode text", hint="remove lone surrogates") from None
    if size > ID_BYTES_MAX:
        raise DataError(
            f"id: {text[:20]!r}... is longer than {ID_BYTES_MAX} bytes",
            hint="log a digest of it instead, the same for the row and its label",
        )
