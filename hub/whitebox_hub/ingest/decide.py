"""Whether a report counts, from its sequence number and the ledger's alone. Pure.

Sequences are contiguous for one agent and epoch, so exactly one number is the next. An older one
is in the sum already (its answer was lost); a newer one means that one is missing.
"""

from __future__ import annotations

import enum

from whitebox_hub.store import Position
from whitebox_wire.messages import ExportResponse, Rejection


class Decision(enum.Enum):
    ACCEPT = "accept"
    DUPLICATE = "duplicate"
    GAP = "gap"


def decide(last_sequence: int, sequence: int) -> Decision:
    """What to do with a report.

    >>> [decide(4, sequence).value for sequence in (3, 4, 5, 6)]
    ['duplicate', 'duplicate', 'accept', 'gap']
    """
    if sequence <= last_sequence:
        return Decision.DUPLICATE
    return Decision.ACCEPT if sequence == last_sequence + 1 else Decision.GAP


def answer(position: Position, sequence: int, now_ms: int) -> ExportResponse:
    """The answer to a report when its stream stands at `position`.

    A report that counted is told again what was refused of it: the first answer may be lost.
    """
    rejections: tuple[Rejection, ...] = ()
    if sequence == position.sequence:
        rejections = position.rejections
    return ExportResponse(
        acked_sequence=position.sequence,
        expected_sequence=position.sequence + 1,
        server_time_ms=now_ms,
        rejections=rejections,
    )
