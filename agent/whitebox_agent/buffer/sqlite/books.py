"""The books: what was recorded, what became of it, and what is still here.

`pending` is counted from the rows and sums that lie in the store, not derived from the rest, so
that a ledger that balances says something.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from whitebox_agent.buffer import Books, Drop, Stream
from whitebox_agent.buffer.sqlite.database import Database
from whitebox_agent.buffer.sqlite.reader import Reader
from whitebox_wire.messages import DropReason, ModelLedger, RowLedger

_DROPPED = """
INSERT INTO drops (model_id, stream, reason, rows) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET rows = rows + excluded.rows
"""
_PENDING = """
SELECT model_id, stream, sum(rows) FROM (
    SELECT model_id, stream, rows FROM batches
    UNION ALL
    SELECT model_id, CASE section WHEN 'features' THEN 'inferences' ELSE section END, rows
    FROM outbox WHERE segment = 0 AND section IN ('features', 'labels')
) GROUP BY model_id, stream
"""
_OLDEST = """
SELECT min(at) FROM (
    SELECT min(received_ms) AS at FROM batches UNION ALL SELECT min(opened_ms) FROM outbox
)
"""

# Sums of too few rows that would not be enough even if each joined the others of its kind.
_LONELY = """
SELECT coalesce(sum(items), 0), coalesce(sum(CASE WHEN segment = 0 THEN rows END), 0) FROM (
    SELECT segment, count(*) AS items, sum(rows) AS rows FROM outbox
    WHERE flight IS NULL AND rows < rows_min
    GROUP BY model_id, digest, segment, section, bare HAVING sum(rows) < max(rows_min)
)
"""


class SqliteBooks:
    def __init__(self, database: Database | Reader) -> None:
        self._database = database

    def read(self) -> Books:
        with self._database.reading() as conn:
            agent_id, epoch, sequence, acknowledged_ms, note = conn.execute(
                "SELECT agent_id, epoch, sequence, acknowledged_ms, note FROM meta"
            ).fetchone()
            [oldest] = conn.execute(_OLDEST).fetchone()
            [items] = conn.execute("SELECT count(*) FROM outbox").fetchone()
            lonely_items, lonely_rows = conn.execute(_LONELY).fetchone()
            [remembered] = conn.execute("SELECT count(*) FROM predictions").fetchone()
            duplicates = conn.execute(
                "SELECT model_id, duplicate_ids FROM ledger WHERE duplicate_ids > 0"
            ).fetchall()
            ledgers = _ledgers(conn)
        return Books(
            agent_id=agent_id,
            epoch=epoch & (2**64 - 1),
            sequence=sequence,
            ledgers=ledgers,
            opened_ms=oldest,
            outbox_items=items,
            remembered=remembered,
            duplicate_ids=dict(duplicates),
            acknowledged_ms=acknowledged_ms,
            note=note,
            lonely_items=lonely_items,
            lonely_rows=lonely_rows,
        )

    def audit(self) -> None:
        balanced = all(
            ledger.inferences.balances and ledger.labels.balances for ledger in self.read().ledgers
        )
        if not balanced and isinstance(self._database, Database):
            self._database.mend("its books do not balance")


def write_drops(conn: sqlite3.Connection, drops: Sequence[Drop]) -> None:
    conn.executemany(
        _DROPPED, [(d.model_id, d.stream.value, d.reason.value, d.rows) for d in drops]
    )


def _ledgers(conn: sqlite3.Connection) -> tuple[ModelLedger, ...]:
    pending = {(model, stream): rows for model, stream, rows in conn.execute(_PENDING)}
    dropped: dict[tuple[str, str], dict[DropReason, int]] = {}
    for model, stream, reason, rows in conn.execute("SELECT * FROM drops ORDER BY reason"):
        dropped.setdefault((model, stream), {})[DropReason(reason)] = rows
    found = {
        (model, stream): RowLedger(
            recorded,
            folded,
            acknowledged,
            pending.get((model, stream), 0),
            dropped.get((model, stream), {}),
        )
        for model, stream, recorded, folded, acknowledged in conn.execute(
            "SELECT model_id, stream, recorded, folded, acknowledged FROM ledger"
        )
    }
    return tuple(
        ModelLedger(
            model,
            found.get((model, Stream.INFERENCES.value), RowLedger()),
            found.get((model, Stream.LABELS.value), RowLedger()),
        )
        for model in sorted({model for model, _ in found})
    )
