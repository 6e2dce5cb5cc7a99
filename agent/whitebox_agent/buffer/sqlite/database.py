"""One SQLite connection that several threads share, and what becomes of its errors.

Write-ahead log with synchronous=FULL: what was committed survives a power cut. Deleted rows are
overwritten with zeros (secure_delete). The connection has the store to itself, so SQLite maps no
memory that it shares: a failing disk gives errors and never a signal that would end the process. A
lock file says so to a second agent, and who only reads takes no lock.

A full disk costs the reserve (`reserve`), and the file stops growing until that is back; a damaged
store is made anew (`rescue`), at once and by whoever met the damage. The standard library's driver
alone: sqlite-utils, which the hub uses, imports pandas wherever it is installed, which costs a
serving process 1.5 seconds and an idle agent more than all the rest.
"""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import BufferedWriter
from pathlib import Path

from whitebox_agent.buffer import DamagedError, StoreError, UnwritableError
from whitebox_agent.buffer.sqlite import faults
from whitebox_agent.buffer.sqlite.bookmark import (
    Bookmark,
    Position,
    is_sealed,
    read_position,
    seal_position,
)
from whitebox_agent.buffer.sqlite.connection import (
    SCHEMA_VERSION,
    connect,
    make_tables,
)
from whitebox_agent.buffer.sqlite.rescue import Fill, finish_rescue, rescue
from whitebox_agent.buffer.sqlite.reserve import Reserve

logger = logging.getLogger(__name__)

# Of SQLite's own; a store that may not grow has as many pages as it has.
_PAGES_MAX = 2**30
_PAGE_BYTES = 4_096
_CHECKPOINT_PAGES = 1_000
# One may find damage, one a full disk.
_OPEN_TRIES = 3


