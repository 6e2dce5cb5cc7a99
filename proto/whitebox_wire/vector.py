"""The vector's arithmetic: fixed point, exact addition, and reading moments back.

Values are int64. Addition is exact and associative, so any split of rows over devices, windows,
retries and orders gives the same bits. A sum that would pass `CELL_MAX` (2**62) is refused before
it is stored, so nothing ever wraps. Means and variances read back within 1e-6 of the scale.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from whitebox_wire.errors import MergeError
from whitebox_wire.layout import Layout, NumericBlock, Section
from whitebox_wire.spec import NumericBins

IntVector = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

# Fixed point: one unit of a quantity's own scale is 2**20.
ONE = 1 << 20
# |z| is clipped to this many scales before it is squared: z**2 stays below 2**40.
CLIP = 1_024
CELL_MAX = 1 << 62
# 2**40 a row times this many rows stays below CELL_MAX.
ROWS_PER_DELTA_MAX = 1 << 21


def zeros(layout: Layout, section: Section) -> IntVector:
    """An empty vector of one section: int64, shape [cells]."""
    return np.zeros(layout.sizes[section].cells, np.int64)


def add(total: IntVector, delta: npt.NDArray[np.integer]) -> IntVector:
    """`total + delta` as a new vector, exactly.

    Raises:
        MergeError: the lengths differ, or a cell would pass 2**62 either way.

    >>> add(np.array([1, 2]), np.array([10, -2]))
    array([11,  0])
    """
    if total.shape != delta.shape:
        raise MergeError(
            f"a vector of {delta.size} cells does not fit one of {total.size}",
            hint="both sides must use the same spec digest",
        )
    # Both operands lie within +-2**62, so their sum fits an int64 and can be judged afterwards.
    check_bounds(delta)
    result: IntVector = np.add(total, delta, dtype=np.int64)
    check_bounds(result)
    return result


def check_bounds(vector: npt.NDArray[np.integer]) -> None:
    """Raise MergeError when a cell lies outside +-2**62; narrow types cannot."""
    if vector.dtype.itemsize < 8 or not vector.size:
        return
    if int(vector.max()) > CELL_MAX or int(vector.min()) < -CELL_MAX:
        raise MergeError("a cell would pass 2**62", hint="use a shorter window granularity")


@dataclass(frozen=True, slots=True)
class Moments:
    """What a numeric block says of its values. NaN where too few rows say anything."""

    rows: int
    missing: int
    invalid: int
    sum: float
    mean: float
    variance: float

    @property
    def standard_deviation(self) -> float:
        return math.sqrt(self.variance)


def moments(vector: IntVector, block: NumericBlock, bins: NumericBins) -> Moments:
    """Mean, sum and variance (n - 1) of the values counted in a block, in the data's units.

    With z = (x - centre) / scale: mean = centre + scale * s1 / n and
    variance = scale**2 * (s2 - s1**2 / n) / (n - 1), s1 and s2 being sums of z and z**2.
    """
    rows = int(vector[block.bins].sum())
    s1, s2 = int(vector[block.s1]) / ONE, int(vector[block.s2]) / ONE
    mean = bins.centre + bins.scale * s1 / rows if rows > 0 else math.nan
    spread = max(s2 - s1 * s1 / rows, 0.0) if rows > 1 else math.nan
    return Moments(
        rows=rows,
        missing=int(vector[block.missing]),
        invalid=int(vector[block.invalid]),
        sum=bins.centre * rows + bins.scale * s1,
        mean=mean,
        variance=bins.scale * bins.scale * spread / (rows - 1) if rows > 1 else math.nan,
    )
