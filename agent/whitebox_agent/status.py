"""An agent's books as text that a tired person can read. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from whitebox_agent.buffer import Books
from whitebox_wire.messages import ModelLedger, RowLedger


def status_text(books: Books, now_ms: int) -> str:
    """The books, one line a model and stream, with what was dropped and why."""
    return "\n".join(_lines(books, now_ms))


def _lines(books: Books, now_ms: int) -> Iterator[str]:
    yield f"agent      {books.agent_id}  (epoch {books.epoch:016x}, sequence {books.sequence})"
    yield f"hub        last answer {age_text(books.acknowledged_ms, now_ms)}"
    if books.note:
        yield f"           it refused something: {books.note}"
    waiting = f", oldest {age_text(books.opened_ms, now_ms)}" if books.opened_ms is not None else ""
    yield f"outbox     {books.outbox_items:,} sums{waiting}"
    if books.lonely_items:
        yield f"           {books.lonely_items:,} of them, of {books.lonely_rows:,} rows, wait for"
        yield "           company: fewer rows than the spec's minimum do not leave the device"
    yield f"remembered {books.remembered:,} predictions that wait for a label"
    yield ""
    yield ledgers_text(books)


def ledgers_text(books: Books) -> str:
    """The ledgers as a table: what was recorded and what became of it."""
    return "\n".join(_ledger_lines(books))


def _ledger_lines(books: Books) -> Iterator[str]:
    yield f"{'model':24}{'rows':12}" + "".join(f"{name:>14}" for name in _COLUMNS) + "   balance"
    for ledger in books.ledgers:
        yield from _model_lines(ledger, books.duplicate_ids.get(ledger.model_id, 0))
    if not books.ledgers:
        yield "nothing was recorded yet"


_COLUMNS = ("recorded", "acknowledged", "pending", "dropped")


def _model_lines(ledger: ModelLedger, duplicates: int) -> Iterator[str]:
    for name, rows in (("inferences", ledger.inferences), ("labels", ledger.labels)):
        dropped = sum(rows.dropped.values())
        numbers = (rows.recorded, rows.acknowledged, rows.pending, dropped)
        counts = "".join(f"{number:>14,}" for number in numbers)
        yield f"{ledger.model_id[:23]:24}{name:12}{counts}   {_balance(rows)}"
        for reason, count in sorted(rows.dropped.items(), key=lambda item: item[0].value):
            yield f"{'':24}{'':12}{count:>14,} dropped: {reason.value.replace('_', ' ')}"
    if duplicates:
        yield f"{'':24}{duplicates:,} rows had an id that waits for its label already"


def _balance(rows: RowLedger) -> str:
    return "ok" if rows.balances else "DOES NOT BALANCE"


def age_text(at_ms: int | None, now_ms: int) -> str:
    """How long ago, in the largest unit that fits.

    >>> age_text(0, 7_200_000), age_text(None, 0)
    ('2 h ago', 'never')
    """
    if at_ms is None:
        return "never"
    seconds = max(now_ms - at_ms, 0) // 1_000
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length or (unit == "min" and seconds >= length):
            return f"{seconds // length} {unit} ago"
    return f"{seconds} s ago"
