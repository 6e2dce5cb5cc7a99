"""What both kernels know of numeric columns, and where they add what they count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from whitebox_wire.layout import NumericBlock
from whitebox_wire.spec import NumericBins
from whitebox_wire.vector import CLIP, ONE, FloatArray, IntVector

# The largest term; a row adds at most 2**40 to s2.
TERM_MAX = float(CLIP * ONE)


@dataclass(frozen=True, slots=True)
class NumericColumns:
    """Bins of several columns. Arrays but `wide` have shape [columns, 1].

    A value's term is `(value - centre) * unit`: its z in fixed point, before rounding.
    `lowest` and `highest` are the terms of the outermost edges; `wide` (shape [columns]) says
    that they lie beyond the largest term, so that any value's term may. `marks` are the edges
    between the least float and an infinity, so that one search counts invalid and missing cells
    too.
    """

    edges: tuple[FloatArray, ...]
    marks: tuple[FloatArray, ...]
    centre: FloatArray
    unit: FloatArray
    lowest: FloatArray
    highest: FloatArray
    wide: tuple[bool, ...]

    @staticmethod
    def of(bins: Sequence[NumericBins]) -> NumericColumns:
        edges = tuple(np.array(b.edges, np.float64) for b in bins)
        # The shape is named, since there may be no columns at all.
        centre, scale, low, high = (
            np.array([(b.centre, b.scale, b.edges[0], b.edges[-1]) for b in bins])
            .reshape(-1, 4, 1)
            .swapaxes(0, 1)
        )
        unit = ONE / scale
        with np.errstate(over="ignore"):
            lowest, highest = (low - centre) * unit, (high - centre) * unit
        least = -np.finfo(np.float64).max
        marks = tuple(np.concatenate(([least], e, [np.inf, np.nan])) for e in edges)
        wide = tuple(((lowest < -TERM_MAX) | (highest > TERM_MAX))[:, 0].tolist())
        return NumericColumns(edges, marks, centre, unit, lowest, highest, wide)

    def to_terms(self, values: FloatArray, part: slice) -> FloatArray:
        """Turn a block (shape [columns of part, rows]) into terms; far values become infinite."""
        values -= self.centre[part]
        values *= self.unit[part]
        return values


@dataclass(frozen=True, slots=True)
class Tally:
    """Where kernels add: one row for each column.

    `cells` has shape [columns, most cells], `missing` and `invalid` [columns]. `sums` has shape
    [columns, 4]: s1, s2, excess_low, excess_high.
    """

    cells: IntVector
    missing: IntVector
    invalid: IntVector
    sums: IntVector

    @staticmethod
    def of(columns: int, cells: int) -> Tally:
        missing, invalid = np.zeros((2, columns), np.int64)
        return Tally(
            np.zeros((columns, cells), np.int64), missing, invalid, np.zeros((columns, 4), np.int64)
        )

    def add_to(self, vector: IntVector, blocks: Sequence[NumericBlock]) -> None:
        """Add each column to its block's places in a section's vector."""
        for i, block in enumerate(blocks):
            vector[block.bins] += self.cells[i, : block.bins.stop - block.bins.start]
        for places, found in (
            ([b.missing for b in blocks], self.missing),
            ([b.invalid for b in blocks], self.invalid),
            ([b.s1 for b in blocks], self.sums[:, 0]),
            ([b.s2 for b in blocks], self.sums[:, 1]),
            ([b.excess_low for b in blocks], self.sums[:, 2]),
            ([b.excess_high for b in blocks], self.sums[:, 3]),
        ):
            vector[places] += found


def add_moments(terms: FloatArray, sums: IntVector) -> None:
    """Add the sums of z and z**2 in fixed point; overwrites terms.

    Terms have shape [columns, rows], at most 2**13 rows and `TERM_MAX`: float64 is exact then.
    """
    squares = terms * terms
    squares *= 1.0 / ONE
    sums[:, 0] += np.rint(terms, out=terms).sum(axis=1).astype(np.int64)
    sums[:, 1] += np.rint(squares, out=squares).sum(axis=1).astype(np.int64)


def excess(distances: FloatArray) -> FloatArray:
    """Distances beyond an outermost edge, in whole fixed-point units; overwrites them.

    The distance between two infinite terms says nothing and counts as none.
    """
    np.fmax(distances, 0.0, out=distances)
    np.minimum(distances, TERM_MAX, out=distances)
    return np.rint(distances, out=distances)
