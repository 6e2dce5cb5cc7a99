"""PSI, the population stability index: how far two distributions over groups lie apart.

PSI = sum over groups of (p - q) * ln(p / q), p the live and q the reference share. It is the
symmetrised Kullback-Leibler divergence (Jeffreys 1946); below 0.1 is customarily read as small
and above 0.25 as large. With no drift at all it is about (groups - 1) * (1 / n + 1 / m) for n
live and m reference rows (Yurdakul 2018), so it is an effect size here and never a test.
"""

from __future__ import annotations

import numpy as np

from whitebox_hub.statistics.groups import IntArray
from whitebox_wire.vector import FloatArray

# A group that is empty on one side is taken to hold half a row there: ln(0) is no distance.
EMPTY_ROWS = 0.5


def psi(reference: FloatArray, live: FloatArray, offsets: IntArray) -> FloatArray:
    """PSI of every column: float64, shape [columns], finite and never negative.

    Counts have shape [groups], a column's beginning at its offset. Groups empty on both sides
    say nothing and are left out. A column without rows on one side has PSI 0: ask for its rows
    before believing it.

    >>> psi(np.array([50.0, 50.0]), np.array([30.0, 70.0]), np.array([0])).round(4)
    array([0.1695])
    """
    sizes = np.diff(np.append(offsets, reference.size))
    used = (reference > 0) | (live > 0)
    p = _share(live, offsets, sizes)
    q = _share(reference, offsets, sizes)
    terms = np.where(used, (p - q) * np.log(p / q), 0.0)
    both = (np.add.reduceat(reference, offsets) > 0) & (np.add.reduceat(live, offsets) > 0)
    return np.where(both, np.add.reduceat(terms, offsets), 0.0)


def _share(counts: FloatArray, offsets: IntArray, sizes: IntArray) -> FloatArray:
    total = np.maximum(np.add.reduceat(counts, offsets), 1.0)
    shares: FloatArray = np.maximum(counts, EMPTY_ROWS) / np.repeat(total, sizes)
    return shares
