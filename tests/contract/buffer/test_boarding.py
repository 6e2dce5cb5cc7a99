"""What goes with a flight: sums of too few rows wait for company, bare ones are sealed, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.contract.buffer.conftest import (
    BIG,
    LABELS,
    batch,
    inferences,
    opened,
    sum_of,
)
from whitebox_agent.buffer import Buffer, Flight, Fold, Landing, OutboxItem, Sum
from whitebox_agent.buffer.sqlite.boarding import JOINED_MAX
from whitebox_wire.vector import ROWS_PER_DELTA_MAX, IntVector, add

HOUR_S = 3_600
MIN = 50


def fold(buffer: Buffer, *sums: Sum) -> None:
    """Fold sums whose rows were recorded before."""
    for each in sums:
        buffer.rows.append([batch(each.rows)], [])
    buffer.rows.fold(Fold(buffer.rows.waiting(10**9), sums, now_ms=7))


def few(rows: int, hour: int = 0, cells: Sequence[int] = (1, 0, 0, 0, 0)) -> Sum:
    return replace(sum_of(cells, rows=rows, start_s=hour * HOUR_S), rows_min=MIN)


def bare(rows: int = 5, hour: int = 0) -> Sum:
    return replace(sum_of((1, 2, 3, 4, 5), rows=rows, start_s=hour * HOUR_S), bare=True)


class Sealer:
    """Adds what it was never asked to add before: its noise is 1,000 at first, then 2,000."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, item: OutboxItem) -> IntVector:
        self.calls += 1
        return item.vector + 1_000 * self.calls


def off(buffer: Buffer, seal: Sealer | None = None, bytes_max: int = BIG) -> Flight | None:
    return buffer.outbox.take_off(BIG, bytes_max, empty=False, seal=seal)


