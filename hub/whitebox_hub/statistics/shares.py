"""Shares: counts of many columns, one after another, as parts of their column's rows.

Counts have shape [cells], a column's beginning at its offset; every column has a cell. The
distances between two distributions are functions of such shares.
"""

from __future__ import annotations

import numpy as np

from whitebox_hub.statistics.groups import BoolArray, IntArray
from whitebox_wire.vector import FloatArray


def shares(counts: FloatArray, offsets: IntArray) -> FloatArray:
    """Each count as a share of its column: float64, shape [cells]; zeros for an empty column.

    >>> shares(np.array([1.0, 3.0, 0.0]), np.array([0, 2]))
    array([0.25, 0.75, 0.  ])
    """
    sizes = np.diff(np.append(offsets, counts.size))
    total = np.repeat(np.add.reduceat(counts, offsets), sizes)
    result: FloatArray = np.divide(counts, total, out=np.zeros_like(counts), where=total > 0)
    return result


def both_filled(reference: FloatArray, live: FloatArray, offsets: IntArray) -> BoolArray:
    """Which columns have rows on both sides, shape [columns]; distances of others are 0."""
    before, now = np.add.reduceat(reference, offsets), np.add.reduceat(live, offsets)
    result: BoolArray = (before > 0) & (now > 0)
    return result
