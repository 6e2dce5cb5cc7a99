"""What to give up when the outbox is full: first resolution in time, and only then rows. Pure.

Sums of one model over minutes add up to the sum over their hour, and hours to their day, exactly:
no count is lost, the hub only sees less finely when it was. When nothing is left to add up, the
oldest sums are dropped, and counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from whitebox_agent.buffer import OutboxHead

HOUR_S, DAY_S = 3_600, 86_400
LEVELS_S = (HOUR_S, DAY_S)
# Of one step, so that a transaction stays short.
GROUPS_MAX = 32
DROPS_MAX = 32


@dataclass(frozen=True, slots=True)
class Merge:
    """These sums become one, of the window that begins at `start_s` and is `length_s` long."""

    ids: tuple[int, ...]
    start_s: int
    length_s: int


@dataclass(frozen=True, slots=True)
class Relief:
    """One step: sums to add up, or where there are none to add up, sums to drop."""

    merges: tuple[Merge, ...] = ()
    drops: tuple[OutboxHead, ...] = ()


def relieve(heads: Sequence[OutboxHead]) -> Relief:
    """The next step for an outbox that holds too much.

    The finest level at which anything can be added up goes first, its oldest windows first.
    """
    for level_s in LEVELS_S:
        merges = _merges(heads, level_s)
        if merges:
            return Relief(merges=tuple(merges[:GROUPS_MAX]))
    oldest = sorted(heads, key=lambda head: (head.key.start_s, head.id))
    return Relief(drops=tuple(oldest[:DROPS_MAX]))


def _merges(heads: Sequence[OutboxHead], level_s: int) -> list[Merge]:
    """Sums that can be added up to windows of one level, oldest first; bare ones by themselves."""
    groups: dict[tuple[object, ...], list[OutboxHead]] = {}
    for head in heads:
        if head.length_s <= level_s and level_s % head.length_s == 0:
            key = head.key
            start_s = key.start_s // level_s * level_s
            kind = (key.model_id, key.spec_digest, key.segment, key.section.value, head.bare)
            groups.setdefault((start_s, *kind), []).append(head)
    found = [
        Merge(tuple(head.id for head in group), group[0].key.start_s // level_s * level_s, level_s)
        for group in groups.values()
        if len(group) > 1
    ]
    return sorted(found, key=lambda merge: (merge.start_s, merge.ids))
