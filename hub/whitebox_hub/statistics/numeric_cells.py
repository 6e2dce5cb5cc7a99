"""The fine cells of all numeric columns at once: where they lie, how wide they are, their sums.

Cells of a column stand one after another, the open outer ones first and last. Lengths are in units
of the column's own scale, as its sums are, so that columns of any unit stand in one array.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from whitebox_hub.statistics.groups import IntArray
from whitebox_hub.statistics.shares import both_filled, shares
from whitebox_wire.layout import NumericBlock
from whitebox_wire.spec import NumericBins
from whitebox_wire.vector import ONE, FloatArray, IntVector

# No cell is wider than this many scales, so that widths stay finite: values are clipped far below.
WIDTH_MAX = 2.0**20


@dataclass(frozen=True, slots=True)
class NumericCells:
    """`places` are all columns' cells in a vector, `widths` theirs (0 if outer); shape [cells].

    `offsets` and `sizes`, shape [columns], say where a column's cells lie among all; `sums`, shape
    [columns, 4], are the places of s1, s2, excess_low and excess_high; `scales` have shape
    [columns].
    """

    places: IntArray
    widths: FloatArray
    offsets: IntArray
    sizes: IntArray
    sums: IntArray
    scales: FloatArray

    @staticmethod
    def of(blocks: Sequence[NumericBlock], bins: Sequence[NumericBins]) -> NumericCells:
        """The cells of at least one column."""
        sizes = [b.cells for b in bins]
        runs = [np.arange(block.bins.start, block.bins.stop, dtype=np.intp) for block in blocks]
        widths = [_widths(b) for b in bins]
        sums = [(b.s1, b.s2, b.excess_low, b.excess_high) for b in blocks]
        return NumericCells(
            places=np.concatenate(runs),
            widths=np.concatenate(widths),
            offsets=np.array([0, *accumulate(sizes[:-1])], np.intp),
            sizes=np.array(sizes, np.intp),
            sums=np.array(sums, np.intp),
            scales=np.array([b.scale for b in bins]),
        )

    @property
    def count(self) -> int:
        """Cells of all columns together."""
        return int(self.places.size)

    def read(self, vector: IntVector) -> NumericSample:
        """What a vector says of all columns."""
        counts = np.maximum(vector[self.places], 0).astype(np.float64)
        return NumericSample(self, counts, vector[self.sums] / ONE)


@dataclass(frozen=True, slots=True)
class NumericSample:
    """Rows by cell, shape [cells], none negative; sums in scales, shape [columns, 4]."""

    cells: NumericCells
    counts: FloatArray
    sums: FloatArray

    @property
    def rows(self) -> FloatArray:
        """Rows with a value, shape [columns]."""
        return np.add.reduceat(self.counts, self.cells.offsets)

    @property
    def means(self) -> FloatArray:
        """Means of s1, s2, excess_low and excess_high: shape [columns, 4]; 0 without rows."""
        rows = self.rows[:, None]
        result: FloatArray = np.divide(
            self.sums, rows, out=np.zeros_like(self.sums), where=rows > 0
        )
        return result

    @property
    def deviations(self) -> FloatArray:
        """Standard deviations (of n) in scales, shape [columns]; 0 where values do not vary.

        A row's sums are right to half a unit, so a smaller variance cannot be told from none.
        """
        s1, s2 = self.means[:, 0], self.means[:, 1]
        variance = s2 - s1 * s1
        result: FloatArray = np.sqrt(np.where(variance * ONE > 2 * (1 + np.abs(s1)), variance, 0.0))
        return result


def below_edges(reference: NumericSample, live: NumericSample) -> FloatArray:
    """Live minus reference share of the rows below each cell's upper edge, shape [cells].

    It is 0 at a column's last cell, and everywhere in a column without rows on one side.
    """
    offsets, sizes = reference.cells.offsets, reference.cells.sizes
    apart = shares(live.counts, offsets) - shares(reference.counts, offsets)
    both = both_filled(reference.counts, live.counts, offsets)
    # Every column's differences sum to nothing, so one running sum serves all columns.
    return np.cumsum(np.where(np.repeat(both, sizes), apart, 0.0))


def _widths(bins: NumericBins) -> FloatArray:
    edges = np.array(bins.edges)
    with np.errstate(over="ignore"):
        inner = np.minimum(np.diff(edges) / bins.scale, WIDTH_MAX)
    return np.concatenate(([0.0], inner, [0.0]))
