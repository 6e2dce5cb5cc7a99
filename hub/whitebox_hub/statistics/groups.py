"""Groups: about ten of equal reference mass for a numeric column, the categories of another.

Fine cells are for histograms and quantiles; drift is judged on fewer, larger groups. A plan is a
pure function of the layout and the reference's counts, so every window is cut alike, and one
`np.add.reduceat` over the whole features section counts all groups of all columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from whitebox_wire.layout import CategoricalBlock, ClassPredictionBlock, NumericBlock
from whitebox_wire.vector import FloatArray, IntVector

GROUPS_PER_NUMERIC = 10
# How far, in standard deviations of a count, a category must lie above the vocabulary's edge.
EDGE_DEVIATIONS = 3.0

IntArray = npt.NDArray[np.intp]
BoolArray = npt.NDArray[np.bool_]
ColumnBlock = NumericBlock | CategoricalBlock | ClassPredictionBlock


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """Runs of cells, and which of them are the groups of which column.

    `starts` are the cells at which runs begin, the last run ending before `stop`; `kept` are the
    runs that are groups (a numeric column's missing and every column's invalid cells are not).
    `offsets` and `sizes`, shape [columns], say where a column's groups lie among all groups;
    `ordered` is true for numeric columns, whose neighbouring groups may be joined. A group
    expected to hold no more reference rows than its `floor`, shape [groups], is not judged alone.
    """

    starts: IntArray
    kept: IntArray
    stop: int
    offsets: IntArray
    sizes: IntArray
    ordered: BoolArray
    floor: FloatArray

    def sums(self, vector: IntVector) -> FloatArray:
        """Rows in every group of a features vector, with their noise: float64, shape [groups]."""
        counts = vector[: self.stop].astype(np.float64)
        groups: FloatArray = np.add.reduceat(counts, self.starts)[self.kept]
        return groups

    def count(self, vector: IntVector) -> FloatArray:
        """Rows in every group: float64, shape [groups], none negative.

        Sums are cut at zero, not cells, so that noise of cells cancels as far as it can.
        """
        return np.maximum(self.sums(vector), 0.0)

    def total(self, groups: FloatArray) -> FloatArray:
        """Sums of a quantity over each column's groups: float64, shape [columns]."""
        return np.add.reduceat(groups, self.offsets)


def plan_groups(blocks: Sequence[ColumnBlock], reference: IntVector) -> GroupPlan:
    """The plan for columns that lie one after another in a features vector."""
    starts: list[int] = []
    kept: list[int] = []
    floors: list[FloatArray] = []
    offsets, ordered = [], []
    for block in blocks:
        offsets.append(len(kept))
        ordered.append(isinstance(block, NumericBlock))
        groups, others = _runs(block, reference)
        kept += range(len(starts), len(starts) + len(groups))
        starts += groups + others
        floors.append(_floor(block, reference, len(groups)))
    return GroupPlan(
        starts=np.array(starts, np.intp),
        kept=np.array(kept, np.intp),
        stop=_stop(blocks[-1]),
        offsets=np.array(offsets, np.intp),
        sizes=np.array([b - a for a, b in pairwise([*offsets, len(kept)])], np.intp),
        ordered=np.array(ordered, np.bool_),
        floor=np.concatenate(floors),
    )


def _runs(block: ColumnBlock, reference: IntVector) -> tuple[list[int], list[int]]:
    """Where a block's groups begin, and where its cells that are in no group begin."""
    if isinstance(block, NumericBlock):
        inner = equal_mass(reference[block.bins]) + block.bins.start
        return [block.bins.start, *inner.tolist()], [block.missing]
    if isinstance(block, CategoricalBlock):
        return [*range(block.bins.start, block.bins.stop), block.missing], [block.invalid]
    return [*range(block.predicted.start, block.predicted.stop), block.unknown, block.missing], []


def _floor(block: ColumnBlock, reference: IntVector, groups: int) -> FloatArray:
    """The floors of a block's groups: zero but for categories.

    `other` and `unseen` are what the reference's own counts left out of the vocabulary, so the
    next sample always holds more of them: they belong to the rest. If the vocabulary could not
    hold every category, those near its edge are in it by luck and belong to the rest too.
    """
    floor = np.zeros(groups)
    if isinstance(block, CategoricalBlock):
        known = block.other - block.bins.start
        floor[known : known + 2] = np.inf
        if reference[block.other] > 0:
            edge = max(float(reference[block.bins.start : block.other].min()), 0.0)
            floor[:known] = edge + EDGE_DEVIATIONS * edge**0.5
    return floor


def _stop(block: ColumnBlock) -> int:
    return (block.missing if isinstance(block, ClassPredictionBlock) else block.invalid) + 1


def equal_mass(counts: npt.NDArray[np.integer], groups: int = GROUPS_PER_NUMERIC) -> IntVector:
    """The first cells of the second and later groups of about equal mass.

    The k-th boundary is the cell edge whose mass below is nearest to k / groups of the whole;
    boundaries that coincide are one. Among edges with no mass between them the one beside the
    data is taken, so what lies outside the reference's range is a group of its own when a
    value is heavy.

    >>> equal_mass(np.array([1, 1, 1, 1]), 2), equal_mass(np.array([0, 9, 0, 0]))
    (array([2]), array([1, 2]))
    """
    below = np.cumsum(np.maximum(counts, 0))
    total, below = below[-1], below[:-1]
    if not total or not below.size:
        return np.empty(0, np.int64)
    marks = np.arange(1, groups) * (total / groups)
    right = np.clip(np.searchsorted(below, marks), 0, below.size - 1)
    left = np.maximum(right - 1, 0)
    nearest = np.where(below[right] - marks < marks - below[left], right, left)
    return np.unique(nearest) + 1
