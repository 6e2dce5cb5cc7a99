"""Making a damaged store anew: what can be read back, in a new file, with books that balance.

Tables are read around what cannot be read, and a row counts only with its checksum. The damaged
file is kept aside, the last two of them. A kill at any moment leaves the old store or the new one:
the new file is whole and on disk before the old one moves.

What is never done is to send anything that the hub may have already. `decide` says what that
means: a store whose books are whole goes on where it was. One that fell back to an older state in
which fewer exports had left gives up what it holds, and where the books are lost so does the export
under way; then a new epoch begins. All that is lost is counted.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from whitebox_agent.buffer import Stream
from whitebox_agent.buffer.sqlite.bookmark import (
    Position,
    is_sealed,
    read_position,
    seal_position,
)
from whitebox_agent.buffer.sqlite.connection import (
    SEALED,
    connect_to_new,
    connect_to_read,
    make_tables,
    signed,
)
from whitebox_agent.buffer.sqlite.salvage import readable_rows
from whitebox_wire.messages import DropReason

Fill = Callable[[sqlite3.Connection], None]
KEPT_ASIDE_MAX = 2
# Predictions are many, and a store must not stay closed for long: the newest come first.
PREDICTIONS_S = 2.0
_LOGS = ("-wal", "-journal", "-shm")
_PENDING = """
SELECT stream || ' ' || model_id, sum(rows) FROM (
    SELECT model_id, stream, rows FROM batches
    UNION ALL
    SELECT model_id, CASE section WHEN 'features' THEN 'inferences' ELSE section END, rows
    FROM outbox WHERE segment = 0 AND section IN ('features', 'labels')
) GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """From which position a rescued store goes on, and what of its sums and rows may be sent."""

    position: Position
    keeps_pending: bool
    keeps_flight: bool


def decide(found: Position | None, signed_well: bool, known: Position | None) -> Verdict:
    """What a store holds is told by its own books, and by the bookmark where those are older.

    >>> old, new = Position(commits=1, sequence=4, in_flight=1), Position(commits=9, sequence=4)
    >>> decide(new, True, old).keeps_flight, decide(old, True, new).keeps_flight
    (True, False)
    >>> decide(old, True, replace(new, sequence=5)).keeps_pending
    False
    """
    if found and signed_well and (known is None or found.commits >= known.commits):
        return Verdict(found, keeps_pending=True, keeps_flight=True)
    if found and signed_well and known:
        same = found.place == known.place
        flying = same and bool(known.in_flight)
        position = known if same else _anew(known)
        return Verdict(position, keeps_pending=same, keeps_flight=flying)
    return Verdict(_anew(known or found or Position()), keeps_pending=True, keeps_flight=False)


def _anew(position: Position) -> Position:
    """The same books at the beginning of a new stream."""
    epoch = signed(secrets.randbits(64))
    return replace(position, epoch=epoch, sequence=0, in_flight=0, flight_items=0)


def rescue(path: Path, known: Position | None, fill: Fill) -> tuple[Position, str]:
    """Put a new store at `path`; its position, and what there is to say of it. What `fill` adds to
    what could be read back is in it too.

    Raises:
        sqlite3.Error, OSError: the new file cannot be written. The damaged one is where it was.
    """
    new = _new_path(path)
    _remove(new)
    try:
        position, told = _build(path, new, known, fill)
    except (sqlite3.Error, OSError):
        # There may be no space: what was kept aside before is worth less than a store.
        _remove(new)
        for aside in _asides(path):
            _remove(aside)
        raise
    _sync(new)
    _install(path)
    return position, told


def _build(path: Path, new: Path, known: Position | None, fill: Fill) -> tuple[Position, str]:
    with closing(connect_to_new(new)) as target:
        target.execute("BEGIN")
        make_tables(target, "", 0)
        try:
            source = connect_to_read(path)
        except sqlite3.Error:
            verdict, copied = decide(None, False, known), Counter[str]()
        else:
            with closing(source):
                verdict = decide(*_books_of(source), known)
                copied = _copy(source, target, verdict)
        fill(target)
        _write_books(target, verdict.position)
        lost = _balance(target)
        position = seal_position(target)
        target.execute("COMMIT")
    kept = " ".join(f"{table}={count}" for table, count in copied.items())
    return position, f"kept: {kept or 'nothing'} rows_lost={lost}"


def _books_of(source: sqlite3.Connection) -> tuple[Position | None, bool]:
    """The damaged store's own books, and whether they are as they were signed."""
    try:
        position = read_position(source)
        return position, is_sealed(source, position)
    except (sqlite3.Error, TypeError, ValueError):
        return None, False


