"""A store that an agent may be using, read from another process."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from whitebox_agent.buffer import StoreError
from whitebox_agent.buffer.sqlite.connection import connect_to_read


class Reader:
    """A store as it is now, read beside the agent that uses it and without a lock.

    What the agent moves meanwhile may be seen in halves: who needs it to agree reads again.
    """

    def __init__(self, path: Path) -> None:
        """Open an existing store; StoreError when it cannot be read."""
        self._path = path
        with self._told():
            self._conn = connect_to_read(path)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        with self._told():
            self._conn.execute("BEGIN")
            try:
                yield self._conn
            finally:
                self._conn.execute("ROLLBACK")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"store {self._path}: {error}", hint="is it a store?") from error

    def close(self) -> None:
        self._conn.close()
