"""What every store of an agent promises, whatever it is made of. An adapter joins in `BUFFERS`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from whitebox_agent.buffer import (
    Buffer,
    Drop,
    Flight,
    Fold,
    Landing,
    Remembered,
    RowBatch,
    StoredSpec,
    StoreError,
    Stream,
    Sum,
    drops_of,
)
from whitebox_agent.buffer.sqlite import open_sqlite, read_books
from whitebox_wire.layout import Section, SectionSize
from whitebox_wire.messages import DropReason, RowLedger, WindowKey
from whitebox_wire.vector import CELL_MAX, ROWS_PER_DELTA_MAX

BUFFERS = {"sqlite": open_sqlite}
EPOCH = 2**64 - 7
DIGEST = b"d" * 32
SIZE = SectionSize(3, 2)
BIG = 10**9
LABELS = Section.LABELS


@pytest.fixture(params=list(BUFFERS))
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"{request.param}.db"


def opened(path: Path, epoch: int = EPOCH) -> AbstractContextManager[Buffer]:
    return BUFFERS[path.stem](path, "edge-1", epoch)


@pytest.fixture
def buffer(path: Path) -> Iterator[Buffer]:
    with opened(path) as found:
        found.specs.keep(StoredSpec("m", DIGEST, b"spec", current=True))
        yield found


def batch(rows: int = 5, stream: Stream = Stream.INFERENCES, body: bytes = b"rows") -> RowBatch:
    return RowBatch("m", stream, rows, body, received_ms=1_000)


def sum_of(
    cells: Sequence[int], *, rows: int = 5, start_s: int = 0, section: Section = Section.FEATURES
) -> Sum:
    key = WindowKey("m", DIGEST, 0, start_s, section)
    return Sum(key, 3_600, rows, SIZE, np.array(cells), ready_ms=100)


def remembered(id_: str, start_s: int = 0, expires_ms: int = 9_000) -> Remembered:
    return Remembered("m", id_, DIGEST, start_s, b"record", expires_ms)


def inferences(buffer: Buffer) -> RowLedger:
    return buffer.books.read().ledgers[0].inferences


def take_off(buffer: Buffer, *, now_ms: int = BIG, bytes_max: int = BIG) -> Flight:
    flight = buffer.outbox.take_off(now_ms, bytes_max, empty=False)
    assert flight is not None
    return flight


def test_batches_come_back_in_order_and_whole_up_to_the_limit(buffer: Buffer) -> None:
    buffer.rows.append([batch(5, body=b"a"), batch(5, body=b"b")], [])
    buffer.rows.append([batch(50, body=b"c")], [])

    assert [b.body for b in buffer.rows.waiting(10)] == [b"a", b"b"]
    assert [b.body for b in buffer.rows.waiting(1)] == [b"a"]
    assert [b.body for b in buffer.rows.waiting(60)] == [b"a", b"b", b"c"]


def test_appended_rows_are_recorded_and_pending(buffer: Buffer) -> None:
    buffer.rows.append(
        [batch(5), batch(3)], [Drop("m", Stream.INFERENCES, DropReason.QUEUE_FULL, 2)]
    )

    ledger = inferences(buffer)

    assert ledger == RowLedger(10, 0, 0, 8, {DropReason.QUEUE_FULL: 2})
    assert ledger.balances


def test_a_fold_moves_rows_into_sums_and_books_what_it_drops(buffer: Buffer) -> None:
    buffer.rows.append([batch(5)], [])
    waiting = buffer.rows.waiting(10)

    drop = Drop("m", Stream.INFERENCES, DropReason.CORRUPTION, 1)
    buffer.rows.fold(Fold(waiting, [sum_of([4, 0, 1, -7, 9], rows=4)], drops=[drop]))

    assert not buffer.rows.waiting(10)
    assert inferences(buffer) == RowLedger(5, 4, 0, 4, {DropReason.CORRUPTION: 1})


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


def test_predictions_are_recalled_by_model_and_id_until_they_are_joined(buffer: Buffer) -> None:
    buffer.rows.fold(Fold([], [], remembered=[remembered("a"), remembered("b", 3_600)]))

    found = buffer.rows.recall("m", ["a", "b", "c", "a"])
    buffer.rows.fold(Fold([], [], joined=[found["a"]]))

    assert found == {"a": remembered("a"), "b": remembered("b", 3_600)}
    assert set(buffer.rows.recall("m", ["a", "b"])) == {"b"}
    assert not buffer.rows.recall("other", ["b"])


def test_of_two_predictions_with_one_id_the_first_is_remembered(buffer: Buffer) -> None:
    buffer.rows.append([batch(2)], [])
    buffer.rows.fold(Fold([], [], remembered=[remembered("a"), remembered("a", 3_600)]))

    assert buffer.rows.recall("m", ["a"])["a"].start_s == 0
    assert buffer.books.read().duplicate_ids == {"m": 1}


def test_predictions_are_forgotten_when_their_time_is_over_or_they_are_too_many(
    buffer: Buffer,
) -> None:
    old = [remembered(f"old{i}", expires_ms=10) for i in range(3)]
    buffer.rows.fold(Fold([], [], remembered=[*old, *(remembered(f"r{i}") for i in range(5))]))

    assert buffer.rows.forget(now_ms=10, keep_max=100) == 3
    assert buffer.rows.forget(now_ms=10, keep_max=2) == 3
    assert set(buffer.rows.recall("m", [f"r{i}" for i in range(5)])) == {"r3", "r4"}


def test_a_step_that_fails_changes_nothing(buffer: Buffer) -> None:
    buffer.rows.append([batch(5)], [])
    waiting = buffer.rows.waiting(5)
    broken = replace(sum_of([1] * 5), rows=2**70)

    with pytest.raises((StoreError, OverflowError)):
        buffer.rows.fold(Fold(waiting, [sum_of([1] * 5), broken], remembered=[remembered("a")]))

    assert buffer.rows.waiting(5) == waiting
    assert buffer.books.read().outbox_items == 0
    assert not buffer.rows.recall("m", ["a"])


def test_everything_is_there_after_reopening_and_the_stream_goes_on(path: Path) -> None:
    with opened(path) as buffer:
        buffer.specs.keep(StoredSpec("m", DIGEST, b"spec", current=True))
        buffer.rows.append([batch(5)], [])
        buffer.rows.fold(Fold((), [sum_of([1] * 5)], remembered=[remembered("a")]))
        flight = take_off(buffer)

    with opened(path, epoch=1) as buffer:
        assert take_off(buffer).epoch == flight.epoch == EPOCH
        assert take_off(buffer).sequence == 1
        assert len(buffer.rows.waiting(5)) == 1
        assert set(buffer.rows.recall("m", ["a"])) == {"a"}
        assert [s.spec_bytes for s in buffer.specs.all()] == [b"spec"]


def test_one_spec_of_a_model_is_current_and_old_ones_are_kept(buffer: Buffer) -> None:
    buffer.specs.keep(StoredSpec("m", b"e" * 32, b"newer", current=True))
    buffer.specs.keep(StoredSpec("n", b"f" * 32, b"other", current=True))

    assert {s.spec_bytes: s.current for s in buffer.specs.all()} == {
        b"spec": False,
        b"newer": True,
        b"other": True,
    }
    buffer.specs.keep(StoredSpec("m", DIGEST, b"spec", current=True))
    assert {s.spec_bytes for s in buffer.specs.all() if s.current} == {b"spec", b"other"}


def test_a_second_agent_is_kept_away_from_a_store_in_use(path: Path) -> None:
    with opened(path):
        with pytest.raises(StoreError, match="in use by another agent"), opened(path):
            pass

        assert read_books(path).agent_id == "edge-1"


def test_books_of_no_store_are_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        read_books(tmp_path / "none.db")


def test_a_store_of_another_format_is_refused(path: Path) -> None:
    with opened(path):
        pass
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("PRAGMA user_version = 99")

    with pytest.raises(StoreError, match="format 99"), opened(path):
        pass


def test_a_file_that_is_no_store_is_refused(path: Path) -> None:
    path.write_bytes(b"not a database, but long enough to look like a file" * 100)

    with pytest.raises(StoreError, match=str(path)), opened(path):
        pass


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