class Database:
    def __init__(self, path: Path, agent_id: str, new_epoch: int) -> None:
        """Open the store at `path`, or make it; mend it where it is damaged.

        Raises:
            StoreError: it cannot be opened, another agent has it, a newer version wrote it, or the
                file is no store.
        """
        self._path = path
        self._first = (agent_id, new_epoch)
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._conn: sqlite3.Connection | None = None
        self._full = False
        self._pages = 0
        self._fillers: list[Fill] = []
        self._reserve = Reserve(_beside(path, "reserve"))
        with ExitStack() as stack:
            stack.enter_context(_guard(path))
            with self._told():
                self._bookmark = Bookmark(_beside(path, "books"))
            stack.callback(self._bookmark.close)
            self._position = self._bookmark.read()
            stack.callback(self._disconnect)
            # Taken before the store grows, and without: a full disk gives back what it holds.
            self._reserve.take()
            self._open()
            self._stack = stack.pop_all()

    def _open(self) -> None:
        """Connect; after mending if need be, and with the reserve's space if there is no other."""
        for _ in range(_OPEN_TRIES - 1):
            with suppress(DamagedError, UnwritableError), self._told():
                self._conn = self._connect()
                break
        else:
            with self._told():
                self._conn = self._connect()
        self._set_growth()
        if self._position is not None:
            self._bookmark.write(self._position, sync=True)

    def _connect(self) -> sqlite3.Connection:
        """The open store, whose tables are there and whose books are as they were signed."""
        finish_rescue(self._path)
        conn = connect(self._path)
        try:
            conn.execute("BEGIN IMMEDIATE")
            if self._position is None:
                make_tables(conn, *self._first)
            self._check_version(conn)
            self._position = self._checked(conn)
            # Only where it says something new: a store opens with no byte free.
            conn.execute("UPDATE meta SET agent_id = ?1 WHERE agent_id != ?1", [self._first[0]])
            conn.execute("COMMIT")
        except BaseException:
            conn.close()
            raise
        return conn

    def _checked(self, conn: sqlite3.Connection) -> Position:
        """The position of a store that was just opened, if it can be believed."""
        position = read_position(conn)
        if not is_sealed(conn, position):
            raise faults.Damage("its books do not have their checksum")
        if self._position is not None and position.commits < self._position.commits:
            raise faults.Damage("it is older than its bookmark")
        return position

    def _check_version(self, conn: sqlite3.Connection) -> None:
        [version] = conn.execute("PRAGMA user_version").fetchone()
        if version == SCHEMA_VERSION:
            return
        if self._position is not None and self._position.format == SCHEMA_VERSION:
            raise faults.Damage(f"it says that it has format {version}")
        raise StoreError(
            f"store {self._path} has format {version}, and this version reads {SCHEMA_VERSION}",
            hint="install the version that wrote it, or name another store",
        )

    def close(self) -> None:
        # In a forked child the files are the parent's, whose threads may hold the lock for ever.
        if os.getpid() == self._pid:
            with self._lock:
                self._stack.close()

    @contextmanager
    def writing(self, *, adds_rows: bool = False) -> Iterator[sqlite3.Connection]:
        """One transaction that writes: all of it or nothing; nothing where it changes nothing.

        On a full disk those that add rows find place in the file as it is; the others, which make
        room in the end, may also use the reserve.

        Raises:
            UnwritableError: the disk is full or does not write.
            DamagedError: the store was damaged, and was mended.
        """
        with self._lock:
            if self._full:
                if self._reserve.take():
                    self._set_full(False)
                else:
                    self._limit_pages(0 if adds_rows else self._reserve.bytes // 2 // _PAGE_BYTES)
            with self._transaction("BEGIN IMMEDIATE") as conn:
                changes = conn.total_changes
                yield conn
                changed = conn.total_changes > changes
                position = seal_position(conn) if changed else self._position
            if changed and position is not None:
                self._position = position
                self._bookmark.write(position)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One consistent view over several queries."""
        with self._lock, self._transaction("BEGIN") as conn:
            yield conn

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        if self._conn is None:
            self._open()
        conn = self._conn
        assert conn is not None  # _open raises when it cannot
        with self._told():
            conn.execute(begin)
            try:
                self._check_position(conn)
                yield conn
                conn.execute("COMMIT")
            except BaseException:
                # An error may have ended the transaction already (a full disk does).
                if conn.in_transaction:
                    with suppress(sqlite3.Error):
                        conn.execute("ROLLBACK")
                raise

    def _check_position(self, conn: sqlite3.Connection) -> None:
        if read_position(conn) != self._position:
            raise faults.Damage("its books have changed by themselves")

    def checkpoint(self, *, empty: bool = False) -> None:
        """Bring the log into the file: damage to the log cannot undo what was committed before.

        With `empty` the log has no bytes after it, so that what was deleted is in neither.
        """
        mode = "TRUNCATE" if empty else "PASSIVE"
        with self._lock, self._told():
            if self._conn is not None:
                self._conn.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()

    def mend(self, why: str) -> None:
        """Make the store anew from what can be read back. DamagedError when that is done."""
        with self._lock, self._told():
            raise faults.Damage(why)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors as what they mean for the caller, after what can be done about them was done."""
        try:
            yield
        except StoreError:
            raise
        except Exception as error:
            fault = faults.judge(error, self._is_readable)
            if fault is faults.Fault.FULL:
                self._set_full(True)
                raise UnwritableError(
                    f"store {self._path}: {error}", hint="recording goes on when there is space"
                ) from error
            if fault is faults.Fault.DAMAGE:
                self._mend(error)
                raise DamagedError(f"store {self._path} was damaged: {error}") from error
            if fault is faults.Fault.UNUSABLE:
                raise StoreError(
                    f"store {self._path}: {error}",
                    hint="check that the folder exists and can be written",
                ) from error
            raise

    def _is_readable(self) -> bool:
        """Whether every page of the store can be read and makes sense."""
        return faults.is_readable(self._conn) if self._conn else True

    def _set_full(self, full: bool) -> None:
        """Give the reserve back and stop growing, or begin to grow again."""
        if full == self._full:
            return
        logger.warning("disk full=%s store=%s", full, self._path)
        if full:
            self._reserve.release()
        self._full = full
        self._set_growth()

    def _set_growth(self) -> None:
        """Let the file grow, or only be written anew in place."""
        if self._conn is None:
            return
        with suppress(sqlite3.Error):
            [self._pages] = self._conn.execute("PRAGMA page_count").fetchone()
            self._limit_pages(0 if self._full else _PAGES_MAX)
            # The log never takes more than the reserve. On a full disk it begins anew with every
            # commit, and need not grow.
            checkpoint = min(_CHECKPOINT_PAGES, self._reserve.bytes // _PAGE_BYTES // 2)
            checkpoint = 1 if self._full else max(checkpoint, 1)
            self._conn.execute(f"PRAGMA wal_autocheckpoint = {checkpoint}")
            self._conn.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def _limit_pages(self, more: int) -> None:
        """Let the file have so many pages more than it had when the disk became full."""
        if self._conn is not None:
            pages = min(self._pages + more, _PAGES_MAX)
            self._conn.execute(f"PRAGMA max_page_count = {pages}").fetchone()

    def _mend(self, cause: Exception) -> None:
        """Put a store of what can be read back in the place of the damaged one."""
        if self._position is None:
            raise StoreError(
                f"store {self._path}: {cause}", hint="the file is no store: name another one"
            ) from cause
        self._disconnect()
        # There may be no space but the reserve's.
        self._reserve.release()
        logger.error("store damaged path=%s error=%s", self._path, cause)
        try:
            position, told = rescue(self._path, self._bookmark.read(), self._fill)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"store {self._path} cannot be mended: {error}") from error
        self._position = position
        self._bookmark.write(position)
        self._reserve.take()
        logger.warning("store mended path=%s %s", self._path, told)

    def when_mending(self, fill: Fill) -> None:
        """Let `fill` add what it knows of to a store that is made anew."""
        self._fillers.append(fill)

    def _fill(self, conn: sqlite3.Connection) -> None:
        for fill in self._fillers:
            fill(conn)

    def _disconnect(self) -> None:
        if self._conn is not None:
            with suppress(sqlite3.Error):
                self._conn.close()
            self._conn = None


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(f"{path.name}.{ending}")


def _guard(path: Path) -> BufferedWriter:
    """Hold the store's lock file for as long as the answer is open."""
    try:
        guard = _beside(path, "lock").open("wb")
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
