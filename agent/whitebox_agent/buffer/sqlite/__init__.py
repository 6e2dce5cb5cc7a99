"""The agent's store: one SQLite file behind the ports of `whitebox_agent.buffer`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from whitebox_agent.buffer import Books, Buffer, StoreError
from whitebox_agent.buffer.sqlite.books import SqliteBooks
from whitebox_agent.buffer.sqlite.database import Database
from whitebox_agent.buffer.sqlite.outbox import SqliteOutbox
from whitebox_agent.buffer.sqlite.reader import Reader
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
    database = Database(path, agent_id, new_epoch)
    try:
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
    with closing(Reader(path)) as reader:
        return SqliteBooks(reader).read()
