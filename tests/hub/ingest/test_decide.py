"""Which reports count, and what they are told."""

from __future__ import annotations

import pytest

from whitebox_hub.ingest.decide import Decision, answer, decide
from whitebox_hub.store import Position
from whitebox_wire.messages import Rejection, RejectReason

REFUSED = (Rejection(0, RejectReason.OVERFLOW, "too much"),)


@pytest.mark.parametrize(
    ("last", "sequence", "decision"),
    [
        (0, 1, Decision.ACCEPT),
        (0, 2, Decision.GAP),
        (4, 5, Decision.ACCEPT),
        (4, 4, Decision.DUPLICATE),
        (4, 1, Decision.DUPLICATE),
        (4, 6, Decision.GAP),
        (2**63 - 2, 2**63 - 1, Decision.ACCEPT),
    ],
)
def test_exactly_the_next_sequence_counts(last: int, sequence: int, decision: Decision) -> None:
    assert decide(last, sequence) is decision


@pytest.mark.parametrize(("sequence", "rejections"), [(4, REFUSED), (3, ()), (6, ())])
def test_an_answer_says_where_the_stream_stands_and_what_was_refused_of_that_report(
    sequence: int, rejections: tuple[Rejection, ...]
) -> None:
    said = answer(Position(4, REFUSED), sequence, 99)

    assert (said.acked_sequence, said.expected_sequence) == (4, 5)
    assert said.rejections == rejections
    assert (said.server_time_ms, said.retry_delay_ms) == (99, 0)
