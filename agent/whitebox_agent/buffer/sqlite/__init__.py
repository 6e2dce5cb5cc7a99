"""The agent's store: one SQLite file behind the ports of `whitebox_agent.buffer`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from whitebox_agent.buffer import Books, Buffer, StoreError
from whitebox_agent.buffer.sqlite.books import SqliteBooks
from whitebox_agent.buffer.sqlite.database import Database
from whitebox_agent.buffer.sqlite.outbox import SqliteOutbox, signed
from whitebox_agent.buffer.sqlite.rows import SqliteRows
from whitebox_agent.buffer.sqlite.specs import SqliteSpecs

__all__ = ["open_sqlite", "read_books"]


@contextmanager
def open_sqlite(path: Path, agent_id: str, new_epoch: int) -> Iterator[Buffer]:
    """The store at `path`, for this process alone until the context ends.

    A store that is made now begins its stream with `new_epoch` (64 random bits).

    Raises:
        StoreError: it cannot be opened, or another agent uses it.
    """
    database = Database(path)
    try:
        with database.writing() as conn:
            conn.execute(
                "INSERT INTO meta SELECT ?, ?, 0, 0, NULL, ''"
                " WHERE NOT EXISTS (SELECT 1 FROM meta)",
                [agent_id, signed(new_epoch)],
            )
            conn.execute("UPDATE meta SET agent_id = ?", [agent_id])
        yield Buffer(
            SqliteRows(database),
            SqliteOutbox(database),
            SqliteSpecs(database),
            SqliteBooks(database),
        )
    finally:
        database.close()


def read_books(path: Path) -> Books:
    """The books of a store, whether or not an agent is using it. StoreError when there is none."""
    if not path.exists():
        raise StoreError(f"store {path} does not exist", hint="name it with --store")
    database = Database(path, read_only=True)
    try:
        return SqliteBooks(database).read()
    finally:
        database.close()
