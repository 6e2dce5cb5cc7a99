"""Rows until they are folded, and what is remembered of predictions until their labels come."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress

from whitebox_agent.buffer import Drop, Fold, Remembered, RowBatch, Stream, UnwritableError
from whitebox_agent.buffer.sqlite.books import write_drops
from whitebox_agent.buffer.sqlite.database import Database
from whitebox_agent.buffer.sqlite.outbox import add_sums

_APPEND = "INSERT INTO batches (model_id, stream, rows, received_ms, body) VALUES (?, ?, ?, ?, ?)"
_RECORDED = """
INSERT INTO ledger (model_id, stream, recorded) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET recorded = recorded + excluded.recorded
"""
_FOLDED = "UPDATE ledger SET folded = folded + ? WHERE model_id = ? AND stream = ?"
_REMEMBER = """
INSERT OR IGNORE INTO predictions (spec, id, start_s, expires_ms, record)
SELECT id, ?, ?, ?, ? FROM specs WHERE digest = ?
"""
_RECALL = """
SELECT predictions.id, digest, start_s, record, expires_ms
FROM json_each(?) JOIN predictions ON predictions.id = value
    JOIN specs ON specs.id = predictions.spec
WHERE model_id = ? AND predictions.seal IS
    seal(predictions.spec, predictions.id, start_s, expires_ms, record)
ORDER BY place DESC
"""
_FORGET_ONE = """
DELETE FROM predictions WHERE id = ? AND spec = (SELECT id FROM specs WHERE digest = ?)
"""
_DUPLICATES = """
UPDATE ledger SET duplicate_ids = duplicate_ids + ? WHERE model_id = ? AND stream = 'inferences'
"""

# A prediction whose time was over so long ago was stored by a clock that was wrong, or ours is:
# it waits for its label until there are too many.
WRONG_CLOCK_MS = 366 * 86_400_000
_EXPIRED = "DELETE FROM predictions WHERE expires_ms BETWEEN ? AND ?"
# Of one fold, unless one batch alone is larger. What a fold deletes goes to the log as zeros, and
# the reserve (`reserve.RESERVE_BYTES_MAX`) must have room for it.
FOLD_BYTES_MAX = 8 * 1024 * 1024


class SqliteRows:
    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, batches: Sequence[RowBatch], drops: Sequence[Drop]) -> None:
        recorded: Counter[tuple[str, Stream]] = Counter()
        for batch in batches:
            recorded[batch.model_id, batch.stream] += batch.rows
        for drop in drops:
            recorded[drop.model_id, drop.stream] += drop.rows
        with self._database.writing(adds_rows=True) as conn:
            conn.executemany(
                _APPEND,
                [(b.model_id, b.stream.value, b.rows, b.received_ms, b.body) for b in batches],
            )
            conn.executemany(
                _RECORDED, [(model, stream.value, n) for (model, stream), n in recorded.items()]
            )
            write_drops(conn, drops)

    def waiting(self, rows_max: int) -> tuple[RowBatch, ...]:
        found: list[RowBatch] = []
        rows = size = 0
        with self._database.reading() as conn:
            for place, model_id, stream, count, received_ms, body in conn.execute(
                "SELECT place, model_id, stream, rows, received_ms, body FROM batches"
                " ORDER BY place"
            ):
                rows += count
                size += len(body)
                if found and (rows > rows_max or size > FOLD_BYTES_MAX):
                    break
                found.append(RowBatch(model_id, Stream(stream), count, body, received_ms, place))
        return tuple(found)

    def recall(self, model_id: str, ids: Sequence[str]) -> Mapping[str, Remembered]:
        with self._database.reading() as conn:
            rows = conn.execute(_RECALL, [json.dumps(ids), model_id]).fetchall()
        return {
            id_: Remembered(model_id, id_, digest, start_s, record, expires_ms)
            for id_, digest, start_s, record, expires_ms in rows
        }

    def fold(self, step: Fold) -> None:
        with self._database.writing() as conn:
            _take(conn, step.batches, step.drops)
            add_sums(conn, step)
            conn.executemany(_FORGET_ONE, [(r.id, r.digest) for r in step.joined])
            _remember(conn, step.remembered)
            write_drops(conn, step.drops)

    def forget(self, now_ms: int, keep_max: int) -> int:
        with self._database.writing() as conn:
            over = conn.execute(_EXPIRED, [now_ms - WRONG_CLOCK_MS, now_ms])
            # Places only grow, so their span bounds the number of rows.
            beyond = conn.execute(
                "DELETE FROM predictions WHERE place <= (SELECT max(place) FROM predictions) - ?",
                [keep_max],
            )
        return over.rowcount + beyond.rowcount

    def wipe(self) -> None:
        # A disk without space keeps the log until there is some.
        with suppress(UnwritableError):
            self._database.checkpoint(empty=True)


def _take(conn: sqlite3.Connection, batches: Sequence[RowBatch], drops: Sequence[Drop]) -> None:
    conn.executemany("DELETE FROM batches WHERE place = ?", [(b.place,) for b in batches])
    folded: Counter[tuple[str, Stream]] = Counter()
    for batch in batches:
        folded[batch.model_id, batch.stream] += batch.rows
    for drop in drops:
        folded[drop.model_id, drop.stream] -= drop.rows
    conn.executemany(
        _FOLDED, [(rows, model, stream.value) for (model, stream), rows in folded.items()]
    )


def _remember(conn: sqlite3.Connection, predictions: Sequence[Remembered]) -> None:
    by_model: dict[str, list[tuple[object, ...]]] = {}
    for p in predictions:
        row = (p.id, p.start_s, p.expires_ms, p.record, p.digest)
        by_model.setdefault(p.model_id, []).append(row)
    for model_id, rows in by_model.items():
        duplicates = len(rows) - conn.executemany(_REMEMBER, rows).rowcount
        if duplicates:
            conn.execute(_DUPLICATES, [duplicates, model_id])
