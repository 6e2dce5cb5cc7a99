"""Reading a table of a damaged file around what cannot be read.

A range of keys is read upwards until an error, then downwards until an error; what lies between is
halved and tried again. Damage of a page costs the rows of that page; a row whose checksum does not
fit is passed over.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

# Each costs one look-up of a key. A wholly unreadable table is given up after so many.
PROBES_MAX = 4_000
_KEYS = (-(2**63), 2**63 - 1)

Row = tuple[Any, ...]


def readable_rows(
    conn: sqlite3.Connection, table: str, columns: Sequence[str], *, newest_first: bool = False
) -> Iterator[Row]:
    """The rows that can be read and have their checksum, as cells of `columns`.

    The first column is the table's integer key. A row may come twice where pages point astray.
    """
    cells = ", ".join(columns)
    query = (
        f"SELECT {cells}, seal IS seal({', '.join(columns[1:])}) FROM {table}"  # noqa: S608  # our own names
        f" WHERE {columns[0]} BETWEEN ? AND ? ORDER BY {columns[0]}"
    )
    spans = [_KEYS]
    probes = 0
    while spans and probes < PROBES_MAX:
        low, high = spans.pop()
        for descending in (newest_first, not newest_first):
            if low > high:
                break
            probes += 1
            ordered = f"{query} DESC" if descending else query
            try:
                for *row, is_whole in conn.execute(ordered, (low, high)):
                    if descending:
                        high = row[0] - 1
                    else:
                        low = row[0] + 1
                    if is_whole:
                        yield tuple(row)
                low = high + 1
            except sqlite3.Error:
                continue
        if low < high:
            middle = (low + high) // 2
            halves = [(low, middle), (middle + 1, high)]
            spans += halves if newest_first else halves[::-1]