def _copy(source: sqlite3.Connection, target: sqlite3.Connection, verdict: Verdict) -> Counter[str]:
    """Copy what can be read back and may be kept; how many rows of each table."""
    copied: Counter[str] = Counter()
    tables = {table: cells for table, cells in SEALED.items() if table != "predictions"}
    for table, columns in {**tables, "predictions": SEALED["predictions"]}.items():
        if not verdict.keeps_pending and table in ("batches", "outbox"):
            continue
        insert = (
            f"INSERT OR IGNORE INTO {table} ({', '.join(columns)})"  # noqa: S608  # our own names
            f" VALUES ({', '.join('?' * len(columns))})"
        )
        deadline = time.monotonic() + PREDICTIONS_S if table == "predictions" else None
        for row in readable_rows(source, table, columns, newest_first=deadline is not None):
            if table == "outbox" and not _may_ship(dict(zip(columns, row, strict=True)), verdict):
                continue
            with suppress(sqlite3.IntegrityError):
                copied[table] += target.execute(insert, row).rowcount
            if deadline is not None and time.monotonic() > deadline:
                break
    _drop_torn_flight(target, verdict.position)
    return copied


def _drop_torn_flight(target: sqlite3.Connection, position: Position) -> None:
    """A flight goes whole or not at all: the hub names what it refused of it by place."""
    [flying] = target.execute("SELECT count(*) FROM outbox WHERE flight IS NOT NULL").fetchone()
    if flying != position.flight_items:
        target.execute("DELETE FROM outbox WHERE flight IS NOT NULL")


def _may_ship(row: dict[str, object], verdict: Verdict) -> bool:
    """Whether the hub cannot have this sum, or knows it by its place in the stream."""
    flight = row["flight"]
    return flight is None or (verdict.keeps_flight and flight == verdict.position.sequence)


def _write_books(target: sqlite3.Connection, position: Position) -> None:
    target.execute(
        "UPDATE meta SET commits = ?, epoch = ?, sequence = ?, in_flight = ?",
        [position.commits, position.epoch, position.sequence, position.in_flight],
    )
    for key, counts in position.ledger.items():
        stream, model = key.split(" ", 1)
        target.execute("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?)", [model, stream, *counts])
    for key, rows in position.drops.items():
        reason, stream, model = key.split(" ", 2)
        target.execute("INSERT INTO drops VALUES (?, ?, ?, ?)", [model, stream, reason, rows])


def _balance(target: sqlite3.Connection) -> int:
    """Book what is neither here nor acknowledged nor dropped as lost; how many rows that are.

    Rows that are here though the books do not know of them were recorded after the books were
    last seen.
    """
    pending = dict(target.execute(_PENDING))
    gone = dict(target.execute("SELECT stream || ' ' || model_id, sum(rows) FROM drops GROUP BY 1"))
    booked = {
        f"{stream} {model}": recorded - acknowledged
        for model, stream, recorded, acknowledged in target.execute(
            "SELECT model_id, stream, recorded, acknowledged FROM ledger"
        )
    }
    total = 0
    for key in {*pending, *booked, *gone}:
        stream, model = key.split(" ", 1)
        if stream not in (Stream.INFERENCES.value, Stream.LABELS.value):
            continue
        lost = booked.get(key, 0) - gone.get(key, 0) - pending.get(key, 0)
        if lost < 0:
            target.execute(
                "INSERT INTO ledger (model_id, stream, recorded) VALUES (?, ?, ?)"
                " ON CONFLICT DO UPDATE SET recorded = recorded + excluded.recorded",
                [model, stream, -lost],
            )
        elif lost > 0:
            target.execute(
                "INSERT INTO drops VALUES (?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET rows = rows + excluded.rows",
                [model, stream, DropReason.CORRUPTION.value, lost],
            )
            total += lost
    return total


def finish_rescue(path: Path) -> None:
    """Go on with a rescue that was cut off: the new file is whole once the old one has moved."""
    new = _new_path(path)
    if not new.exists():
        return
    if path.exists():
        _remove(new)
    else:
        _install(path)


def _install(path: Path) -> None:
    """Move the damaged store and its log aside, and the new one into its place."""
    asides = sorted(_asides(path), key=lambda aside: aside.stat().st_mtime)
    for aside in asides[: max(len(asides) - KEPT_ASIDE_MAX + 1, 0)]:
        _remove(aside)
    aside = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
    if path.exists():
        path.rename(aside)
    for ending in _LOGS:
        log = path.with_name(path.name + ending)
        if log.exists():
            log.rename(aside.with_name(aside.name + ending))
    _new_path(path).rename(path)
    _sync(path.parent)


def _asides(path: Path) -> list[Path]:
    return [
        aside
        for aside in path.parent.glob(f"{path.name}.damaged-*")
        if not aside.name.endswith(_LOGS)
    ]


def _new_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _remove(path: Path) -> None:
    for ending in ("", *_LOGS):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
