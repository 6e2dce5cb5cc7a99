"""The outbox: sums that gather until they ship, and stay until the hub has them.

An outage costs one sum for each window, however many folds fall into it. Sums of a flight are not
touched any more: whatever comes for their windows opens new ones.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence

from whitebox_agent.buffer import (
    Drop,
    Flight,
    Fold,
    Landing,
    OutboxHead,
    OutboxItem,
    SealSum,
    Stream,
)
from whitebox_agent.buffer.sqlite.boarding import ITEM_COLUMNS, board, item_of
from whitebox_agent.buffer.sqlite.books import write_drops
from whitebox_agent.buffer.sqlite.connection import SEALED, signed
from whitebox_agent.buffer.sqlite.database import Database
from whitebox_agent.buffer.sqlite.faults import Damage
from whitebox_wire.errors import MergeError
from whitebox_wire.layout import Section
from whitebox_wire.messages import DropReason, WindowKey
from whitebox_wire.stored import read_vector, vector_bytes
from whitebox_wire.vector import ROWS_PER_DELTA_MAX, add

_OPEN = """
SELECT id, vector FROM outbox
WHERE model_id = ? AND start_s = ? AND section = ? AND segment = ? AND digest = ?
    AND length_s = ? AND bare = ? AND flight IS NULL AND rows <= ?
ORDER BY id DESC LIMIT 1
"""
_NEW = """
INSERT INTO outbox (model_id, start_s, section, segment, digest, length_s, bare,
    rows_min, rows, opened_ms, ready_ms, offset_ms, vector)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_HEADS = """
SELECT id, model_id, digest, segment, start_s, section, length_s, rows, length(vector), bare
FROM outbox WHERE flight IS NULL ORDER BY start_s, id LIMIT ?
"""
_ITEMS = f"SELECT {ITEM_COLUMNS} FROM outbox WHERE flight IS NOT NULL ORDER BY id"  # noqa: S608  # names of columns only


# No sum waits for longer than this: one that says so was stored by a clock that ran ahead.
READY_AHEAD_MS = 2 * 86_400_000
_OVERDUE = "UPDATE outbox SET ready_ms = ? WHERE flight IS NULL AND ready_ms > ?"
_SURRENDER = f"""
INSERT INTO drops (model_id, stream, reason, rows)
SELECT model_id, CASE section WHEN 'features' THEN 'inferences' ELSE section END,
    '{DropReason.CORRUPTION.value}', sum(rows)
FROM outbox WHERE segment = 0 AND section IN ('features', 'labels') GROUP BY 1, 2
ON CONFLICT DO UPDATE SET rows = drops.rows + excluded.rows
"""  # noqa: S608  # a reason of our own
_CHANGED = f"""
SELECT 1 FROM outbox WHERE flight IS NOT NULL
    AND seal IS NOT seal({", ".join(SEALED["outbox"][1:])}) LIMIT 1
"""  # noqa: S608  # names of columns only


