"""Merging: join groups until each is expected to hold five rows, so that a test's law holds.

What is joined follows from the rows of both samples together, never from how they fall to one or
the other. Given those sums nothing but the split is left to chance, so the choice does not bend
the test's law; to choose by the reference's counts alone would, as its frequent categories are
less frequent in the next sample. Expected rows are counted in the smaller sample.

- Numeric: neighbours are joined from the left; a remainder joins the last group.
- Categorical: groups too small for themselves, or not above their floor, are joined into a rest.
- Groups of which next to nothing is expected (a numeric group of less than half a row, and every
  group of a rest that falls short of five rows) are *rare* and are not joined to a large one,
  where new rows in them would go unseen: they are counted together and tested apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from whitebox_hub.statistics.groups import BoolArray, GroupPlan, IntArray
from whitebox_wire.vector import FloatArray

EXPECTED_ROWS_MIN = 5.0
RARE_EXPECTED_ROWS = 0.5


@dataclass(frozen=True, slots=True)
class Merged:
    """For every group its new place, shape [groups]; places of a column are `plan`'s own.

    A column's joined groups come first. The last place of a column holds what was set aside
    (`aside`, shape [columns]): as a group like the others, or where `rare` apart from them.
    `groups`, shape [columns], counts the groups that are large enough; unused places stay zero.
    """

    plan: GroupPlan
    place: IntArray
    groups: IntArray
    aside: BoolArray
    rare: BoolArray

    def sum(self, counts: FloatArray) -> FloatArray:
        """Rows in every joined group: float64, shape [groups]."""
        sums: FloatArray = np.bincount(self.place, counts, counts.size).astype(np.float64)
        return sums

    @property
    def last(self) -> IntArray:
        """The last place of every column."""
        return self.plan.offsets + self.plan.sizes - 1


def merge(plan: GroupPlan, reference: FloatArray, live: FloatArray) -> Merged:
    """Join groups by the counts of both samples, shape [groups]."""
    both, known, rows = reference + live, plan.total(reference), plan.total(live)
    expected = both * np.repeat(_share(np.minimum(known, rows), known + rows), plan.sizes)
    of_reference = both * np.repeat(_share(known, known + rows), plan.sizes)
    least = np.where(plan.ordered, RARE_EXPECTED_ROWS, EXPECTED_ROWS_MIN)
    small = (expected < np.repeat(least, plan.sizes)) | (of_reference <= plan.floor)
    rank = _rank(plan, ~small)
    _join_neighbours(plan, expected, small, rank)
    aside = np.add.reduceat(small, plan.offsets, dtype=np.intp) > 0
    set_aside = plan.total(np.where(small, expected, 0.0))
    joined = np.maximum.reduceat(np.where(small, 0, rank + 1), plan.offsets)
    large = set_aside >= EXPECTED_ROWS_MIN
    ends = np.repeat(plan.sizes - 1, plan.sizes)
    return Merged(
        plan=plan,
        place=np.repeat(plan.offsets, plan.sizes) + np.where(small, ends, rank),
        groups=joined + large,
        aside=aside,
        rare=aside & ~large,
    )


def _share(part: FloatArray, whole: FloatArray) -> FloatArray:
    shares: FloatArray = np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0)
    return shares


def _rank(plan: GroupPlan, chosen: BoolArray) -> IntArray:
    """For each group, how many chosen groups of its column come before it."""
    before: IntArray = np.cumsum(chosen, dtype=np.intp) - chosen
    return before - np.repeat(before[plan.offsets], plan.sizes)


def _join_neighbours(
    plan: GroupPlan, expected: FloatArray, small: BoolArray, rank: IntArray
) -> None:
    """Overwrite the ranks of numeric groups: a new rank begins when five rows are reached."""
    columns = np.flatnonzero(plan.ordered)
    offsets, sizes = plan.offsets[columns], plan.sizes[columns]
    width = int(sizes.max(initial=0))
    collected = np.zeros(columns.size)
    current = np.zeros(columns.size, np.intp)
    for step in range(width):
        inside = step < sizes
        at = offsets[inside] + step
        rank[at] = current[inside]
        collected[inside] += np.where(small[at], 0.0, expected[at])
        full = collected >= EXPECTED_ROWS_MIN
        current += full
        collected[full] = 0.0
    # A remainder of less than five rows has no rank of its own.
    numeric = np.repeat(plan.ordered, plan.sizes)
    last = np.maximum(current - 1, 0)
    rank[numeric] = np.minimum(rank[numeric], np.repeat(last, sizes))
