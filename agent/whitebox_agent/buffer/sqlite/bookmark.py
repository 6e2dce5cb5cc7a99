"""The bookmark: what the books said after the last commit, in a small file beside the store.

It is a second witness. A store whose log lost its end opens as if nothing had happened, only
older; the bookmark says that there was more, and how much. It is written after each commit, but
synced only when the store is opened: after a power cut it may be older than the store, which is no
contradiction, but never newer. Two slots are written in turn and each has a checksum, so one of
them is always whole.
"""

from __future__ import annotations

import json
import os
import sqlite3
import struct
import zlib
from dataclasses import asdict, dataclass, field
from pathlib import Path

# Room for the books of some hundred models; 128 KiB in all.
SLOT_BYTES = 64 * 1024
_HEAD = struct.Struct("<8sII")
_MAGIC = b"wbbooks1"

_COUNT = """
UPDATE meta SET commits = commits + 1,
    flight_items = (SELECT count(*) FROM outbox WHERE flight IS NOT NULL)
"""

Counts = dict[str, list[int]]


@dataclass(frozen=True, slots=True)
class Position:
    """Where a store stands: its place in the stream to the hub, and its books.

    `commits` counts the store's transactions, `flight_items` the sums under way. Keys of `ledger`
    are "stream model", its values recorded, folded, acknowledged and duplicate ids; keys of `drops`
    are "reason stream model".
    """

    format: int = 0
    commits: int = 0
    epoch: int = 0
    sequence: int = 0
    in_flight: int = 0
    flight_items: int = 0
    ledger: Counts = field(default_factory=dict)
    drops: dict[str, int] = field(default_factory=dict)

    @property
    def place(self) -> tuple[int, int]:
        """What two positions share when nothing has left the device between them."""
        return self.epoch, self.sequence

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self), separators=(",", ":")).encode()

    @classmethod
    def of_bytes(cls, data: bytes) -> Position:
        given = json.loads(data)
        return cls(**{name: given[name] for name in cls.__dataclass_fields__ if name in given})


def read_position(conn: sqlite3.Connection) -> Position:
    """The position of an open store, within the caller's transaction."""
    [version] = conn.execute("PRAGMA user_version").fetchone()
    commits, epoch, sequence, in_flight, items = conn.execute(
        "SELECT commits, epoch, sequence, in_flight, flight_items FROM meta"
    ).fetchone()
    ledger = {
        f"{stream} {model}": counts
        for model, stream, *counts in conn.execute(
            "SELECT model_id, stream, recorded, folded, acknowledged, duplicate_ids FROM ledger"
        )
    }
    drops = {
        f"{reason} {stream} {model}": rows
        for model, stream, reason, rows in conn.execute(
            "SELECT model_id, stream, reason, rows FROM drops"
        )
    }
    return Position(version, commits, epoch, sequence, in_flight, items, ledger, drops)


def seal_position(conn: sqlite3.Connection) -> Position:
    """Count the transaction that is about to commit, and sign the books with a checksum."""
    conn.execute(_COUNT)
    position = read_position(conn)
    conn.execute("UPDATE meta SET seal = ?", [zlib.crc32(position.to_bytes())])
    return position


def is_sealed(conn: sqlite3.Connection, position: Position) -> bool:
    """Whether the books are as they were signed."""
    [seal] = conn.execute("SELECT seal FROM meta").fetchone()
    return bool(seal == zlib.crc32(position.to_bytes()))


class Bookmark:
    def __init__(self, path: Path) -> None:
        """Open or make the file; raises OSError when neither can be done."""
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def read(self) -> Position | None:
        """The newest whole slot; None when there is none."""
        slots = [self._read_slot(number) for number in (0, 1)]
        return max(
            (slot for slot in slots if slot is not None),
            key=lambda position: position.commits,
            default=None,
        )

    def _read_slot(self, number: int) -> Position | None:
        data = os.pread(self._descriptor, SLOT_BYTES, number * SLOT_BYTES)
        if len(data) < _HEAD.size:
            return None
        magic, size, checksum = _HEAD.unpack_from(data)
        body = data[_HEAD.size : _HEAD.size + size]
        if magic != _MAGIC or len(body) != size or zlib.crc32(body) != checksum:
            return None
        return Position.of_bytes(body)

    def write(self, position: Position, *, sync: bool = False) -> None:
        """Write the slot whose turn it is. Without space, or with too many models, it stays old."""
        body = position.to_bytes()
        if _HEAD.size + len(body) > SLOT_BYTES:
            return
        slot = _HEAD.pack(_MAGIC, len(body), zlib.crc32(body)) + body
        try:
            os.pwrite(self._descriptor, slot, position.commits % 2 * SLOT_BYTES)
            if sync:
                os.fsync(self._descriptor)
        except OSError:
            # A witness that is missing costs nothing unless the store is damaged as well.
            return

    def close(self) -> None:
        os.close(self._descriptor)
