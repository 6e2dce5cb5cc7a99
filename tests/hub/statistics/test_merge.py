"""Which groups are joined, and that nothing else decides it than the rows of both samples."""

from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from whitebox_hub.statistics.groups import GroupPlan
from whitebox_hub.statistics.merge import EXPECTED_ROWS_MIN, Merged, merge
from whitebox_wire.vector import FloatArray


def plan(sizes: list[int], *, ordered: bool) -> GroupPlan:
    groups = sum(sizes)
    return GroupPlan(
        starts=np.arange(groups),
        kept=np.arange(groups),
        stop=groups,
        offsets=np.cumsum([0, *sizes[:-1]]),
        sizes=np.array(sizes),
        ordered=np.full(len(sizes), ordered),
        floor=np.zeros(groups),
    )


def joined(merged: Merged, *counts: FloatArray) -> list[list[float]]:
    return [merged.sum(c).tolist() for c in counts]


def test_large_groups_stay_as_they_are() -> None:
    reference, live = np.full(4, 1_000.0), np.full(4, 50.0)

    merged = merge(plan([4], ordered=True), reference, live)

    assert joined(merged, reference, live) == [[1_000] * 4, [50] * 4]
    assert merged.groups.tolist() == [4]
    assert not merged.rare.any()


def test_neighbours_are_joined_until_five_rows_are_expected_and_a_remainder_joins_the_last() -> (
    None
):
    reference, live = np.full(5, 100.0), np.full(5, 3.0)

    merged = merge(plan([5], ordered=True), reference, live)

    assert joined(merged, live) == [[6, 9, 0, 0, 0]]
    assert merged.groups.tolist() == [2]


def test_rare_categories_are_joined_into_a_rest_that_is_large_enough() -> None:
    reference = np.array([500.0, 30.0, 430.0, 30.0, 30.0])
    live = np.array([50.0, 3.0, 43.0, 3.0, 3.0])

    merged = merge(plan([5], ordered=False), reference, live)

    assert joined(merged, reference) == [[500, 430, 0, 0, 90]]
    assert merged.groups.tolist() == [3]
    assert not merged.rare.any()


def test_a_rest_that_is_too_small_is_tested_apart() -> None:
    reference = np.array([9_000.0, 9_000.0, 3.0, 0.0])
    live = np.array([50.0, 50.0, 0.0, 1.0])

    merged = merge(plan([4], ordered=False), reference, live)

    assert joined(merged, live) == [[50, 50, 0, 1]]
    assert merged.groups.tolist() == [2]
    assert merged.rare.all()


def test_a_numeric_group_of_next_to_nothing_is_not_joined_to_its_neighbour() -> None:
    reference = np.array([0.0, 9_000.0, 9_000.0])
    live = np.array([4.0, 98.0, 98.0])

    merged = merge(plan([3], ordered=True), reference, live)

    assert joined(merged, live) == [[98, 98, 4]]
    assert merged.rare.all()


def test_a_category_not_above_its_floor_belongs_to_the_rest_however_large_it_is() -> None:
    floored = plan([3], ordered=False)
    floored.floor[1] = np.inf
    reference, live = np.array([900.0, 900.0, 900.0]), np.array([90.0, 90.0, 90.0])

    merged = merge(floored, reference, live)

    assert joined(merged, live) == [[90, 90, 90]]
    assert merged.last.tolist() == [2]
    assert merged.place.tolist() == [0, 2, 1]


rows = st.lists(st.integers(0, 400), min_size=12, max_size=12)


@given(rows, rows, st.booleans(), st.randoms(use_true_random=False))
def test_the_choice_depends_on_the_rows_of_both_samples_together_alone(
    before: list[int],
    now: list[int],
    ordered: bool,
    random: Random,
) -> None:
    reference, live = np.array(before, np.float64), np.array(now, np.float64)
    cut = plan([5, 7], ordered=ordered)
    # Move rows between the samples such that each column's totals stay.
    other, moved = reference.copy(), live.copy()
    for begin, end in ((0, 5), (5, 12)):
        a, b = random.sample(range(begin, end), 2)
        step = min(other[a], moved[b])
        other[a] -= step
        moved[a] += step
        other[b] += step
        moved[b] -= step

    first, second = merge(cut, reference, live), merge(cut, other, moved)

    assert first.place.tolist() == second.place.tolist()
    assert first.rare.tolist() == second.rare.tolist()


@given(rows, rows, st.booleans())
def test_no_row_is_lost_and_groups_that_count_are_large_enough(
    before: list[int],
    now: list[int],
    ordered: bool,
) -> None:
    reference, live = np.array(before, np.float64), np.array(now, np.float64)
    cut = plan([5, 7], ordered=ordered)

    merged = merge(cut, reference, live)

    for counts in (reference, live):
        assert cut.total(merged.sum(counts)).tolist() == cut.total(counts).tolist()
    known, lately = cut.total(reference), cut.total(live)
    both = merged.sum(reference + live)
    share = np.minimum(known, lately) / np.maximum(known + lately, 1)
    for column, (begin, size) in enumerate(((0, 5), (5, 7))):
        used = both[begin : begin + size] * share[column]
        if merged.groups[column] > 1:
            large = np.count_nonzero(used >= EXPECTED_ROWS_MIN - 1e-9)
            assert large == merged.groups[column]
