"""A small regression tree of a loss over cells, grown leaf by leaf where it explains most. Pure.

Splits lie between the spec's own cells: a threshold is a bin edge and says no more of the rows
than the spec says already, and a set of categories is a set of cells. That, missing values and the
same tree on every machine are why it is grown here; scikit-learn's `DecisionTreeRegressor` grows
the same tree (best first, squared error) of numbers alone and rounds them to 32 bits. A split is
found by one count over all columns at once (as in LightGBM, Ke et al. 2017); categories stand in
the order of their mean loss, for which one cut is the best subset (Fisher 1958).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from whitebox_wire.vector import FloatArray

IntArray = npt.NDArray[np.intp]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Cells:
    """Rows by cell of every column. The last of a column's `sizes` cells is of missing values.

    `codes` has shape [rows, columns]; `ordered` columns are numbers, the others categories. The
    value has no slots, since it keeps what it works out.
    """

    codes: npt.NDArray[np.uint16]
    sizes: IntArray
    ordered: BoolArray

    @cached_property
    def starts(self) -> IntArray:
        """The first cell of each column among the cells of all."""
        return np.concatenate(([0], np.cumsum(self.sizes)[:-1])).astype(np.intp)

    @cached_property
    def column(self) -> IntArray:
        """The column of each cell."""
        return np.repeat(np.arange(self.sizes.size), self.sizes)

    @cached_property
    def missing(self) -> IntArray:
        """The cell of each column's missing values."""
        return self.starts + self.sizes - 1


@dataclass(frozen=True, slots=True)
class Split:
    """`leaf` is parted: rows in `passing` cells of the column go left and keep its number, the
    others become the next leaf. `missing_left` says where missing values go.
    """

    leaf: int
    column: int
    passing: tuple[int, ...]
    missing_left: bool


@dataclass(frozen=True, slots=True)
class _Candidate:
    gain: float
    column: int
    passing: tuple[int, ...]
    missing_left: bool


def grow(cells: Cells, loss: FloatArray, leaves_max: int, leaf_rows_min: int) -> list[Split]:
    """The splits that lessen the squared error most, in order; ties go to the first column.

    `loss` has shape [rows]. No leaf has fewer than `leaf_rows_min` rows.
    """
    leaves: list[IntArray] = [np.arange(loss.size)]
    best = [_best_split(cells, loss, leaves[0], leaf_rows_min)]
    splits: list[Split] = []
    while len(leaves) < leaves_max:
        at = max(range(len(best)), key=lambda leaf: _gain(best[leaf]))
        chosen = best[at]
        if chosen is None:
            break
        split = Split(at, chosen.column, chosen.passing, chosen.missing_left)
        left = passes(cells, split, leaves[at])
        leaves.append(leaves[at][~left])
        leaves[at] = leaves[at][left]
        splits.append(split)
        best[at] = _best_split(cells, loss, leaves[at], leaf_rows_min)
        best.append(_best_split(cells, loss, leaves[-1], leaf_rows_min))
    return splits


def _gain(candidate: _Candidate | None) -> float:
    return candidate.gain if candidate else 0.0


def passes(cells: Cells, split: Split, rows: IntArray) -> BoolArray:
    """Which rows go left at a split; shape of `rows`."""
    table = np.zeros(cells.sizes[split.column], np.bool_)
    table[list(split.passing)] = True
    table[-1] = split.missing_left
    found: BoolArray = table[cells.codes[rows, split.column]]
    return found


def leaf_of(cells: Cells, splits: list[Split]) -> IntArray:
    """The leaf of every row after all splits; shape [rows]."""
    leaf = np.zeros(len(cells.codes), np.intp)
    for number, split in enumerate(splits, start=1):
        rows = np.flatnonzero(leaf == split.leaf)
        leaf[rows[~passes(cells, split, rows)]] = number
    return leaf


def _best_split(cells: Cells, loss: FloatArray, rows: IntArray, rows_min: int) -> _Candidate | None:
    """The best split of some rows; None where none lessens the error.

    With n rows and losses' sum s, a split into a and b lessens the squared error by
    s_a**2 / n_a + s_b**2 / n_b - s**2 / n.
    """
    if rows.size < 2 * rows_min:
        return None
    # Losses are taken from their mean: then s is 0 and no digits are lost.
    centred = loss[rows] - loss[rows].mean()
    place = cells.codes[rows] + cells.starts
    count = np.bincount(place.ravel(), minlength=cells.column.size).astype(np.float64)
    repeated = np.repeat(centred, cells.sizes.size)
    total = np.bincount(place.ravel(), repeated, cells.column.size).astype(np.float64)
    order = _order(cells, count, total)
    n, s = _running(cells, count[order]), _running(cells, total[order])
    gains = np.full((2, n.size), -np.inf)
    of = cells.column[order]
    for missing_left in (False, True):
        left = n + missing_left * count[cells.missing][of]
        part = s + missing_left * total[cells.missing][of]
        right = rows.size - left
        fair = (left >= rows_min) & (right >= rows_min)
        gains[int(missing_left), fair] = part[fair] ** 2 * (1 / left[fair] + 1 / right[fair])
    # Behind the last two cells (the last value's, and the missing ones') nothing is left to part.
    gains[:, cells.missing] = gains[:, cells.missing - 1] = -np.inf
    side, at = divmod(int(gains.argmax()), n.size)
    gain = float(gains[side, at])
    if gain <= 1e-9 * float(centred @ centred):
        return None
    column = int(of[at])
    passing = order[cells.starts[column] : at + 1] - cells.starts[column]
    return _Candidate(gain, column, tuple(sorted(passing.tolist())), bool(side))


def _order(cells: Cells, count: FloatArray, total: FloatArray) -> IntArray:
    """All cells, column by column: numbers as they are, categories by mean loss, missing last."""
    mean = np.divide(total, count, out=np.zeros_like(total), where=count > 0)
    key = np.where(cells.ordered[cells.column], np.arange(mean.size), mean)
    key[cells.missing] = np.inf
    return np.lexsort((key, cells.column)).astype(np.intp)


def _running(cells: Cells, values: FloatArray) -> FloatArray:
    """The sum of each column's values up to each place, missing ones left out."""
    present = values.copy()
    present[cells.missing] = 0.0
    sums = np.cumsum(present)
    before = np.concatenate(([0.0], sums))[cells.starts]
    running: FloatArray = sums - before[cells.column]
    return running
