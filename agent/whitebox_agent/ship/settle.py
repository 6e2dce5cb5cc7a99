"""What a hub's answer means for the export it answers. Pure.

Sequences are contiguous, so the hub's position says everything: it has the export, it has not, or
its stream and ours have parted (a store was restored or copied on one side). Then a new stream
begins. Where the hub has more of the old one than we know to have sent, it may have any of our sums
already: they are given up and counted, since nothing is ever counted twice.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from whitebox_agent.buffer import Drop, Flight, OutboxItem, drops_of
from whitebox_wire.messages import DropReason, ExportResponse, RejectReason


class Outcome(enum.Enum):
    ACKNOWLEDGED = "acknowledged"
    REFUSED_FOR_NOW = "refused_for_now"
    HUB_IS_BEHIND = "hub_is_behind"
    HUB_IS_AHEAD = "hub_is_ahead"


def settle(sequence: int, response: ExportResponse) -> Outcome:
    """What became of the export with this sequence.

    >>> settle(5, ExportResponse(5, 6, 0)).value, settle(5, ExportResponse(4, 5, 0)).value
    ('acknowledged', 'refused_for_now')
    >>> settle(5, ExportResponse(2, 3, 0)).value, settle(5, ExportResponse(9, 10, 0)).value
    ('hub_is_behind', 'hub_is_ahead')
    """
    if response.acked_sequence == sequence:
        return Outcome.ACKNOWLEDGED
    if response.acked_sequence == sequence - 1 and response.expected_sequence == sequence:
        return Outcome.REFUSED_FOR_NOW
    return Outcome.HUB_IS_AHEAD if response.acked_sequence > sequence else Outcome.HUB_IS_BEHIND


@dataclass(frozen=True, slots=True)
class Sorted:
    """A flight's items by what the hub made of them. `notes` say why any were refused."""

    acknowledged: tuple[OutboxItem, ...]
    held: tuple[OutboxItem, ...]
    drops: tuple[Drop, ...]
    notes: tuple[str, ...]


def sort_items(flight: Flight, response: ExportResponse) -> Sorted:
    """Items of an acknowledged flight. One whose spec the hub does not know yet is held back, not
    lost: somebody may register the model tomorrow.
    """
    refused = {r.delta: r for r in response.rejections if r.delta < len(flight.items)}
    held = {i for i, r in refused.items() if r.reason is RejectReason.UNKNOWN_SPEC}
    return Sorted(
        acknowledged=tuple(item for i, item in enumerate(flight.items) if i not in refused),
        held=tuple(flight.items[i] for i in sorted(held)),
        drops=drops_of(
            [flight.items[i] for i in sorted(refused.keys() - held)], DropReason.REJECTED
        ),
        notes=tuple(dict.fromkeys(r.message for r in refused.values())),
    )
