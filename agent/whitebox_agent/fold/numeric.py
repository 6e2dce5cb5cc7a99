"""The hot loop: many numeric columns into counts, missing, invalid and moments.

Work goes in blocks of columns and rows that stay in the processor's cache. Two kernels count cells
and agree bit for bit, because a cell's membership is defined by comparing float64 values with
edges; the faster one is found once in a process, by timing both on a made-up column.

Moments are exact: each value's fixed-point term is an integer, and float64 sums of one block's
terms stay below 2**53.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cache
from typing import Literal

import numpy as np

from whitebox_agent.fold.columns import NumericColumns, Tally
from whitebox_agent.fold.grid import Grids, add_by_grid
from whitebox_agent.fold.sorting import add_by_sorting
from whitebox_wire.layout import NumericBlock
from whitebox_wire.spec import NumericBins
from whitebox_wire.vector import FloatArray, IntVector

# Values in one block: a scratch array of them is 128 KiB, so a few fit a second-level cache.
BLOCK_VALUES = 16_384
# A row adds at most 2**40 to s2, so float64 sums of 2**13 rows are exact even if all are clipped.
BLOCK_ROWS_MAX = 8_192

Kernel = Literal["sort", "grid"]
# A grid's tables take 50 kB a column: models with more columns than this are folded by sorting.
GRID_COLUMNS_MAX = 512


class NumericFold:
    """Folds numeric columns whose bins and places in the vector are fixed.

    `kernel` overrides the choice by timing; results are the same.
    """

    def __init__(
        self,
        bins: Sequence[NumericBins],
        blocks: Sequence[NumericBlock],
        *,
        kernel: Kernel | None = None,
    ) -> None:
        self._columns = NumericColumns.of(bins)
        self._blocks = tuple(blocks)
        self._cells_max = max((b.cells for b in bins), default=0)
        self._grids: Grids | None = None
        if len(bins) <= GRID_COLUMNS_MAX and (kernel or faster_kernel()) == "grid":
            self._grids = Grids.of(self._columns.edges)

    def fold(self, columns: Sequence[FloatArray], vector: IntVector) -> None:
        """Add columns (float64, shape [rows], one for each bins) to a section's vector.

        NaN counts as missing, an infinity as invalid; neither enters bins or moments.
        """
        rows = columns[0].size if columns else 0
        if not rows:
            return
        # Blocks of one length: a short last one would cost as much time as a long one.
        step = -(-rows // -(-rows // BLOCK_ROWS_MAX))
        width = max(1, BLOCK_VALUES // step)
        tally = Tally.of(len(columns), self._cells_max)
        # Far values overflow to infinite terms, which are clipped.
        with np.errstate(over="ignore", invalid="ignore"):
            for first in range(0, len(columns), width):
                part = slice(first, min(first + width, len(columns)))
                for start in range(0, rows, step):
                    block = [c[start : start + step] for c in columns[part]]
                    self._add(np.array(block, np.float64), part, tally)
        tally.add_to(vector, self._blocks)

    def _add(self, values: FloatArray, part: slice, tally: Tally) -> None:
        grids = self._grids
        if grids is not None and grids.usable[part].all():
            add_by_grid(values, self._columns, grids, part, tally)
        else:
            add_by_sorting(values, self._columns, part, tally)


@cache
def faster_kernel() -> Kernel:
    """The kernel that folds a made-up column faster on this machine; takes about 2 ms, once."""
    kernels: tuple[Kernel, Kernel] = ("sort", "grid")
    return min(kernels, key=_seconds)


def _seconds(kernel: Kernel) -> float:
    """The best of three folds after a warm one."""
    edges = tuple(np.linspace(-3.0, 3.0, 127).tolist())
    block = NumericBlock(slice(0, 128), *range(128, 134))
    fold = NumericFold([NumericBins(edges, 0.0, 1.0)], [block], kernel=kernel)
    # A fixed shuffle of values over all cells, some of them missing.
    values = np.linspace(-3.5, 3.5, BLOCK_ROWS_MAX)
    values = values[np.argsort(np.sin(np.arange(float(BLOCK_ROWS_MAX))))]
    values[::50] = np.nan
    vector, times = np.zeros(134, np.int64), []
    for _ in range(4):
        start = time.perf_counter()
        fold.fold([values], vector)
        times.append(time.perf_counter() - start)
    return min(times[1:])