def shipped(flight: Flight | None) -> list[tuple[int, int, list[int]]]:
    """Hour, rows and cells of what flies."""
    items = flight.items if flight else ()
    return [(i.key.start_s // HOUR_S, i.rows, i.vector.tolist()) for i in items]


def test_a_sum_of_too_few_rows_waits(buffer: Buffer) -> None:
    fold(buffer, few(49))

    assert off(buffer) is None
    books = buffer.books.read()
    assert (books.lonely_items, books.lonely_rows) == (1, 49)
    assert inferences(buffer).pending == 49


def test_a_sum_of_just_enough_rows_ships(buffer: Buffer) -> None:
    fold(buffer, few(50))

    assert shipped(off(buffer)) == [(0, 50, [1, 0, 0, 0, 0])]
    assert buffer.books.read().lonely_items == 0


def test_too_few_rows_ship_with_those_of_the_next_window(buffer: Buffer) -> None:
    fold(buffer, few(20, 3), few(60, 7, (0, 5, 0, 0, 9)), few(60, 9))

    flight = off(buffer)

    assert flight is not None
    assert shipped(flight) == [(7, 80, [1, 5, 0, 0, 9]), (9, 60, [1, 0, 0, 0, 0])]
    buffer.outbox.land(flight, Landing(flight.items))
    assert inferences(buffer).acknowledged == 140
    assert inferences(buffer).balances


def test_many_windows_of_few_rows_ship_as_one(buffer: Buffer) -> None:
    fold(buffer, *(few(10, hour) for hour in range(4)))
    assert off(buffer) is None
    assert buffer.books.read().outbox_items == 1, "they wait as one"

    fold(buffer, few(10, 4))

    assert shipped(off(buffer)) == [(4, 50, [5, 0, 0, 0, 0])]


def test_an_outage_of_small_windows_ships_as_many_sums_as_may_leave(buffer: Buffer) -> None:
    """Windows join only until they are enough: the hub is to see as finely as it may."""
    fold(buffer, *(few(20, hour) for hour in range(10)))

    assert [(hour, rows) for hour, rows, _ in shipped(off(buffer))] == [(2, 60), (5, 60), (8, 60)]
    assert buffer.books.read().lonely_rows == 20


def test_more_small_windows_than_join_at_once_ship_all_the_same(buffer: Buffer) -> None:
    windows = JOINED_MAX + 200
    fold(buffer, *(few(25, hour) for hour in range(windows)))
    rows = 0

    while flight := off(buffer):
        rows += sum(item.rows for item in flight.items)
        assert all(item.rows >= MIN for item in flight.items)
        buffer.outbox.land(flight, Landing(flight.items))

    assert rows == 25 * windows


def test_late_rows_of_an_old_window_wait_for_a_later_one(buffer: Buffer) -> None:
    fold(buffer, few(60, 3))
    flight = off(buffer)
    assert flight is not None
    buffer.outbox.land(flight, Landing(flight.items))

    fold(buffer, few(2, 3), few(60, 8))

    assert shipped(off(buffer)) == [(8, 62, [2, 0, 0, 0, 0])]


def test_rows_keep_company_only_with_their_own_kind(buffer: Buffer) -> None:
    one = few(20)
    others = [
        replace(one, key=replace(one.key, segment=1), rows=60),
        replace(one, key=replace(one.key, section=LABELS), rows=60),
        replace(one, key=replace(one.key, spec_digest=b"e" * 32), rows=60),
        replace(one, key=replace(one.key, model_id="n"), rows=60),
    ]

    fold(buffer, one, *others)

    assert [rows for _, rows, _ in shipped(off(buffer))] == [60, 60, 60, 60]
    assert buffer.books.read().lonely_rows == 20


def test_the_next_window_must_be_ready(buffer: Buffer) -> None:
    fold(buffer, few(20, 0), replace(few(60, 1), ready_ms=5_000))

    assert buffer.outbox.take_off(4_999, BIG, empty=False) is None
    assert shipped(buffer.outbox.take_off(5_000, BIG, empty=False)) == [(1, 80, [2, 0, 0, 0, 0])]


def test_company_never_makes_a_sum_too_large(buffer: Buffer) -> None:
    fold(buffer, few(20), few(ROWS_PER_DELTA_MAX - 19, 1))

    assert [rows for _, rows, _ in shipped(off(buffer))] == [ROWS_PER_DELTA_MAX - 19]
    assert buffer.books.read().lonely_rows == 20


def test_lonely_sums_never_block_other_models(buffer: Buffer) -> None:
    other = sum_of((0, 0, 1, 0, 0), start_s=HOUR_S)

    fold(buffer, few(1), replace(other, key=replace(other.key, model_id="n")))

    assert shipped(off(buffer)) == [(1, 5, [0, 0, 1, 0, 0])]


def test_the_books_know_who_would_be_enough_together(buffer: Buffer) -> None:
    fold(buffer, few(30, 0), few(30, 1))

    assert buffer.books.read().lonely_items == 0, "together they may ship"


def test_a_bare_sum_is_sealed_once(buffer: Buffer) -> None:
    fold(buffer, bare())
    seal = Sealer()

    tries = [off(buffer, seal) for _ in range(3)]

    assert [shipped(each) for each in tries] == [[(0, 5, [1001, 1002, 1003, 1004, 1005])]] * 3
    assert seal.calls == 1


def test_what_was_sealed_stays_so_over_a_restart(path: Path) -> None:
    seal = Sealer()
    with opened(path) as buffer:
        fold(buffer, bare())
        first = off(buffer, seal)

    with opened(path) as buffer:
        again = off(buffer, seal)

    assert shipped(again) == shipped(first)
    assert seal.calls == 1


def test_a_seal_that_fails_leaves_all_as_it_was(buffer: Buffer) -> None:
    fold(buffer, bare())

    def fail(_: OutboxItem) -> IntVector:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        buffer.outbox.take_off(BIG, BIG, empty=False, seal=fail)

    assert shipped(off(buffer, Sealer())) == [(0, 5, [1001, 1002, 1003, 1004, 1005])]


def test_a_bare_sum_without_a_seal_stays(buffer: Buffer) -> None:
    fold(buffer, bare(), sum_of((0, 0, 1, 0, 0), start_s=HOUR_S))

    assert shipped(off(buffer)) == [(1, 5, [0, 0, 1, 0, 0])]
    assert buffer.books.read().outbox_items == 2


def test_new_rows_never_join_a_sealed_sum(buffer: Buffer) -> None:
    """What a hub has seen refused and sees again with more rows would tell those rows exactly."""
    fold(buffer, bare())
    seal = Sealer()
    flight = off(buffer, seal)
    assert flight is not None
    buffer.outbox.land(flight, Landing((), held=flight.items, held_until_ms=0))

    fold(buffer, bare())

    assert shipped(off(buffer, seal)) == [
        (0, 5, [1001, 1002, 1003, 1004, 1005]),
        (0, 5, [2001, 2002, 2003, 2004, 2005]),
    ]


def test_heads_say_which_sums_are_bare(buffer: Buffer) -> None:
    fold(buffer, bare(), sum_of((0, 0, 1, 0, 0), start_s=HOUR_S))

    assert [head.bare for head in buffer.outbox.heads(9)] == [True, False]


def test_the_bytes_of_a_flight_are_those_of_what_is_sealed(buffer: Buffer) -> None:
    fold(buffer, *(bare(hour=hour) for hour in range(10)))

    def inflate(item: OutboxItem) -> IntVector:
        return add(item.vector, item.vector * 2**50)

    flight = buffer.outbox.take_off(BIG, 120, empty=False, seal=inflate)

    assert flight is not None
    assert len(flight.items) == 2, "16 bytes of head and 5 integers of 8 bytes each"
