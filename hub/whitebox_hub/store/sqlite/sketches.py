"""Sums and the ledger in SQLite.

A commit appends; nothing is read back and changed except the ledger's own row and the window's
counter of touches. Readers add the partials up, and the compactor replaces them by their sum.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from whitebox_hub.store import (
    TIME_S_MAX,
    AgentStatus,
    Group,
    Position,
    Receipt,
    StoreConflictError,
    Stream,
    Totals,
    Window,
)
from whitebox_hub.store.documents import (
    ledgers_text,
    read_ledgers,
    read_rejections,
    rejections_text,
)
from whitebox_hub.store.sqlite.database import Database
from whitebox_hub.store.sqlite.fleet import put_device
from whitebox_hub.store.sqlite.windows import OF_WINDOW, window_key, window_of
from whitebox_wire.errors import MalformedError, MergeError
from whitebox_wire.layout import Section, SectionSize
from whitebox_wire.stored import peak, read_vector, vector_bytes
from whitebox_wire.vector import IntVector, add

_TOUCH = """
INSERT INTO windows (model_id, digest, segment, start_s, length_s, due_s, revision, partials)
VALUES (?, ?, ?, ?, ?, ?, 1, ?)
ON CONFLICT (model_id, segment, start_s, length_s, digest) DO UPDATE
SET revision = revision + 1, partials = partials + excluded.partials
RETURNING id
"""
_APPEND = "INSERT INTO partials (window_id, section, rows, peak, vector) VALUES (?, ?, ?, ?, ?)"
_ADVANCE = """
UPDATE agents SET last_sequence = ?, rejections = ?, last_seen_ms = ?, version = ?, ledgers = ?,
    rows = rows + ?, labelled_rows = labelled_rows + ?, received_bytes = received_bytes + ?
WHERE agent_id = ? AND epoch = ? AND last_sequence = ?
"""
_AGENTS = """
SELECT * FROM agents WHERE agent_id IN
    (SELECT DISTINCT agent_id FROM agents WHERE agent_id > ? ORDER BY agent_id LIMIT ?)
