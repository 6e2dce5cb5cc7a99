"""What every store promises of sums and the ledger."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contract.store.conftest import (
    EDGE,
    LEDGER,
    group,
    partial,
    vector,
    window,
)
from whitebox_hub.store import (
    Position,
    Store,
    StoreConflictError,
    Stream,
    Totals,
)
from whitebox_wire.layout import Section
from whitebox_wire.messages import Rejection, RejectReason
from whitebox_wire.stored import peak


def test_a_window_is_the_exact_sum_of_its_partials(store: Store) -> None:
    store.sketches.commit(group(partial(vector(1)), partial(vector(2))))
    store.sketches.commit(group(partial(vector(3)), sequence=2))

    sums = store.sketches.vectors(window())

    assert list(sums) == [Section.FEATURES]
    assert np.array_equal(sums[Section.FEATURES], vector(1) + vector(2) + vector(3))


def test_compaction_changes_no_sum_and_leaves_one_partial_a_section(store: Store) -> None:
    for sequence in range(1, 12):
        store.sketches.commit(group(partial(vector(sequence), rows=3), sequence=sequence))
    before = store.sketches.vectors(window())[Section.FEATURES]
    rows = store.sketches.totals("m").rows

    folded = store.sketches.compact(10)

    assert folded == 1
    assert store.sketches.compact(10) == 0
    assert np.array_equal(store.sketches.vectors(window())[Section.FEATURES], before)
    assert store.sketches.totals("m") == Totals(rows=rows, windows=1)
    assert store.sketches.peaks([window()]) == {(window(), Section.FEATURES): peak(before)}


def test_a_peak_bounds_every_cell_of_the_sum(store: Store) -> None:
    store.sketches.commit(group(partial(vector(1)), partial(vector(2))))

    bound = store.sketches.peaks([window(), window(3_600)])

    assert bound == {(window(), Section.FEATURES): peak(vector(1)) + peak(vector(2))}
    assert peak(store.sketches.vectors(window())[Section.FEATURES]) <= max(bound.values())


def test_a_position_holds_the_last_sequence_and_what_was_refused_of_it(store: Store) -> None:
    refused = (Rejection(1, RejectReason.OVERFLOW, "too much"),)

    store.sketches.commit(group(rejections=refused))

    other = Stream("edge", 1)
    assert store.sketches.positions([EDGE, other]) == {EDGE: Position(1, refused)}


@pytest.mark.parametrize("sequence", [1, 3])
def test_a_group_that_expects_another_position_changes_nothing(store: Store, sequence: int) -> None:
    store.sketches.commit(group(partial(vector(1))))

    with pytest.raises(StoreConflictError):
        store.sketches.commit(group(partial(vector(2)), sequence=sequence))

    assert store.sketches.positions([EDGE])[EDGE].sequence == 1
    assert np.array_equal(store.sketches.vectors(window())[Section.FEATURES], vector(1))


def test_a_group_for_a_deleted_model_changes_nothing(store: Store) -> None:
    store.records.delete_model("m")

    with pytest.raises(StoreConflictError):
        store.sketches.commit(group(partial(vector(1))))

    assert store.sketches.positions([EDGE]) == {}


def test_agents_are_listed_with_their_ledgers_and_summed_counts(store: Store) -> None:
    store.sketches.commit(group())
    store.sketches.commit(group(sequence=2))

    [status] = store.sketches.agents("", 10)

    assert (status.stream, status.sequence, status.last_seen_ms) == (EDGE, 2, 2_000)
    assert (status.rows, status.labelled_rows, status.received_bytes) == (8, 4, 200)
    assert status.ledgers == (LEDGER,)
    assert store.sketches.agents("edge", 10) == ()


def test_windows_are_the_newest_ones_oldest_first(store: Store) -> None:
    starts = (7_200, 0, 3_600)
    store.sketches.commit(group(*(partial(vector(s), s) for s in starts)))

    assert store.sketches.windows("m", 0, 2) == (window(3_600), window(7_200))
    assert store.sketches.windows("m", 1, 2) == ()


def test_windows_can_end_at_a_time(store: Store) -> None:
    store.sketches.commit(group(*(partial(vector(s), s) for s in (0, 3_600, 7_200))))

    assert store.sketches.windows("m", 0, 9, 3_600) == (window(), window(3_600))
    assert store.sketches.windows("m", 0, 1, 7_199) == (window(3_600),)
    assert store.sketches.windows("m", 0, 9, -1) == ()
