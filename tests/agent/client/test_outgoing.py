"""The client's queue: where rows are at every moment, without any gRPC."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial

import pytest

from whitebox_agent.client.outgoing import IN_FLIGHT_MAX, Counts, Outgoing
from whitebox_agent.client.parcels import Entry, Parcel, Row, Shape, Unsendable
from whitebox_wire.messages import RecordAnswer, RecordFailure

WAIT_S = 20.0
SHAPE = Shape("m", ("x",), prediction=False, scores=0)


def call(rows: int = 1) -> Entry:
    return Entry(Row(SHAPE, (1.0,), "", 0), rows)


def one_parcel(entries: Sequence[Entry]) -> list[Parcel | Unsendable]:
    return [Parcel(b"", sum(e.rows for e in entries), entries[0].number)]


def talking(outgoing: Outgoing) -> Callable[[float], Parcel | None]:
    """Begin a conversation; gives what it sends next."""
    number = outgoing.wait_for_work()
    assert number
    return partial(outgoing.next, number)


@pytest.fixture
def outgoing() -> Outgoing:
    return Outgoing(rows_max=10, batch_rows=3, linger_s=0.0, make=one_parcel)


def test_what_does_not_fit_is_shed_and_counted(outgoing: Outgoing) -> None:
    taken = [outgoing.put(call(4)) for _ in range(4)]

    assert taken == [True, True, False, False]
    assert outgoing.counts() == Counts(logged=16, pending=8, shed=8)
    assert outgoing.counts().balances


def test_an_empty_queue_takes_any_one_call(outgoing: Outgoing) -> None:
    assert outgoing.put(call(1_000))
    assert not outgoing.put(call(1))


def test_calls_travel_together_and_are_acknowledged(outgoing: Outgoing) -> None:
    for _ in range(4):
        outgoing.put(call())
    send = talking(outgoing)
    parcels = [send(0.0), send(0.0)]

    assert [p and p.rows for p in parcels] == [3, 1]
    assert outgoing.settle(RecordAnswer(3))
    assert outgoing.counts() == Counts(logged=4, acknowledged=3, pending=1)
    assert outgoing.settle(RecordAnswer(1))
    assert send(0.0) is None, "nothing more to say"


@pytest.mark.parametrize(
    ("outcome", "counts"),
    [
        (RecordFailure(3, "no"), Counts(logged=2, refused=2)),
        (RecordFailure(5, "who?"), Counts(logged=2, refused=2)),
        (RecordFailure(4, "perhaps"), Counts(logged=2, unconfirmed=2)),
    ],
)
def test_a_refusal_is_counted_and_told(
    outgoing: Outgoing, outcome: RecordFailure, counts: Counts
) -> None:
    outgoing.put(call(2))
    talking(outgoing)(0.0)

    outgoing.settle(outcome)

    assert outgoing.counts() == counts
    assert outgoing.problem == outcome.message
    assert outgoing.flush(0.0)


@pytest.mark.parametrize("code", [8, 14])
def test_an_agent_that_can_record_nothing_now_is_asked_again(outgoing: Outgoing, code: int) -> None:
    outgoing.put(call(2))
    send = talking(outgoing)
    first = send(0.0)

    outgoing.settle(RecordFailure(code, "full"))
    assert not outgoing.flush(0.0)
    again = send(WAIT_S)

    assert first is again is not None
    outgoing.settle(RecordAnswer(2))
    assert outgoing.flush(0.0)
    assert outgoing.problem == ""


def test_a_complete_conversation_sends_again_what_was_not_answered(outgoing: Outgoing) -> None:
    for _ in range(5):
        outgoing.put(call(2))
    send = talking(outgoing)
    sent = [send(0.0) for _ in range(3)]
    outgoing.settle(RecordAnswer(2))

    outgoing.part(complete=True, pause_s=0.0)
    send_again = talking(outgoing)
    again = [send_again(0.0) for _ in range(2)]

    assert again == sent[1:]
    assert send(0.0) is None, "the first conversation takes nothing of the second's"
    assert outgoing.counts() == Counts(logged=10, acknowledged=2, pending=8)


def test_a_broken_conversation_counts_what_was_not_answered_and_keeps_the_rest(
    outgoing: Outgoing,
) -> None:
    for _ in range(5):
        outgoing.put(call(2))
    send = talking(outgoing)
    send(0.0)

    outgoing.part(complete=False, pause_s=0.0, problem="gone")

    assert outgoing.counts() == Counts(logged=10, pending=8, unconfirmed=2)
    assert outgoing.problem == "gone"
    assert send(0.0) is None, "nobody talks"


def test_so_many_are_under_way_and_no_more() -> None:
    outgoing = Outgoing(rows_max=1_000, batch_rows=1, linger_s=0.0, make=one_parcel)
    for _ in range(IN_FLIGHT_MAX + 1):
        outgoing.put(call())
    send = talking(outgoing)
    sent = [send(0.0) for _ in range(IN_FLIGHT_MAX)]
    late: list[Parcel | None] = []
    sender = threading.Thread(target=lambda: late.append(send(0.0)))
    sender.start()

    assert all(sent)
    assert not late
    outgoing.settle(RecordAnswer(1))
    sender.join(WAIT_S)
    assert [parcel and parcel.number for parcel in late] == [IN_FLIGHT_MAX + 1]


def test_rows_of_which_no_request_can_be_made_spoil_no_others() -> None:
    def make(entries: Sequence[Entry]) -> list[Parcel | Unsendable]:
        if entries[0].number == 1:
            raise RuntimeError("no idea")
        return [Unsendable(1, "too large"), *one_parcel(entries)]

    outgoing = Outgoing(rows_max=10, batch_rows=2, linger_s=0.0, make=make)
    for _ in range(2):
        outgoing.put(call(2))
    sent = talking(outgoing)(0.0)

    assert sent == Parcel(b"", 2, 2)
    assert outgoing.counts().refused == 3
    assert outgoing.problem == "too large"


def test_after_the_end_everything_is_shed(outgoing: Outgoing) -> None:
    outgoing.put(call(2))
    outgoing.close()
    outgoing.abandon()

    assert not outgoing.wait_for_work()
    assert not outgoing.put(call())
    assert outgoing.counts() == Counts(logged=3, shed=3)


def test_a_flush_waits_for_what_was_logged_before_it_and_not_for_more(outgoing: Outgoing) -> None:
    outgoing.put(call(3))
    talking(outgoing)(0.0)
    flushed: list[bool] = []
    waiting = threading.Thread(target=lambda: flushed.append(outgoing.flush(WAIT_S)))
    waiting.start()

    outgoing.settle(RecordAnswer(3))
    outgoing.put(call(3))
    waiting.join(WAIT_S)

    assert flushed == [True]
    assert not outgoing.flush(0.0)
