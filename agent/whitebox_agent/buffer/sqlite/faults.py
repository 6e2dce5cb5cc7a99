"""What an error from the store means: no space, damage, or neither. Decides and touches nothing.

SQLite says "disk I/O error" of a disk that does not write and of a page that cannot be read.
Newer Pythons tell them apart; where ours does not, or where an error is of no known kind, every
page is read, which says it for sure.
"""

from __future__ import annotations

import enum
import sqlite3
from collections.abc import Callable

from whitebox_agent.buffer.sqlite.connection import SEALED
from whitebox_wire.errors import MalformedError

# Names of SQLite's result codes that say that what was read makes no sense.
_UNREADABLE = ("SQLITE_IOERR_READ", "SQLITE_IOERR_SHORT_READ", "SQLITE_IOERR_CORRUPTFS")
_DAMAGED = ("malformed", "not a database", "no such table", "no such column", "disk image")
# A value that no code of ours ever wrote, in the hands of code that trusts the store.
_NONSENSE = (MalformedError, ValueError, TypeError, OverflowError, KeyError, sqlite3.Error)


class Damage(Exception):  # noqa: N818  # a finding, not an error of the caller's; it never leaves the adapter
    """What lies in the store contradicts itself."""


class Fault(enum.Enum):
    FULL = "full"
    DAMAGE = "damage"
    UNUSABLE = "unusable"


def judge(error: Exception, is_readable: Callable[[], bool]) -> Fault | None:
    """The fault behind an error; None when it is not the store's."""
    if isinstance(error, Damage):
        return Fault.DAMAGE
    # Our statements break no constraint; the store's own refuse to touch a row that has changed.
    if isinstance(error, sqlite3.IntegrityError):
        return Fault.DAMAGE
    if isinstance(error, sqlite3.Error):
        return _judge_sqlite(error, is_readable)
    if isinstance(error, OSError):
        return Fault.UNUSABLE
    return Fault.DAMAGE if isinstance(error, _NONSENSE) and not is_readable() else None


def _judge_sqlite(error: sqlite3.Error, is_readable: Callable[[], bool]) -> Fault:
    message = str(error)
    if "is full" in message:
        return Fault.FULL
    if any(words in message for words in _DAMAGED):
        return Fault.DAMAGE
    if "I/O error" in message:
        name = getattr(error, "sqlite_errorname", "")
        unreadable = name in _UNREADABLE if name else not is_readable()
        return Fault.DAMAGE if unreadable else Fault.FULL
    return Fault.UNUSABLE if is_readable() else Fault.DAMAGE


def is_readable(conn: sqlite3.Connection) -> bool:
    """Whether all pages are read without contradiction, and all rows have their checksums."""
    try:
        if conn.execute("PRAGMA quick_check(1)").fetchall() != [("ok",)]:
            return False
        return not any(
            conn.execute(
                f"SELECT count(*) FROM {table} WHERE seal IS NOT seal({', '.join(columns[1:])})"  # noqa: S608  # our own names
            ).fetchone()[0]
            for table, columns in SEALED.items()
        )
    except sqlite3.Error:
        return False
