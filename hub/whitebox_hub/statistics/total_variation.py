"""Total variation: the share of rows that would have to move for two distributions to be one.

TV = sum of |p - q| / 2, between 0 and 1; no event's probability differs by more.
"""

from __future__ import annotations

import numpy as np

from whitebox_hub.statistics.groups import IntArray
from whitebox_hub.statistics.shares import both_filled, shares
from whitebox_wire.vector import FloatArray


def total_variation(reference: FloatArray, live: FloatArray, offsets: IntArray) -> FloatArray:
    """The distance of every column: float64, shape [columns]; 0 without rows on one side.

    Counts have shape [cells], none negative, a column's beginning at its offset.

    >>> total_variation(np.array([50.0, 50.0]), np.array([30.0, 70.0]), np.array([0])).round(4)
    array([0.2])
    """
    apart = np.abs(shares(live, offsets) - shares(reference, offsets))
    distance = np.add.reduceat(apart, offsets) / 2
    return np.where(both_filled(reference, live, offsets), distance, 0.0)
