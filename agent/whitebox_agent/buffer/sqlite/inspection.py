"""A look into a store from outside: for people who check, count, export or see what will leave.

Reads beside the agent that uses the store, takes no lock and changes nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from whitebox_agent.buffer import RowBatch, StoredSpec, StoreError, Stream
from whitebox_agent.buffer.sqlite.boarding import ITEM_COLUMNS, item_of
from whitebox_agent.buffer.sqlite.connection import SEALED
from whitebox_agent.buffer.sqlite.reader import Reader
from whitebox_agent.buffer.waiting import TableSize, WaitingSum
from whitebox_wire.errors import MalformedError

# Files that a store may consist of, by what follows its name.
_BESIDE = ("", "-wal", ".books", ".reserve")
_SUMS = f"""
SELECT rows_min, bare, ready_ms, flight IS NOT NULL, length(vector), {ITEM_COLUMNS} FROM outbox
WHERE ? IN ('', model_id) ORDER BY flight IS NULL, ready_ms, id LIMIT ?
"""  # noqa: S608  # names of columns only
_TABLES = {
    "batches": "SELECT count(*), total(rows), total(length(body)), min(received_ms) FROM batches",
    "outbox": "SELECT count(*), total(rows), total(length(vector)), min(opened_ms) FROM outbox",
    "predictions": "SELECT count(*), count(*), total(length(record)), NULL FROM predictions",
    "specs": "SELECT count(*), 0, total(length(spec)), NULL FROM specs",
}
PROBLEMS_MAX = 100


class Inspection:
    def __init__(self, path: Path, reader: Reader) -> None:
        self._path = path
        self._reader = reader

    def sums(self, limit: int, model_id: str = "") -> Iterator[WaitingSum]:
        """Sums in the order in which they leave, of one model or of all.

        Raises:
            MalformedError: a sum is damaged.
        """
        with self._reader.reading() as conn:
            found = conn.execute(_SUMS, [model_id, limit])
            for rows_min, bare, ready_ms, under_way, size, *row in found:
                item = item_of(row)
                yield WaitingSum(item, rows_min, bool(bare), ready_ms, bool(under_way), size)

    def count(self, model_id: str = "") -> int:
        """How many sums there are, of one model or of all."""
        with self._reader.reading() as conn:
            [count] = conn.execute(
                "SELECT count(*) FROM outbox WHERE ? IN ('', model_id)", [model_id]
            ).fetchone()
        return int(count)

    def specs(self) -> tuple[StoredSpec, ...]:
        with self._reader.reading() as conn:
            rows = conn.execute("SELECT model_id, digest, spec, current FROM specs ORDER BY id")
            return tuple(StoredSpec(m, d, spec, bool(current)) for m, d, spec, current in rows)

    def rows(self) -> Iterator[RowBatch]:
        """Raw rows that are not folded yet, oldest first."""
        with self._reader.reading() as conn:
            for place, model_id, stream, count, received_ms, body in conn.execute(
                "SELECT place, model_id, stream, rows, received_ms, body FROM batches"
                " ORDER BY place"
            ):
                yield RowBatch(model_id, Stream(stream), count, body, received_ms, place)

    def sizes(self) -> tuple[TableSize, ...]:
        with self._reader.reading() as conn:
            found = [(name, conn.execute(query).fetchone()) for name, query in _TABLES.items()]
        return tuple(
            TableSize(name, entries, int(rows), int(size), oldest)
            for name, (entries, rows, size, oldest) in found
        )

    def files(self) -> dict[str, int]:
        """The bytes of each file of the store, and of damaged ones that were kept aside."""
        names = [self._path.with_name(self._path.name + ending) for ending in _BESIDE]
        names += sorted(self._path.parent.glob(f"{self._path.name}.damaged-*"))
        return {path.name: path.stat().st_size for path in names if path.exists()}

    def problems(self) -> Sequence[str]:
        """What is wrong with the file: pages, checksums of rows, vectors; empty if nothing is."""
        try:
            with self._reader.reading() as conn:
                found = [
                    f"the file: {line}"
                    for (line,) in conn.execute(f"PRAGMA integrity_check({PROBLEMS_MAX})")
                    if line != "ok"
                ]
                for table, columns in SEALED.items():
                    found += _unsealed(conn, table, columns)
                found += _damaged(conn)
        except (sqlite3.Error, StoreError) as error:
            return [f"the file cannot be read: {error}"]
        return found[:PROBLEMS_MAX]


def _unsealed(conn: sqlite3.Connection, table: str, columns: Sequence[str]) -> list[str]:
    cells = ", ".join(columns[1:])
    [count] = conn.execute(
        f"SELECT count(*) FROM {table} WHERE seal IS NOT seal({cells})"  # noqa: S608  # our own names
    ).fetchone()
    return [f"{table}: {count} entries do not have their checksum"] if count else []


def _damaged(conn: sqlite3.Connection) -> list[str]:
    rows = conn.execute(f"SELECT {ITEM_COLUMNS} FROM outbox")  # noqa: S608  # names of columns only
    return [f"outbox: sum {row[0]}: {why}" for row in rows if (why := _damage(row))]


def _damage(row: Sequence[Any]) -> str:
    """What is wrong with a sum; empty if nothing is."""
    try:
        item_of(row)
    except (MalformedError, ValueError) as error:
        return str(error)
    return ""


@contextmanager
def inspecting(path: Path) -> Iterator[Inspection]:
    """The store at `path`; StoreError when there is none or it cannot be read."""
    if not path.exists():
        raise StoreError(f"store {path} does not exist", hint="name it with --store")
    with closing(Reader(path)) as reader:
        yield Inspection(path, reader)
