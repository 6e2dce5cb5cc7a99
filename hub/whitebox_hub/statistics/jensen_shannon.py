"""The Jensen-Shannon distance: the square root of the mean relative entropy to the middle.

JS = sqrt((KL(p, m) + KL(q, m)) / 2), m = (p + q) / 2, with natural logarithms (Lin 1991; a metric:
Endres and Schindelin 2003). It has no unit and lies between 0 and sqrt(ln 2) = 0.8326.
"""

from __future__ import annotations

import numpy as np
from scipy.special import xlogy

from whitebox_hub.statistics.groups import IntArray
from whitebox_hub.statistics.shares import both_filled, shares
from whitebox_wire.vector import FloatArray


def jensen_shannon(reference: FloatArray, live: FloatArray, offsets: IntArray) -> FloatArray:
    """The distance of every column: float64, shape [columns]; 0 without rows on one side.

    Counts have shape [cells], none negative, a column's beginning at its offset.

    >>> jensen_shannon(np.array([50.0, 50.0]), np.array([30.0, 70.0]), np.array([0])).round(4)
    array([0.1449])
    """
    q, p = shares(reference, offsets), shares(live, offsets)
    middle = np.where(p + q > 0, (p + q) / 2, 1.0)
    divergence = np.add.reduceat(xlogy(p, p / middle) + xlogy(q, q / middle), offsets) / 2
    distance = np.sqrt(np.maximum(divergence, 0.0))
    return np.where(both_filled(reference, live, offsets), distance, 0.0)
