"""The hot loop: many numeric columns into counts, missing, invalid and moments.

Work goes in blocks of columns and rows that stay in the processor's cache. Two kernels count cells
and agree bit for bit, because a cell's membership is defined by comparing float64 values with
edges; `NumericFold` times both once on the machine it runs on and keeps the faster.

Moments are exact: each value's fixed-point term is an integer, and float64 sums of one block's
terms stay below 2**53.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from whitebox_agent.fold.columns import Counted, NumericColumns
from whitebox_agent.fold.grid import Grids, count_by_grid
from whitebox_agent.fold.sorting import count_by_sorting
from whitebox_wire.layout import NumericBlock
from whitebox_wire.spec import NumericBins
from whitebox_wire.vector import CLIP, ONE, FloatArray, IntVector

# Values in one block. A scratch array of them is 64 KiB: several fit a second-level cache, and
# the allocator reuses them (from 128 KiB on it would map and clear new pages each time).
BLOCK_VALUES = 8_192
# A row adds at most 2**40 to s2, so sums of 2**13 rows stay exact in float64 even if all clip.
_LIMIT = float(CLIP * ONE)

Kernel = Callable[[FloatArray, slice], Counted]


class NumericFold:
    """Folds numeric columns whose bins and places in the vector are fixed.

    `kernel` ("sort" or "grid") overrides the choice by timing; results are the same.
    """

    def __init__(
        self,
        bins: Sequence[NumericBins],
        blocks: Sequence[NumericBlock],
        *,
        kernel: str | None = None,
    ) -> None:
        self._columns = NumericColumns.of(bins)
        self._grids = Grids.of(self._columns.edges)
        self._blocks = tuple(blocks)
        kernels: dict[str, Kernel] = {"sort": self._sort, "grid": self._grid}
        self._kernel = kernels[kernel or self._faster(kernels)]

    def fold(self, columns: Sequence[FloatArray], vector: IntVector) -> None:
        """Add columns (float64, shape [rows], one for each bins) to a section's vector.

        NaN counts as missing, an infinity as invalid; neither enters bins or moments.
        """
        rows = columns[0].size if columns else 0
        step = min(BLOCK_VALUES, rows)
        if not step:
            return
        width = max(1, BLOCK_VALUES // step)
        for first in range(0, len(columns), width):
            part = slice(first, min(first + width, len(columns)))
            for start in range(0, rows, step):
                values = np.array([c[start : start + step] for c in columns[part]])
                self._add(self._kernel(values, part), part, vector)

    def _add(self, counted: Counted, part: slice, vector: IntVector) -> None:
        low, high = _excess(counted, self._columns, part)
        s1, s2 = _moments(counted.terms)
        for i, block in enumerate(self._blocks[part]):
            vector[block.bins] += counted.cells[i]
            vector[block.missing] += counted.missing[i]
            vector[block.invalid] += counted.invalid[i]
            vector[block.s1] += s1[i]
            vector[block.s2] += s2[i]
            vector[block.excess_low] += low[i]
            vector[block.excess_high] += high[i]

    def _sort(self, values: FloatArray, part: slice) -> Counted:
        return count_by_sorting(values, self._columns, part)

    def _grid(self, values: FloatArray, part: slice) -> Counted:
        if self._grids.usable[part].all():
            return count_by_grid(values, self._columns, self._grids, part)
        return count_by_sorting(values, self._columns, part)

    def _faster(self, kernels: dict[str, Kernel]) -> str:
        """The name of the kernel that counts a made-up block faster on this machine."""
        usable = np.flatnonzero(self._grids.usable)
        if not usable.size:
            return "sort"
        at = int(usable[0])
        edges = self._columns.edges[at]
        shuffled = np.argsort(np.sin(np.arange(float(BLOCK_VALUES))))
        values = np.linspace(edges[0], edges[-1], BLOCK_VALUES)[shuffled][None, :]
        part = slice(at, at + 1)
        return min(kernels, key=lambda name: _seconds(kernels[name], values, part))


def _moments(terms: FloatArray) -> tuple[IntVector, IntVector]:
    """Sums of z and z**2 in fixed point. Overwrites `terms`."""
    np.clip(terms, -_LIMIT, _LIMIT, out=terms)
    squares = terms * terms
    squares *= 1.0 / ONE
    s1 = np.rint(terms, out=terms).sum(axis=1)
    s2 = np.rint(squares, out=squares).sum(axis=1)
    return s1.astype(np.int64), s2.astype(np.int64)


def _excess(counted: Counted, columns: NumericColumns, part: slice) -> tuple[IntVector, IntVector]:
    """Sums of the distance below the lowest and beyond the highest edge, in fixed point."""
    low, high = np.zeros((2, len(counted.terms)), np.int64)
    lowest, highest = columns.lowest[part, 0], columns.highest[part, 0]
    for i in np.flatnonzero(counted.least < lowest):
        far = lowest[i] - counted.terms[i][counted.terms[i] < lowest[i]]
        low[i] = int(np.rint(np.minimum(far, _LIMIT)).sum())
    for i in np.flatnonzero(counted.most > highest):
        far = counted.terms[i][counted.terms[i] > highest[i]] - highest[i]
        high[i] = int(np.rint(np.minimum(far, _LIMIT)).sum())
    return low, high


def _seconds(kernel: Kernel, values: FloatArray, part: slice) -> float:
    """The best of three runs after a warm one."""
    kernel(values, part)
    times = []
    for _ in range(3):
        start = time.perf_counter()
        kernel(values, part)
        times.append(time.perf_counter() - start)
    return min(times)
