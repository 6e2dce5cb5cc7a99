"""LossTree: how wrong a regression model was on its reference, by kind of row.

A small regression tree of the reference's per-row loss, made where the training set lies. Agents
count rows by leaf; with the leaves' mean losses a hub estimates the loss of rows that have no
label (direct loss estimation). The loss is abs(prediction - target) in the target's units;
deviations divide by n, so mean**2 + deviation**2 is a leaf's mean squared error.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from whitebox_wire.errors import SpecError
from whitebox_wire.features import CategoricalBins, NumericBins

LEAVES_MAX = 32


@dataclass(frozen=True, slots=True)
class LossSplit:
    """Where a row goes on: left if it passes the test, else right.

    `feature` is a place in the spec's features, or their number for the predicted value. `test` is
    a threshold (x < test passes, in float64) or the passing cells of a categorical feature
    (vocabulary, other, unseen). A missing or invalid value goes left if `missing_left`.
    `left` and `right` are places of later splits, or -1 - the place of a leaf.
    """

    feature: int
    test: float | tuple[int, ...]
    left: int
    right: int
    missing_left: bool = False


@dataclass(frozen=True, slots=True)
class LossTree:
    """Splits, the first being the root, and for each leaf the reference's loss."""

    splits: tuple[LossSplit, ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...]

    @property
    def leaves(self) -> int:
        return len(self.means)

    def check(self, columns: Sequence[NumericBins | CategoricalBins]) -> None:
        """Raise SpecError unless this is one tree over `columns` (features, then prediction)."""
        if not 2 <= self.leaves <= LEAVES_MAX or len(self.splits) != self.leaves - 1:
            raise SpecError(
                f"loss tree: {len(self.splits)} splits and {self.leaves} leaves",
                hint=f"2 to {LEAVES_MAX} leaves are possible, and one split fewer",
            )
        losses = (*self.means, *self.deviations)
        if len(self.deviations) != self.leaves or not all(0 <= x < math.inf for x in losses):
            raise SpecError("loss tree: each leaf needs a finite mean and deviation from 0")
        children = sorted(child for s in self.splits for child in (s.left, s.right))
        if children != [*range(-self.leaves, 0), *range(1, len(self.splits))]:
            raise SpecError("loss tree: every leaf, and every split but the root, has one parent")
        for place, split in enumerate(self.splits):
            if any(0 <= child <= place for child in (split.left, split.right)):
                raise SpecError(f"loss tree: split {place} leads to one that is not behind it")
            _check_test(split, columns, f"loss tree: split {place}")


def _check_test(
    split: LossSplit, columns: Sequence[NumericBins | CategoricalBins], what: str
) -> None:
    if not 0 <= split.feature < len(columns):
        raise SpecError(f"{what} asks for feature {split.feature} of {len(columns) - 1}")
    bins = columns[split.feature]
    if isinstance(bins, NumericBins):
        if isinstance(split.test, tuple) or not math.isfinite(split.test):
            raise SpecError(f"{what} needs a finite threshold for a number")
        return
    if not isinstance(split.test, tuple):
        raise SpecError(f"{what} needs a set of cells for a category")
    if not split.test or list(split.test) != sorted(set(split.test)):
        raise SpecError(f"{what} needs one cell or more, in rising order")
    if not 0 <= split.test[0] <= split.test[-1] < bins.cells:
        raise SpecError(f"{what} asks for a cell beyond the feature's {bins.cells}")
