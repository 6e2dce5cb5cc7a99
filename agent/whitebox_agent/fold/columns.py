"""What both kernels know of numeric columns, and what they answer, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from whitebox_wire.spec import NumericBins
from whitebox_wire.vector import ONE, FloatArray


@dataclass(frozen=True, slots=True)
class NumericColumns:
    """Bins of several columns. Arrays have shape [columns, 1].

    A value's term is `(value - centre) * unit`: its z in fixed point, before rounding.
    `lowest` and `highest` are the terms of the outermost edges. `marks` are the edges between
    the least float and an infinity, so that one search counts invalid and missing cells too.
    """

    edges: tuple[FloatArray, ...]
    marks: tuple[FloatArray, ...]
    centre: FloatArray
    unit: FloatArray
    lowest: FloatArray
    highest: FloatArray

    @staticmethod
    def of(bins: Sequence[NumericBins]) -> NumericColumns:
        edges = tuple(np.array(b.edges) for b in bins)
        centre = np.array([[b.centre] for b in bins])
        unit = np.array([[ONE / b.scale] for b in bins])
        with np.errstate(over="ignore"):
            lowest = (np.array([[e[0]] for e in edges]) - centre) * unit
            highest = (np.array([[e[-1]] for e in edges]) - centre) * unit
        least = -np.finfo(np.float64).max
        marks = tuple(np.concatenate(([least], e, [np.inf, np.nan])) for e in edges)
        return NumericColumns(edges, marks, centre, unit, lowest, highest)

    def terms(self, values: FloatArray, part: slice) -> FloatArray:
        """Terms of a block (shape [columns of part, rows]); far values become infinities."""
        with np.errstate(over="ignore", invalid="ignore"):
            terms = values - self.centre[part]
            terms *= self.unit[part]
        return terms


@dataclass(frozen=True, slots=True)
class Counted:
    """A block's counts, one entry for each column, and its terms (0 for absent cells).

    `least` and `most` bound the terms of each column.
    """

    cells: Sequence[npt.NDArray[np.intp]]
    missing: Sequence[int]
    invalid: Sequence[int]
    terms: FloatArray
    least: FloatArray
    most: FloatArray
