"""Boarding: what of the outbox goes with the next flight. Within the transaction of a take-off.

Sums of too few rows join their next first, so that at most one of a model, spec, segment and
section is left behind; bare sums are sealed, and stored as they were sealed before anybody else
sees them. A kill before the commit leaves everything as it was, and the noise that was drawn is
nobody's; after it every try sends the same bytes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from whitebox_agent.buffer import OutboxItem, SealSum
from whitebox_wire.errors import MergeError
from whitebox_wire.layout import Section
from whitebox_wire.messages import WindowKey
from whitebox_wire.stored import read_vector, vector_bytes
from whitebox_wire.vector import ROWS_PER_DELTA_MAX, add

# Of one flight; the bound in bytes is met long before.
ITEMS_MAX = 4_096
ITEM_COLUMNS = "id, model_id, digest, segment, start_s, section, length_s, rows, vector, offset_ms"
# Of one take-off, so that the transaction stays short: each costs about 0.3 ms.
JOINED_MAX = 512
_COMPANY = """
    next.model_id = own.model_id AND next.digest = own.digest
    AND next.segment = own.segment AND next.section = own.section AND next.bare = own.bare
    AND next.id != own.id AND next.start_s >= own.start_s
    AND next.flight IS NULL AND next.ready_ms <= :now_ms
    AND own.rows + next.rows <= :rows_max
"""
_LONELY = f"""
SELECT id FROM outbox AS own
WHERE flight IS NULL AND rows < rows_min AND ready_ms <= :now_ms
    AND EXISTS (SELECT 1 FROM outbox AS next WHERE {_COMPANY})
ORDER BY start_s, id LIMIT :limit
"""  # noqa: S608  # a condition of our own
_NEXT = f"""
SELECT own.vector, next.id, next.vector FROM outbox AS own JOIN outbox AS next ON {_COMPANY}
WHERE own.id = :own AND own.rows < own.rows_min ORDER BY next.start_s, next.id LIMIT 1
"""  # noqa: S608  # a condition of our own
_JOIN = """
UPDATE outbox SET vector = :total,
    rows = rows + (SELECT own.rows FROM outbox AS own WHERE own.id = :own),
    opened_ms = min(opened_ms, (SELECT own.opened_ms FROM outbox AS own WHERE own.id = :own))
WHERE id = :company
"""
_READY = f"""
SELECT bare, length(vector), {ITEM_COLUMNS} FROM outbox
WHERE flight IS NULL AND ready_ms <= ? AND rows >= rows_min
ORDER BY ready_ms, id LIMIT ?
"""  # noqa: S608  # names of columns only


def board(
    conn: sqlite3.Connection, sequence: int, now_ms: int, bytes_max: int, seal: SealSum | None
) -> int:
    """Put what is ready, oldest first, on a flight until its bytes are full; how many that are.

    One at least, if anything is ready.
    """
    _gather(conn, now_ms)
    boarded: list[tuple[int, bytes | None, int]] = []
    total = 0
    for bare, size, *row in conn.execute(_READY, [now_ms, ITEMS_MAX]):
        data = None
        if bare:
            data = _sealed(item_of(row), seal)
            if data is None:
                continue
            size = len(data)  # noqa: PLW2901  # noise takes more room than the zeros it hides
        total += size
        if boarded and total > bytes_max:
            break
        boarded.append((sequence, data, row[0]))
    conn.executemany(
        "UPDATE outbox SET flight = ?, bare = 0, vector = coalesce(?, vector) WHERE id = ?",
        boarded,
    )
    return len(boarded)


def _gather(conn: sqlite3.Connection, now_ms: int) -> None:
    """Let every ready sum of too few rows join the next one that is ready."""
    bounds = {"now_ms": now_ms, "rows_max": ROWS_PER_DELTA_MAX}
    lonely = conn.execute(_LONELY, {**bounds, "limit": JOINED_MAX}).fetchall()
    for (own,) in lonely:
        found = conn.execute(_NEXT, {**bounds, "own": own}).fetchone()
        if found is None:
            # Others have joined it meanwhile, and it has rows enough.
            continue
        data, company, others = found
        vector, size = read_vector(data)
        try:
            total = add(vector, read_vector(others)[0])
        except MergeError:
            # A cell is full: the sum waits for another.
            continue
        joined = {"total": vector_bytes(total, size), "own": own, "company": company}
        conn.execute(_JOIN, joined)
        conn.execute("DELETE FROM outbox WHERE id = ?", [own])


def _sealed(item: OutboxItem, seal: SealSum | None) -> bytes | None:
    vector = seal(item) if seal else None
    return None if vector is None else vector_bytes(vector, item.size)


def item_of(row: Sequence[Any]) -> OutboxItem:
    """A row of `ITEM_COLUMNS` as a value; MalformedError when its vector is damaged."""
    id_, model_id, digest, segment, start_s, section, length_s, rows, data, offset_ms = row
    vector, size = read_vector(data)
    key = WindowKey(model_id, digest, segment, start_s, Section(section))
    return OutboxItem(id_, key, length_s, rows, size, vector, offset_ms)
