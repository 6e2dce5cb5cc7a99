"""The embedded store: one SQLite file behind the four ports.

A file has a connection for each port, so that reading metrics never waits for the fsync of an
ingest commit. In memory there is one connection for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from whitebox_hub.store import Store
from whitebox_hub.store.sqlite.database import Database
from whitebox_hub.store.sqlite.fleet import SqliteFleet
from whitebox_hub.store.sqlite.judgements import SqliteJudgements
from whitebox_hub.store.sqlite.records import SqliteRecords
from whitebox_hub.store.sqlite.sketches import SqliteSketches

__all__ = ["MEMORY", "open_sqlite"]

MEMORY = ":memory:"


@contextmanager
def open_sqlite(path: str) -> Iterator[Store]:
    """Open or make the store at `path` (`:memory:` for none); migrate it; close it at the end.

    Raises:
        StoreError: the file cannot be opened, or a newer version wrote it.
    """
    with ExitStack() as stack:
        first = stack.enter_context(Database(path))
        first.migrate()
        others = [
            first if path == MEMORY else stack.enter_context(Database(path)) for _ in range(3)
        ]
        yield Store(
            SqliteSketches(first),
            SqliteRecords(others[0]),
            SqliteJudgements(others[1]),
            SqliteFleet(others[2]),
        )
