"""What there is to see in a store from outside: values for those who check, count and show."""

from __future__ import annotations

from dataclasses import dataclass

from whitebox_agent.buffer import OutboxItem


@dataclass(frozen=True, slots=True)
class WaitingSum:
    """A sum of the outbox and how it stands; `bytes` are those at rest."""

    item: OutboxItem
    rows_min: int
    bare: bool
    ready_ms: int
    under_way: bool
    bytes: int


@dataclass(frozen=True, slots=True)
class TableSize:
    """What a table holds; `oldest_ms` is when its oldest entry came, where that is known."""

    name: str
    entries: int
    rows: int
    bytes: int
    oldest_ms: int | None
