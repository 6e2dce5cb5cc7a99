"""One connection: how it is opened, locked, migrated, and how its errors are told.

Every commit is on disk when it returns (WAL, synchronous=FULL). A transaction that writes takes
SQLite's write lock at once, so it never fails half-way for want of it. Migrations are the numbered
files of `store/sql`, each applied once; all that are missing go into one exclusive transaction, so
an interrupted start leaves the store as it was.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from types import TracebackType
from typing import Any

import sqlite_utils

from whitebox_hub.store import StoreConflictError, StoreError

BUSY_S = 30.0
WAL_BYTES_KEPT_MAX = 64 * 1024 * 1024


class Database:
    """A sqlite_utils.Database with transactions; safe to use from several threads."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = threading.RLock()
        with self._told():
            conn = sqlite3.connect(
                path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
            )
            self.db = sqlite_utils.Database(conn, execute_plugins=False)
            self._set_up()

    def _set_up(self) -> None:
        self.db.enable_wal()
        for pragma in (
            "synchronous = FULL",
            "foreign_keys = ON",
            f"journal_size_limit = {WAL_BYTES_KEPT_MAX}",
        ):
            self.db.conn.execute(f"PRAGMA {pragma}")

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self.db.conn.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction that writes: all of it or nothing."""
        with self._transaction("BEGIN IMMEDIATE") as conn:
            yield conn

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One consistent view over several queries."""
        with self._transaction("BEGIN") as conn:
            yield conn

    @contextmanager
    def records(self) -> Iterator[sqlite_utils.Database]:
        """The tables as sqlite_utils has them; each call is a transaction of its own."""
        with self._lock, self._told():
            yield self.db

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
        """The rows of one query, as dictionaries."""
        with self._lock, self._told():
            return list(self.db.query(sql, list(parameters)))

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        conn = self.db.conn
        with self._lock, self._told():
            conn.execute(begin)
            try:
                yield conn
                conn.execute("COMMIT")
            except BaseException:
                # An error may have ended the transaction already (a full disk does).
                if conn.in_transaction:
                    conn.execute("ROLLBACK")
                raise

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.IntegrityError as error:
            raise StoreConflictError(f"store {self._path}: {error}") from error
        except sqlite3.Error as error:
            raise StoreError(
                f"store {self._path}: {error}",
                hint="check that the folder exists, can be written and has space",
            ) from error

    def migrate(self) -> None:
        """Apply the migrations that are missing. StoreError when a newer version was here."""
        scripts = {
            entry.name: entry.read_text(encoding="utf-8")
            for entry in resources.files("whitebox_hub.store").joinpath("sql").iterdir()
            if entry.name.endswith(".sql")
        }
        with self._transaction("BEGIN EXCLUSIVE") as conn:
            conn.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY)")
            applied = {name for (name,) in conn.execute("SELECT name FROM migrations")}
            foreign = sorted(applied - scripts.keys())
            if foreign:
                raise StoreError(
                    f"store {self._path} was written by a newer version (it has {foreign[-1]})",
                    hint="install that version, or choose another --store",
                )
            for name in sorted(scripts.keys() - applied):
                for statement in _statements(scripts[name]):
                    conn.execute(statement)
                conn.execute("INSERT INTO migrations VALUES (?)", [name])


def _statements(script: str) -> Iterator[str]:
    """The statements of a script: executescript() would commit the transaction around it."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
