"""Counting cells by an affine map to a uniform grid.

A column's grid spans its core: the edges without the widest tails. Rounding never matters: the
map is monotone, so a value in a lower (higher) grid cell than an edge lies below (above) it, and
within the edge's own grid cell the value itself is compared. Values beyond the core are searched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

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
    infinity. `low` and `high` (shape [columns, 1]) bound the core, `first` and `last` are the
    bins of those bounds. `usable` marks the columns that have a grid, `uneven` those with a
    grid cell that holds two edges.
    """

    edges: tuple[FloatArray, ...]
    width: int
    low: FloatArray
    high: FloatArray
    factor: FloatArray
    base: npt.NDArray[np.intp]
    inner: tuple[FloatArray, ...]
    first: npt.NDArray[np.intp]
    last: npt.NDArray[np.intp]
    usable: npt.NDArray[np.bool_]
    uneven: npt.NDArray[np.bool_]

    @staticmethod
    def of(edges: Sequence[FloatArray]) -> Grids:
        count = len(edges)
        width = max((e.size + 1 for e in edges), default=1)
        low, high, factor = np.zeros((3, count, 1))
        first, last = np.zeros((2, count), np.intp)
        usable, uneven = np.zeros((2, count), bool)
        base = np.zeros((count, GRID_CELLS), np.intp)
        inner = np.full((_EDGES_PER_CELL_MAX, count, GRID_CELLS), np.inf)
        for i, column in enumerate(edges):
            tails = _TAIL_EDGES if column.size > 4 * _TAIL_EDGES else 0
            core = column[tails : column.size - tails]
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
            first[i], last[i] = tails + 1, tails + core.size
            base[i] = i * width + tails + np.cumsum(found) - found
            again = np.diff(places, prepend=-1) == 0
            inner[0, i, places[~again]] = core[~again]
            inner[1, i, places[again]] = core[again]
            usable[i], uneven[i] = True, again.any()
        tables = tuple(table.ravel() for table in inner)
        return Grids(
            tuple(edges),
            width,
            low,
            high,
            factor,
            base.ravel(),
            tables,
            first,
            last,
            usable,
            uneven,
        )


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
    cells = found.reshape(count, grids.width)
    outside = np.flatnonzero(values != core)
    far = values.ravel()[outside]
    terms = columns.to_terms(values, part)
    bounds = outside.searchsorted(np.arange(count + 1) * rows).tolist()
    for i, (start, stop) in enumerate(pairwise(bounds)):
        at = part.start + i
        if start < stop:
            places = outside[start:stop] - i * rows
            _move_far(far[start:stop], cells[i], grids, at)
            terms[i, places] = _settle(far[start:stop], terms[i, places], columns, at, tally)
        if columns.wide[at]:
            np.clip(terms[i], -TERM_MAX, TERM_MAX, out=terms[i])
    tally.cells[part] += cells
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


def _move_far(far: FloatArray, cells: npt.NDArray[np.intp], grids: Grids, column: int) -> None:
    """Move values outside the core from its outermost bins to where they belong, if anywhere."""
    beyond = np.count_nonzero(far > grids.high[column])
    cells[grids.last[column]] -= beyond
    cells[grids.first[column]] -= far.size - beyond
    edges = grids.edges[column]
    bins = edges.searchsorted(far[np.isfinite(far)], side="right")
    cells[: edges.size + 1] += np.bincount(bins, minlength=edges.size + 1)


def _settle(
    far: FloatArray, terms: FloatArray, columns: NumericColumns, column: int, tally: Tally
) -> FloatArray:
    """Count what far values lack or exceed; their terms clipped, and 0 where there is no value."""
    finite = np.isfinite(far)
    missing = np.count_nonzero(np.isnan(far))
    tally.missing[column] += missing
    tally.invalid[column] += far.size - np.count_nonzero(finite) - missing
    numbers = terms[finite]
    tally.sums[column, 2] += excess(columns.lowest[column] - numbers)
    tally.sums[column, 3] += excess(numbers - columns.highest[column])
    return np.where(finite, np.clip(terms, -TERM_MAX, TERM_MAX), 0.0)