class SqliteOutbox:
    def __init__(self, database: Database) -> None:
        self._database = database

    def take_off(
        self, now_ms: int, bytes_max: int, *, empty: bool, seal: SealSum | None = None
    ) -> Flight | None:
        with self._database.writing() as conn:
            epoch, sequence, in_flight = conn.execute(
                "SELECT epoch, sequence, in_flight FROM meta"
            ).fetchone()
            if not in_flight:
                sequence += 1
                conn.execute(_OVERDUE, [now_ms, now_ms + READY_AHEAD_MS])
                if not board(conn, sequence, now_ms, bytes_max, seal) and not empty:
                    return None
                conn.execute("UPDATE meta SET sequence = ?, in_flight = 1", [sequence])
            if conn.execute(_CHANGED).fetchone():
                raise Damage("a sum under way has changed by itself")
            items = tuple(item_of(row) for row in conn.execute(_ITEMS))
        # What left must stay left, whatever becomes of the log: it might be sent twice.
        self._database.checkpoint()
        return Flight(epoch & (2**64 - 1), sequence, items)

    def land(self, flight: Flight, landing: Landing) -> None:
        with self._database.writing() as conn:
            if not _is_under_way(conn, flight):
                # The store was made anew meanwhile: what it holds of the flight goes again.
                return
            held = [(landing.held_until_ms, item.id) for item in landing.held]
            conn.executemany("UPDATE outbox SET flight = NULL, ready_ms = ? WHERE id = ?", held)
            conn.execute("DELETE FROM outbox WHERE flight = ?", [flight.sequence])
            _acknowledge(conn, landing.acknowledged)
            write_drops(conn, landing.drops)
            conn.execute(
                "UPDATE meta SET in_flight = 0, acknowledged_ms = ?,"
                " note = coalesce(nullif(?, ''), note)",
                [landing.now_ms, landing.note],
            )

    def restart(self, epoch: int, *, surrender: bool = False) -> None:
        with self._database.writing() as conn:
            if surrender:
                conn.execute(_SURRENDER)
                conn.execute("DELETE FROM outbox")
                conn.execute("UPDATE meta SET in_flight = 0")
            conn.execute("UPDATE outbox SET flight = 1 WHERE flight IS NOT NULL")
            conn.execute("UPDATE meta SET epoch = ?, sequence = in_flight", [signed(epoch)])

    def hasten(self) -> None:
        with self._database.writing() as conn:
            conn.execute("UPDATE outbox SET ready_ms = 0 WHERE flight IS NULL")

    def size(self) -> int:
        with self._database.reading() as conn:
            [size] = conn.execute("SELECT coalesce(sum(length(vector)), 0) FROM outbox").fetchone()
        return int(size)

    def heads(self, limit: int) -> tuple[OutboxHead, ...]:
        with self._database.reading() as conn:
            return tuple(
                OutboxHead(id_, _key(*key), length_s, rows, size, bool(bare))
                for id_, *key, length_s, rows, size, bare in conn.execute(_HEADS, [limit])
            )

    def merge(self, ids: Sequence[int], start_s: int, length_s: int) -> None:
        with self._database.writing() as conn:
            marks = ", ".join("?" * len(ids))
            (kept, rows, data), *others = conn.execute(
                f"SELECT id, rows, vector FROM outbox WHERE id IN ({marks}) ORDER BY id",  # noqa: S608  # marks only
                [*ids],
            ).fetchall()
            total, size = read_vector(data)
            for id_, more, data in others:
                if rows + more <= ROWS_PER_DELTA_MAX:
                    total, rows = add(total, read_vector(data)[0]), rows + more
                    conn.execute("DELETE FROM outbox WHERE id = ?", [id_])
            conn.execute(
                "UPDATE outbox SET start_s = ?, length_s = ?, rows = ?, vector = ? WHERE id = ?",
                [start_s, length_s, rows, vector_bytes(total, size), kept],
            )

    def drop(self, heads: Sequence[OutboxHead], drops: Sequence[Drop]) -> None:
        with self._database.writing() as conn:
            conn.executemany("DELETE FROM outbox WHERE id = ?", [(head.id,) for head in heads])
            write_drops(conn, drops)


def _is_under_way(conn: sqlite3.Connection, flight: Flight) -> bool:
    place = conn.execute("SELECT epoch, sequence, in_flight FROM meta").fetchone()
    ids = conn.execute("SELECT id FROM outbox WHERE flight IS NOT NULL ORDER BY id").fetchall()
    return bool(
        place == (signed(flight.epoch), flight.sequence, 1)
        and [id_ for (id_,) in ids] == [item.id for item in flight.items]
    )


def add_sums(conn: sqlite3.Connection, step: Fold) -> None:
    """Add sums to those that still gather, or open new ones."""
    for new in step.sums:
        key = new.key
        window = (
            *(key.model_id, key.start_s, key.section.value, key.segment),
            *(key.spec_digest, new.length_s, new.bare),
        )
        row = conn.execute(_OPEN, [*window, ROWS_PER_DELTA_MAX - new.rows]).fetchone()
        try:
            if row is not None:
                total = add(read_vector(row[1])[0], new.vector)
                conn.execute(
                    "UPDATE outbox SET rows = rows + ?, vector = ?, offset_ms = ? WHERE id = ?",
                    [new.rows, vector_bytes(total, new.size), step.clock_offset_ms, row[0]],
                )
                continue
        except MergeError:
            # A cell is full: what comes for this window gathers in a sum of its own.
            pass
        data = vector_bytes(new.vector, new.size)
        times = (step.now_ms, new.ready_ms, step.clock_offset_ms)
        conn.execute(_NEW, [*window, new.rows_min, new.rows, *times, data])


def _key(model_id: str, digest: bytes, segment: int, start_s: int, section: str) -> WindowKey:
    return WindowKey(model_id, digest, segment, start_s, Section(section))


def _acknowledge(conn: sqlite3.Connection, items: Iterable[OutboxItem]) -> None:
    """Book the rows of items that the hub has; a segment's rows are among those of segment 0."""
    rows: Counter[tuple[str, str]] = Counter()
    streams = {stream.section: stream.value for stream in Stream}
    for item in items:
        if item.key.segment == 0 and item.key.section in streams:
            rows[item.key.model_id, streams[item.key.section]] += item.rows
    conn.executemany(
        "UPDATE ledger SET acknowledged = acknowledged + ? WHERE model_id = ? AND stream = ?",
        [(count, model, stream) for (model, stream), count in rows.items()],
    )
