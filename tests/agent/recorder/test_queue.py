"""The queue in front of the store: bounded, in order, and never in anybody's way."""

from __future__ import annotations

import threading

import pytest

from whitebox_agent.buffer import Drop, RowBatch, Stream
from whitebox_agent.models import Model
from whitebox_agent.recorder.queue import ClosedError, Mark, Row, RowQueue
from whitebox_wire.codec import encode_spec
from whitebox_wire.messages import DropReason
from whitebox_wire.spec import ModelSpec


@pytest.fixture
def model(binary_spec: ModelSpec) -> Model:
    return Model.of(encode_spec(binary_spec))


def batch(rows: int) -> RowBatch:
    return RowBatch("income", Stream.INFERENCES, rows, b"", 0)


def test_entries_leave_in_the_order_they_came(model: Model) -> None:
    queue = RowQueue(rows_max=100, wake_rows=100)
    row = Row(model, (), "", 0, 0)
    queue.row(row)
    queue.batches((batch(2), batch(3)))
    queue.mark(fold=True)

    entries, shed = queue.take(0.0, 0.0)

    assert [entry.call for entry in entries] == [row, (batch(2), batch(3)), Mark(fold=True)]
    assert [entry.rows for entry in entries] == [1, 5, 0]
    assert not shed


def test_what_does_not_fit_is_shed_and_counted_and_released_rows_make_room() -> None:
    queue = RowQueue(rows_max=10, wake_rows=10)

    assert queue.batches((batch(8),))
    assert not queue.batches((batch(2), batch(1)))
    _, shed = queue.take(0.0, 0.0)
    assert shed == [Drop("income", Stream.INFERENCES, DropReason.QUEUE_FULL, 3)]
    assert not queue.batches((batch(3),)), "rows on their way to the disk still take room"
    queue.release(8)
    assert queue.batches((batch(3),))


def test_an_empty_queue_takes_a_call_of_any_size() -> None:
    queue = RowQueue(rows_max=10, wake_rows=10)

    assert queue.batches((batch(1_000),))
    assert not queue.batches((batch(1),))


def test_who_waits_for_the_disk_is_told_and_not_counted_as_shed() -> None:
    queue = RowQueue(rows_max=10, wake_rows=10)
    queue.batches((batch(10),))

    assert not queue.batches((batch(1),), queue.mark(fold=False))
    assert not queue.take(0.0, 0.0)[1]


def test_what_is_put_back_comes_first_again() -> None:
    queue = RowQueue(rows_max=10, wake_rows=10)
    queue.batches((batch(1),))
    entries, _ = queue.take(0.0, 0.0)
    queue.batches((batch(2),))

    queue.put_back(entries, [Drop("income", Stream.LABELS, DropReason.QUEUE_FULL, 4)])

    entries, shed = queue.take(0.0, 0.0)
    assert [entry.rows for entry in entries] == [1, 2]
    assert shed == [Drop("income", Stream.LABELS, DropReason.QUEUE_FULL, 4)]


def test_a_waiter_ends_the_wait_for_company() -> None:
    queue = RowQueue(rows_max=10, wake_rows=10)
    taken = threading.Event()

    def take() -> None:
        queue.take(60.0, 60.0)
        taken.set()

    threading.Thread(target=take, daemon=True).start()
    queue.mark(fold=False)

    assert taken.wait(10.0)


def test_a_closed_queue_refuses_calls_and_gives_up_what_it_has() -> None:
    queue = RowQueue(rows_max=10, wake_rows=10)
    queue.batches((batch(1),))
    queue.close()

    with pytest.raises(ClosedError, match="closed"):
        queue.batches((batch(1),))
    assert [entry.rows for entry in queue.take(60.0, 60.0)[0]] == [1]
    queue.pause(60.0)
