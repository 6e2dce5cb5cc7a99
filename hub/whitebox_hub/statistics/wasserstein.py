"""The Wasserstein-1 distance: how far rows lie apart on average, in units of the column's scale.

W1 = integral of |F - G| over all values (Vallender 1974), F and G the shares of rows below them.
Both are known at the edges. Beyond the outermost ones the integral of F - G is exactly the
difference of the mean excesses, and over all values that of the means. Between edges F and G are
monotone cubics (Fritsch and Butland 1984), or in a column that is binned value by value steps in
the middle of the cells; what these miss of the known integral is given to the cells that may have
missed it: those whose share changed, by their width. So a pure shift is exact.

W1 is that of the rows within 0.005 standard deviations or 4 % of itself (0.01 with 1,000 rows),
while values lie within 1,000 scales of the centre: beyond, they are clipped where they are
recorded.
"""

from __future__ import annotations

import numpy as np

from whitebox_hub.statistics.numeric_cells import NumericSample, below_edges
from whitebox_hub.statistics.shares import both_filled, shares
from whitebox_wire.bins import DISTINCT_MAX
from whitebox_wire.vector import FloatArray

# Cells narrower than this many scales hold one value.
_ATOM_WIDTH = 1e-9


def wasserstein(reference: NumericSample, live: NumericSample) -> FloatArray:
    """W1 of every column in scales: float64, shape [columns]; 0 without rows on one side."""
    cells, offsets = reference.cells, reference.cells.offsets
    apart = live.means - reference.means
    areas = _areas(reference, live)
    changed = np.abs(shares(live.counts, offsets) - shares(reference.counts, offsets))
    doubt = changed * cells.widths
    # The integral of F - G over the inner cells, from the means and the excesses.
    known = apart[:, 3] - apart[:, 2] - apart[:, 0]
    missed = known - np.add.reduceat(areas, offsets)
    whole = np.add.reduceat(doubt, offsets)
    missed = np.divide(missed, whole, out=np.zeros_like(whole), where=whole > 0)
    # No cell's area changes by more than its doubt: the rest was clipped.
    areas += np.repeat(np.clip(missed, -1.0, 1.0), cells.sizes) * doubt
    distance = np.add.reduceat(np.abs(areas), offsets) + np.abs(apart[:, 2:]).sum(axis=1)
    both = both_filled(reference.counts, live.counts, offsets)
    return np.where(both, np.maximum(distance, np.abs(apart[:, 0])), 0.0)


def _areas(reference: NumericSample, live: NumericSample) -> FloatArray:
    """The integral of F - G over each cell, or if by value around its upper edge; shape [cells]."""
    cells = reference.cells
    below, widths = below_edges(reference, live), cells.widths
    bend = _densities(live) - _densities(reference)
    left, left_bend = _previous(below), _previous(bend)
    cubic = widths * (left + below) / 2 + widths * widths * (left_bend - bend) / 12
    steps = below * (widths + _next(widths)) / 2
    by_value = np.repeat(cells.sizes <= DISTINCT_MAX + 2, cells.sizes)
    return np.where(by_value, steps, cubic)


def _densities(sample: NumericSample) -> FloatArray:
    """The density at each cell's upper edge, shape [cells]: a harmonic mean of both cells'.

    Beside a cell of one value, and beside an outer cell, it is that of the other cell.
    """
    cells = sample.cells
    width, wide = cells.widths, cells.widths > _ATOM_WIDTH
    density = np.divide(
        shares(sample.counts, cells.offsets), width, out=np.zeros_like(width), where=wide
    )
    next_width, next_density = _next(width), _next(density)
    next_wide = next_width > _ATOM_WIDTH
    mixed = wide & next_wide & (density > 0) & (next_density > 0)
    a, b = np.where(mixed, density, 1.0), np.where(mixed, next_density, 1.0)
    weight, next_weight = 2 * next_width + width, next_width + 2 * width
    mean = 3 * (width + next_width) / np.maximum(weight / a + next_weight / b, _ATOM_WIDTH)
    one = np.where(wide, density, next_density)
    return np.where(wide & next_wide, np.where(mixed, mean, 0.0), one)


def _previous(values: FloatArray) -> FloatArray:
    """The value of the cell before; columns do not mix, as outer cells have no width."""
    return np.concatenate((np.zeros(1, values.dtype), values[:-1]))


def _next(values: FloatArray) -> FloatArray:
    return np.concatenate((values[1:], np.zeros(1, values.dtype)))
