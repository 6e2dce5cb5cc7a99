"""Counting cells by an affine map to a uniform grid.

A column's grid spans its core: the edges without the widest tails. Rounding never matters: the
map is monotone, so a value in a lower (higher) grid cell than an edge lies below (above) it, and
within the edge's own grid cell the value itself is compared. Values beyond the core are searched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from whitebox_agent.fold.columns import TERM_MAX, NumericColumns, Tally, add_moments, excess
from whitebox_wire.vector import FloatArray

GRID_CELLS = 2_048
# Edges outside the core on either side: tails double in width, so a few hold next to nothing.
_TAIL_EDGES = 4
# A grid cell with more edges than this would cost more compares than a sort.
_EDGES_PER_CELL_MAX = 2


@dataclass(frozen=True, slots=True)
class Grids:
    """The grids of several columns. Column i's place in the tables is `i * GRID_CELLS + g`.

    `base` is the bin that grid cell g begins in, plus `i * width`; `inner[k]` its k-th edge or an
    infinity. `low` and `high` (shape [columns, 1]) bound the core. `ends` are the bins at those
    bounds and `tails` the edges on their far sides, or infinities: shapes [columns, 2] and
    [columns, 2, 4], low before high. `usable` marks the columns that have a grid, `uneven` those
    with a grid cell that holds two edges.
    """

    width: int
    low: FloatArray
    high: FloatArray
    factor: FloatArray
    base: npt.NDArray[np.intp]
    inner: tuple[FloatArray, ...]
    ends: npt.NDArray[np.intp]
    tails: FloatArray
    usable: npt.NDArray[np.bool_]
    uneven: npt.NDArray[np.bool_]

    @staticmethod
    def of(edges: Sequence[FloatArray]) -> Grids:
        count = len(edges)
        width = max((e.size + 1 for e in edges), default=1)
        low, high, factor = np.zeros((3, count, 1))
        ends, tails = np.zeros((count, 2), np.intp), np.full((count, 2, _TAIL_EDGES), np.inf)
        usable, uneven = np.zeros((2, count), bool)
        base = np.zeros((count, GRID_CELLS), np.intp)
        inner = np.full((_EDGES_PER_CELL_MAX, count, GRID_CELLS), np.inf)
        for i, column in enumerate(edges):
            tail = _TAIL_EDGES if column.size > 4 * _TAIL_EDGES else 0
            core = column[tail : column.size - tail]
            with np.errstate(over="ignore", divide="ignore"):
                # One grid cell stays free on either side, for values next to the core's ends.
                scale = (GRID_CELLS - 3) / (core[-1] - core[0])
            if not (0 < scale < np.inf):
                continue
            places = ((core - core[0]) * scale + 1.0).astype(np.intp)
            found = np.bincount(places, minlength=GRID_CELLS)
            if found.max() > _EDGES_PER_CELL_MAX:
                continue
            low[i], high[i], factor[i] = core[0], core[-1], scale
            ends[i] = tail + 1, tail + core.size
            tails[i, :, :tail] = column[:tail], column[column.size - tail :]
            base[i] = i * width + tail + np.cumsum(found) - found
            again = np.diff(places, prepend=-1) == 0
            inner[0, i, places[~again]] = core[~again]
            inner[1, i, places[again]] = core[again]
            usable[i], uneven[i] = True, again.any()
        tables = tuple(table.ravel() for table in inner)
        return Grids(width, low, high, factor, base.ravel(), tables, ends, tails, usable, uneven)


def add_by_grid(
    values: FloatArray, columns: NumericColumns, grids: Grids, part: slice, tally: Tally
) -> None:
    """Add a block (float64, shape [columns of part, rows]) of columns that all have a grid.

    Overwrites `values`.
    """
    count, rows = values.shape
    # Missing and far low values fall to the core's low bound, far high ones to its high bound.
    core = np.fmax(values, grids.low[part])
    np.fmin(core, grids.high[part], out=core)
    found = np.bincount(_bins(core, grids, part), minlength=count * grids.width)
    outside = np.flatnonzero(values != core)
    far, of = values.ravel()[outside], outside // rows
    terms = columns.to_terms(values, part)
    if far.size:
        found += _moves(far, of, grids, part)
        flat = terms.ravel()
        flat[outside] = _settle(far, flat[outside], of, columns=columns, part=part, tally=tally)
    if any(columns.wide[part]):
        np.clip(terms, -TERM_MAX, TERM_MAX, out=terms)
    tally.cells[part] += found.reshape(count, grids.width)
    add_moments(terms, tally.sums[part])


def _bins(core: FloatArray, grids: Grids, part: slice) -> npt.NDArray[np.intp]:
    """The bin of each value, flat; column i of the block counts from `i * width`."""
    place = core - grids.low[part]
    place *= grids.factor[part]
    # The grid cell and the column's place in the tables, in one addition.
    place += np.arange(part.start, part.stop)[:, None] * float(GRID_CELLS) + 1.0
    at = place.astype(np.intp)
    bins = grids.base.take(at)
    bins += core >= grids.inner[0].take(at)
    if grids.uneven[part].any():
        bins += core >= grids.inner[1].take(at)
    if part.start:
        bins -= part.start * grids.width
    return bins.ravel()


def _moves(
    far: FloatArray, of: npt.NDArray[np.intp], grids: Grids, part: slice
) -> npt.NDArray[np.intp]:
    """What to add to the block's bins to move far values from the core's ends to their own.

    `of` is each far value's column in the block. Missing and invalid ones only leave.
    """
    cells = (part.stop - part.start) * grids.width
    side = (far > grids.high[part][of, 0]).astype(np.intp)
    start = of * grids.width
    end = grids.ends[part][of, side]
    left = np.bincount(start + end, minlength=cells)
    # Below the core a bin is the number of tail edges passed, beyond it so many after the end.
    passed = (far[:, None] >= grids.tails[part][of, side]).sum(axis=1)
    bins = start + side * end + passed
    return np.bincount(bins[np.isfinite(far)], minlength=cells) - left


def _settle(
    far: FloatArray,
    terms: FloatArray,
    of: npt.NDArray[np.intp],
    *,
    columns: NumericColumns,
    part: slice,
    tally: Tally,
) -> FloatArray:
    """Count what far values lack or exceed; their terms clipped, and 0 where there is no value."""
    finite = np.isfinite(far)
    count = part.stop - part.start
    missing = np.bincount(of[np.isnan(far)], minlength=count)
    tally.missing[part] += missing
    tally.invalid[part] += np.bincount(of[~finite], minlength=count) - missing
    numbers, at = terms[finite], of[finite]
    low = excess(columns.lowest[part][at, 0] - numbers)
    high = excess(numbers - columns.highest[part][at, 0])
    sums = tally.sums[part]
    sums[:, 2] += np.bincount(at, low, count).astype(np.int64)
    sums[:, 3] += np.bincount(at, high, count).astype(np.int64)
    return np.where(finite, np.clip(terms, -TERM_MAX, TERM_MAX), 0.0)
