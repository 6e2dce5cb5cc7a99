"""What every agent's store promises of sums on their way to the hub."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.contract.buffer.conftest import (
    BIG,
    EPOCH,
    LABELS,
    batch,
    inferences,
    sum_of,
    take_off,
)
from whitebox_agent.buffer import (
    Buffer,
    Drop,
    Flight,
    Fold,
    Landing,
    Stream,
    Sum,
    drops_of,
)
from whitebox_wire.layout import Section
from whitebox_wire.messages import DropReason, RowLedger
from whitebox_wire.vector import CELL_MAX, ROWS_PER_DELTA_MAX


def test_sums_of_one_window_add_up_and_windows_stay_apart(buffer: Buffer) -> None:
    buffer.rows.fold(Fold([], [sum_of([1, 2, 3, 4, 5]), sum_of([1, 1, 1, 1, 1], start_s=3_600)]))
    buffer.rows.fold(Fold([], [sum_of([10, 0, 0, -4, 0]), sum_of([9] * 5, section=LABELS)]))

    items = {(i.key.start_s, i.key.section): i for i in take_off(buffer).items}

    assert items[0, Section.FEATURES].vector.tolist() == [11, 2, 3, 0, 5]
    assert items[0, Section.FEATURES].rows == 10
    assert items[3_600, Section.FEATURES].vector.tolist() == [1] * 5
    assert items[0, LABELS].vector.tolist() == [9] * 5


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (sum_of([1] * 5, rows=ROWS_PER_DELTA_MAX), sum_of([1] * 5, rows=1)),
        (sum_of([CELL_MAX, 0, 0, 0, 0]), sum_of([CELL_MAX, 0, 0, 0, 0])),
    ],
    ids=["too many rows for one delta", "a cell is full"],
)
def test_a_sum_that_is_full_is_followed_by_another(buffer: Buffer, first: Sum, second: Sum) -> None:
    buffer.rows.fold(Fold([], [first]))
    buffer.rows.fold(Fold([], [second]))

    assert [item.rows for item in take_off(buffer).items] == [first.rows, second.rows]


def test_a_flight_stays_as_it_is_while_its_window_goes_on(buffer: Buffer) -> None:
    buffer.rows.fold(Fold([], [sum_of([1, 2, 3, 4, 5])]))
    first = take_off(buffer)

    buffer.rows.fold(Fold([], [sum_of([5, 5, 5, 5, 5])]))
    again = take_off(buffer)
    buffer.outbox.land(again, Landing(acknowledged=again.items))
    following = take_off(buffer)

    assert (first.epoch, first.sequence) == (EPOCH, 1)
    assert again.sequence == 1
    assert again.items[0].vector.tolist() == [1, 2, 3, 4, 5]
    assert following.sequence == 2
    assert following.items[0].vector.tolist() == [5] * 5


def test_what_is_not_ready_does_not_take_off_until_it_is_hastened(buffer: Buffer) -> None:
    buffer.rows.fold(Fold([], [sum_of([1] * 5)]))

    assert buffer.outbox.take_off(99, BIG, empty=False) is None
    buffer.outbox.hasten()
    assert len(take_off(buffer, now_ms=0).items) == 1


def test_a_flight_holds_as_many_sums_as_its_bytes_allow_but_one_at_least(buffer: Buffer) -> None:
    buffer.rows.fold(Fold([], [sum_of([1] * 5, start_s=3_600 * i) for i in range(10)]))

    flight = take_off(buffer, bytes_max=1)
    buffer.outbox.land(flight, Landing(acknowledged=flight.items))

    assert len(flight.items) == 1
    assert len(take_off(buffer).items) == 9


def test_an_empty_flight_is_given_only_to_who_asks(buffer: Buffer) -> None:
    assert buffer.outbox.take_off(BIG, BIG, empty=False) is None
    flight = buffer.outbox.take_off(BIG, BIG, empty=True)

    assert flight == Flight(EPOCH, 1, ())


def test_landing_books_what_the_hub_has_and_what_it_refused(buffer: Buffer) -> None:
    buffer.rows.append([batch(9)], [])
    buffer.rows.fold(
        Fold(
            buffer.rows.waiting(9),
            [sum_of([1] * 5, rows=5), sum_of([1] * 5, rows=4, start_s=7_200)],
        )
    )
    flight = take_off(buffer)

    drop = Drop("m", Stream.INFERENCES, DropReason.REJECTED, 4)
    landing = Landing(flight.items[:1], drops=[drop], now_ms=77, note="no")
    buffer.outbox.land(flight, landing)

    books = buffer.books.read()
    assert books.ledgers[0].inferences == RowLedger(9, 9, 5, 0, {DropReason.REJECTED: 4})
    assert (books.outbox_items, books.acknowledged_ms, books.note) == (0, 77, "no")


def test_held_sums_come_back_when_their_time_has_come(buffer: Buffer) -> None:
    buffer.rows.fold(Fold([], [sum_of([1, 2, 3, 4, 5])]))
    flight = take_off(buffer)

    buffer.outbox.land(flight, Landing((), held=flight.items, held_until_ms=5_000))

    assert buffer.outbox.take_off(4_999, BIG, empty=False) is None
    assert take_off(buffer, now_ms=5_000).items[0].vector.tolist() == [1, 2, 3, 4, 5]


def test_a_restarted_stream_begins_with_the_flight_under_way(buffer: Buffer) -> None:
    buffer.rows.fold(Fold([], [sum_of([1] * 5)]))
    flight = take_off(buffer)
    buffer.outbox.land(flight, Landing(flight.items))
    buffer.rows.fold(Fold([], [sum_of([2] * 5)]))
    take_off(buffer)

    buffer.outbox.restart(5)

    flight = take_off(buffer)
    assert (flight.epoch, flight.sequence) == (5, 1)
    assert flight.items[0].vector.tolist() == [2] * 5
    buffer.outbox.land(flight, Landing(flight.items))
    assert buffer.books.read().outbox_items == 0


def test_a_surrendered_outbox_is_empty_and_booked(buffer: Buffer) -> None:
    buffer.rows.append([batch(9)], [])
    buffer.rows.fold(Fold(buffer.rows.waiting(9), [sum_of([1] * 5), sum_of([2] * 5, rows=4)]))
    take_off(buffer, bytes_max=0)

    buffer.outbox.restart(5, surrender=True)

    assert buffer.outbox.take_off(BIG, BIG, empty=False) is None
    assert inferences(buffer) == RowLedger(9, 9, 0, 0, {DropReason.CORRUPTION: 9})


def test_a_sum_that_a_wrong_clock_made_wait_for_years_ships_now(buffer: Buffer) -> None:
    year_2100_ms = 4_102_444_800_000
    buffer.rows.fold(Fold([], [replace(sum_of([1] * 5), ready_ms=year_2100_ms)]))

    assert take_off(buffer, now_ms=1_767_225_600_000).items


def test_a_landing_of_a_store_that_was_made_anew_books_nothing(buffer: Buffer) -> None:
    buffer.rows.append([batch(5)], [])
    buffer.rows.fold(Fold(buffer.rows.waiting(5), [sum_of([1] * 5)]))
    flight = take_off(buffer)
    buffer.outbox.restart(5)

    buffer.outbox.land(flight, Landing(flight.items))

    assert take_off(buffer).epoch == 5
    assert inferences(buffer) == RowLedger(5, 5, 0, 5)


def test_sums_of_short_windows_become_the_sum_of_a_long_one(buffer: Buffer) -> None:
    minutes = [sum_of([i, 1, 1, -i, 2], start_s=60 * i) for i in range(4)]
    buffer.rows.fold(Fold([], minutes))
    heads = buffer.outbox.heads(10)
    size = buffer.outbox.size()

    buffer.outbox.merge([head.id for head in heads[1:]], 0, 86_400)

    assert [head.key.start_s for head in heads] == [0, 60, 120, 180]
    assert size == sum(head.bytes for head in heads) > buffer.outbox.size()
    one, other = take_off(buffer).items
    assert (one.key.start_s, one.length_s, one.rows) == (0, 3_600, 5)
    assert (other.key.start_s, other.length_s, other.rows) == (0, 86_400, 15)
    assert other.vector.tolist() == [6, 3, 3, -6, 6]


def test_sums_that_are_too_many_rows_for_one_delta_stay_apart(buffer: Buffer) -> None:
    big = [sum_of([1] * 5, rows=ROWS_PER_DELTA_MAX // 2 + 1, start_s=3_600 * i) for i in range(2)]
    buffer.rows.fold(Fold([], big))

    buffer.outbox.merge([head.id for head in buffer.outbox.heads(10)], 0, 86_400)

    assert [item.length_s for item in take_off(buffer).items] == [86_400, 3_600]


def test_dropped_sums_are_gone_and_booked(buffer: Buffer) -> None:
    buffer.rows.append([batch(10)], [])
    buffer.rows.fold(
        Fold(buffer.rows.waiting(10), [sum_of([1] * 5), sum_of([1] * 5, start_s=3_600)])
    )
    heads = buffer.outbox.heads(1)

    buffer.outbox.drop(heads, drops_of(heads, DropReason.BUFFER_FULL))

    assert inferences(buffer) == RowLedger(10, 10, 0, 5, {DropReason.BUFFER_FULL: 5})
