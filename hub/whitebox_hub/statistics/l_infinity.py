"""The L-infinity (Chebyshev) distance: the largest change of one category's share.

L = max of |p - q|, between 0 and 1; never more than the total variation.
"""

from __future__ import annotations

import numpy as np

from whitebox_hub.statistics.groups import IntArray
from whitebox_hub.statistics.shares import both_filled, shares
from whitebox_wire.vector import FloatArray


def l_infinity(reference: FloatArray, live: FloatArray, offsets: IntArray) -> FloatArray:
    """The distance of every column: float64, shape [columns]; 0 without rows on one side.

    Counts have shape [cells], none negative, a column's beginning at its offset.

    >>> l_infinity(np.array([50.0, 50.0]), np.array([30.0, 70.0]), np.array([0])).round(4)
    array([0.2])
    """
    apart = np.abs(shares(live, offsets) - shares(reference, offsets))
    distance = np.maximum.reduceat(apart, offsets)
    return np.where(both_filled(reference, live, offsets), distance, 0.0)
