"""One SQLite connection that several threads share, and how its errors are told.

Write-ahead log with synchronous=FULL: what was committed survives a power cut. Deleted rows are
overwritten with zeros (secure_delete). A lock file keeps a second agent away from the store. The
standard library's driver alone: sqlite-utils, which the hub uses, imports pandas wherever it is
installed, which costs a serving process 1.5 seconds and an idle agent more than all the rest.
"""

from __future__ import annotations

import fcntl
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import resources
from io import BufferedWriter
from pathlib import Path

from whitebox_agent.buffer import StoreError

SCHEMA_VERSION = 1
BUSY_S = 10.0
WAL_BYTES_KEPT_MAX = 16 * 1024 * 1024
_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "secure_delete = ON",
    f"journal_size_limit = {WAL_BYTES_KEPT_MAX}",
)


class Database:
    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open the store at `path`, or make it.

        Raises:
            StoreError: it cannot be opened, another agent has it, or a newer version wrote it.
        """
        self._path = path
        self._lock = threading.RLock()
        with ExitStack() as stack, self._told():
            if not read_only:
                stack.enter_context(_guard(path))
            address = f"{path.resolve().as_uri()}?mode={'ro' if read_only else 'rwc'}"
            conn = sqlite3.connect(
                address, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False
            )
            stack.callback(conn.close)
            self._conn = conn
            if not read_only:
                self._set_up()
            self._check_version()
            self._stack = stack.pop_all()

    def _set_up(self) -> None:
        for pragma in _PRAGMAS:
            self._conn.execute(f"PRAGMA {pragma}")
        [tables] = self._conn.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if not tables:
            schema = resources.files(__package__).joinpath("schema.sql").read_text("utf-8")
            self._conn.executescript(
                f"BEGIN EXCLUSIVE; {schema} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
            )

    def _check_version(self) -> None:
        [version] = self._conn.execute("PRAGMA user_version").fetchone()
        if version != SCHEMA_VERSION:
            raise StoreError(
                f"store {self._path} has format {version}, and this version reads {SCHEMA_VERSION}",
                hint="install the version that wrote it, or name another store",
            )

    def close(self) -> None:
        with self._lock:
            self._stack.close()

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
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        conn = self._conn
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
        except sqlite3.Error as error:
            raise StoreError(
                f"store {self._path}: {error}",
                hint="check that the folder exists, can be written and has space",
            ) from error


def _guard(path: Path) -> BufferedWriter:
    """Hold the store's lock file for as long as the answer is open."""
    try:
        guard = path.with_name(path.name + ".lock").open("wb")
    except OSError as error:
        raise StoreError(
            f"store {path}: {error.strerror}", hint="check that the folder exists"
        ) from error
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        guard.close()
        raise StoreError(
            f"store {path} is in use by another agent", hint="give every process its own store"
        ) from error
    return guard
