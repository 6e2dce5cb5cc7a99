"""What every agent's store promises of rows and of remembered predictions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.contract.buffer.conftest import (
    batch,
    inferences,
    remembered,
    sum_of,
)
from whitebox_agent.buffer import (
    Buffer,
    Drop,
    Fold,
    StoreError,
    Stream,
)
from whitebox_wire.messages import DropReason, RowLedger


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
