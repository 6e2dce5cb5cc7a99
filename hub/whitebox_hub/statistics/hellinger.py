"""The Hellinger distance: how far the square roots of two distributions lie apart.

H = sqrt(sum of (sqrt(p) - sqrt(q))**2 / 2) (Hellinger 1909; here the form that lies between 0 and
1). It has no unit; H**2 <= total variation <= sqrt(2) * H.
"""

from __future__ import annotations

import numpy as np

from whitebox_hub.statistics.groups import IntArray
from whitebox_hub.statistics.shares import both_filled, shares
from whitebox_wire.vector import FloatArray


def hellinger(reference: FloatArray, live: FloatArray, offsets: IntArray) -> FloatArray:
    """The distance of every column: float64, shape [columns]; 0 without rows on one side.

    Counts have shape [cells], none negative, a column's beginning at its offset.

    >>> hellinger(np.array([50.0, 50.0]), np.array([30.0, 70.0]), np.array([0])).round(4)
    array([0.1452])
    """
    apart = np.sqrt(shares(live, offsets)) - np.sqrt(shares(reference, offsets))
    distance = np.sqrt(np.add.reduceat(apart * apart, offsets) / 2)
    return np.where(both_filled(reference, live, offsets), distance, 0.0)