ORDER BY agent_id, last_seen_ms
"""


class SqliteSketches:
    def __init__(self, database: Database) -> None:
        self._database = database

    def positions(self, streams: Collection[Stream]) -> Mapping[Stream, Position]:
        found = {}
        sql = "SELECT last_sequence, rejections FROM agents WHERE agent_id = ? AND epoch = ?"
        with self._database.reading() as conn:
            for stream in streams:
                row = conn.execute(sql, [stream.agent_id, _hex(stream.epoch)]).fetchone()
                if row is not None:
                    found[stream] = Position(row[0], read_rejections(row[1]))
        return found

    def peaks(self, windows: Collection[Window]) -> Mapping[tuple[Window, Section], int]:
        sql = (
            "SELECT section, sum(peak) FROM partials WHERE window_id ="  # noqa: S608  # a constant
            f" (SELECT id FROM windows WHERE {OF_WINDOW}) GROUP BY section"
        )
        with self._database.reading() as conn:
            return {
                (window, Section(section)): total
                for window in windows
                for section, total in conn.execute(sql, window_key(window))
            }

    def commit(self, group: Group) -> None:
        partials = group.partials
        counts = Counter(partial.window for partial in partials)
        with self._database.writing() as conn:
            for receipt in group.receipts:
                _advance(conn, receipt)
            ids = {}
            # In order of key: two hubs that share a store must lock in one order.
            for window in sorted(group.due_s, key=window_key):
                touched = (*window_key(window), group.due_s[window], counts[window])
                [(ids[window],)] = conn.execute(_TOUCH, touched).fetchall()
            conn.executemany(
                _APPEND,
                [(ids[p.window], p.section.value, p.rows, p.peak, p.vector) for p in partials],
            )
            for device in group.devices:
                put_device(conn, ids[device.key.window], device)

    def windows(
        self, model_id: str, segment: int, limit: int, until_s: int = TIME_S_MAX
    ) -> tuple[Window, ...]:
        rows = self._database.rows(
            "SELECT * FROM windows WHERE model_id = ? AND segment = ? AND start_s <= ?"
            " ORDER BY start_s DESC, length_s DESC, digest DESC LIMIT ?",
            (model_id, segment, until_s, limit),
        )
        return tuple(window_of(row) for row in reversed(rows))

    def vectors(self, window: Window) -> Mapping[Section, IntVector]:
        sql = (
            "SELECT section, vector FROM partials WHERE window_id ="  # noqa: S608  # a constant
            f" (SELECT id FROM windows WHERE {OF_WINDOW})"
        )
        with self._database.reading() as conn:
            sums = _sums(conn.execute(sql, window_key(window)))
        return {section: vector for section, (vector, _) in sums.items()}

    def totals(self, model_id: str) -> Totals:
        with self._database.reading() as conn:
            rows = dict(
                conn.execute(
                    "SELECT section, sum(rows) FROM partials JOIN windows"
                    " ON windows.id = window_id AND model_id = ? AND segment = 0 GROUP BY section",
                    [model_id],
                ).fetchall()
            )
            [windows] = conn.execute(
                "SELECT count(*) FROM windows WHERE model_id = ? AND segment = 0", [model_id]
            ).fetchone()
        return Totals(
            rows=rows.get(Section.FEATURES.value, 0),
            labelled_rows=rows.get(Section.LABELS.value, 0),
            explained_rows=rows.get(Section.EXPLANATIONS.value, 0),
            windows=windows,
        )

    def agents(self, after: str, limit: int) -> tuple[AgentStatus, ...]:
        return tuple(
            AgentStatus(
                Stream(row["agent_id"], int(row["epoch"], 16)),
                row["last_sequence"],
                row["last_seen_ms"],
                row["version"],
                read_ledgers(row["ledgers"]),
                row["rows"],
                row["labelled_rows"],
                row["received_bytes"],
            )
            for row in self._database.rows(_AGENTS, (after, limit))
        )

    def compact(self, limit: int) -> int:
        with self._database.writing() as conn:
            scattered = conn.execute(
                "SELECT id FROM windows WHERE partials > 8 ORDER BY partials DESC LIMIT ?", [limit]
            ).fetchall()
            return sum(_fold(conn, window_id) for (window_id,) in scattered)


def _hex(epoch: int) -> str:
    return f"{epoch:016x}"


def _advance(conn: sqlite3.Connection, receipt: Receipt) -> None:
    """Move one ledger row, if it stands where the decision found it."""
    stream, position = receipt.stream, receipt.position
    if receipt.expected == 0:
        conn.execute(
            "INSERT OR IGNORE INTO agents VALUES (?, ?, 0, '[]', 0, '', '[]', 0, 0, 0)",
            [stream.agent_id, _hex(stream.epoch)],
        )
    moved = conn.execute(
        _ADVANCE,
        [
            position.sequence,
            rejections_text(position.rejections),
            receipt.seen_ms,
            receipt.version,
            ledgers_text(receipt.ledgers),
            receipt.rows,
            receipt.labelled_rows,
            receipt.received_bytes,
            stream.agent_id,
            _hex(stream.epoch),
            receipt.expected,
        ],
    )
    if moved.rowcount != 1:
        raise StoreConflictError(
            f"agent {stream.agent_id} is not at sequence {receipt.expected} any more"
        )


def _fold(conn: sqlite3.Connection, window_id: int) -> bool:
    """Replace the partials of one window by one for each section, if they can be read."""
    sql = "SELECT section, vector FROM partials WHERE window_id = ?"
    try:
        sums = _sums(conn.execute(sql, [window_id]))
    except (MalformedError, MergeError):
        return False
    rows = dict(
        conn.execute(
            "SELECT section, sum(rows) FROM partials WHERE window_id = ? GROUP BY section",
            [window_id],
        ).fetchall()
    )
    conn.execute("DELETE FROM partials WHERE window_id = ?", [window_id])
    conn.executemany(
        _APPEND,
        [
            (window_id, name.value, rows[name.value], peak(vector), vector_bytes(vector, size))
            for name, (vector, size) in sums.items()
        ],
    )
    conn.execute("UPDATE windows SET partials = ? WHERE id = ?", [len(sums), window_id])
    return True


def _sums(rows: Iterable[tuple[str, bytes]]) -> dict[Section, tuple[IntVector, SectionSize]]:
    """The sum of each section's partials, and its size."""
    sums: dict[Section, tuple[IntVector, SectionSize]] = {}
    for name, data in rows:
        section = Section(name)
        vector, size = read_vector(data)
        if section in sums:
            vector = add(sums[section][0], vector)
        sums[section] = (vector, size)
    return sums
