"""Connections to the store's file: one that writes, one that reads beside it, and empty tables.

Whatever is read back later carries a checksum that SQLite keeps by itself (see schema.sql), so a
bit that flips on the disk is met as an error and never as a number.
"""

from __future__ import annotations

import sqlite3
import zlib
from importlib import resources
from pathlib import Path

from whitebox_agent.buffer.sqlite.bookmark import seal_position

SCHEMA_VERSION = 2
# Of each table that holds more than books: its key, and what its column `seal` is a checksum of.
SEALED = {
    "specs": ("id", "model_id", "digest", "spec", "current"),
    "batches": ("place", "model_id", "stream", "rows", "received_ms", "body"),
    "outbox": (
        *("id", "model_id", "digest", "segment", "section", "start_s", "length_s", "rows"),
        *("opened_ms", "ready_ms", "offset_ms", "rows_min", "bare", "flight", "vector"),
    ),
    "predictions": ("place", "spec", "id", "start_s", "expires_ms", "record"),
}
WAL_BYTES_KEPT_MAX = 16 * 1024 * 1024
_BUSY_S = 10.0
_LONG_BYTES = 256
# Exclusive before the log is opened: its index then lies in our own memory.
_PRAGMAS = (
    "locking_mode = EXCLUSIVE",
    "journal_mode = WAL",
    "synchronous = FULL",
    "secure_delete = ON",
    f"journal_size_limit = {WAL_BYTES_KEPT_MAX}",
)


def connect(path: Path) -> sqlite3.Connection:
    """The connection that writes; makes the file where there is none."""
    conn = _open(f"{path.resolve().as_uri()}?mode=rwc")
    try:
        for pragma in _PRAGMAS:
            conn.execute(f"PRAGMA {pragma}")
    except BaseException:
        conn.close()
        raise
    return conn


def connect_to_read(path: Path) -> sqlite3.Connection:
    """A connection that reads and takes no lock, whoever holds one."""
    conn = _open(f"{path.resolve().as_uri()}?mode=ro&vfs=unix-none")
    conn.execute("PRAGMA locking_mode = EXCLUSIVE")
    return conn


def connect_to_new(path: Path) -> sqlite3.Connection:
    """A store that is nobody's yet: no log, and not on disk before its maker says so."""
    conn = _open(f"{path.resolve().as_uri()}?mode=rwc")
    for pragma in ("journal_mode = MEMORY", "synchronous = OFF"):
        conn.execute(f"PRAGMA {pragma}")
    return conn


def _open(address: str) -> sqlite3.Connection:
    conn = sqlite3.connect(
        address, uri=True, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
    )
    conn.create_function("seal", -1, seal, deterministic=True)
    return conn


def seal(*cells: object) -> int:
    """The checksum of some cells of one row: CRC-32 of how Python writes them in ASCII, and of the
    last cell as it is where that is long.

    >>> seal("a", 1) == seal("a", 1), seal("a", 1) == seal("a1", ""), seal(None) == seal("")
    (True, False, False)
    """
    last = cells[-1]
    if type(last) is bytes and len(last) > _LONG_BYTES:
        return zlib.crc32(last, zlib.crc32(ascii(cells[:-1]).encode()))
    return zlib.crc32(ascii(cells).encode())


def make_tables(conn: sqlite3.Connection, agent_id: str, epoch: int) -> None:
    """Tables and empty books where there are none yet, within the caller's transaction."""
    [tables] = conn.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables:
        return
    schema = resources.files(__package__).joinpath("schema.sql").read_text("utf-8")
    for statement in statements(schema):
        conn.execute(statement)
    conn.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    conn.execute(
        "INSERT INTO meta (agent_id, epoch, sequence, in_flight, note) VALUES (?, ?, 0, 0, '')",
        [agent_id, signed(epoch)],
    )
    seal_position(conn)


def statements(script: str) -> list[str]:
    """The statements of a script one by one: a script run whole would commit on its own.

    >>> statements("CREATE TABLE a (b); SELECT ';';")
    ['CREATE TABLE a (b);', "SELECT ';';"]
    """
    found, part = [], ""
    for piece in script.split(";")[:-1]:
        part += f"{piece};"
        if sqlite3.complete_statement(part):
            found.append(part.strip())
            part = ""
    return found


def signed(epoch: int) -> int:
    """An epoch of 64 bits as SQLite holds it."""
    return epoch - 2**64 if epoch >= 2**63 else epoch
