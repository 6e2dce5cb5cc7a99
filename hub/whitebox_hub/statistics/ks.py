"""The Kolmogorov-Smirnov distance: the largest difference of the shares below any value.

D = max of |F - G| over the edges of the fine cells (Smirnov 1939), between 0 and 1: never more
than that of the rows, and within 0.01 of it (0.0125 where D > 0.5). Its p-value follows
Kolmogorov's law, on a column's own cells (`bridge`) or as it stands, where it is conservative.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import kolmogorov

from whitebox_hub.statistics.numeric_cells import NumericSample, below_edges
from whitebox_wire.vector import FloatArray


def ks_distance(reference: NumericSample, live: NumericSample) -> FloatArray:
    """D of every column: float64, shape [columns]; 0 without rows on one side."""
    apart = np.abs(below_edges(reference, live))
    result: FloatArray = np.minimum(np.maximum.reduceat(apart, reference.cells.offsets), 1.0)
    return result


def ks_p_values(
    distance: npt.ArrayLike, rows: npt.ArrayLike, reference_rows: npt.ArrayLike
) -> FloatArray:
    """P-values by Kolmogorov's law for continuous values, with Stephens' correction (1970).

    >>> ks_p_values([0.1], [300], [900]).round(4)
    array([0.0206])
    """
    d, n, m = (np.asarray(a, np.float64) for a in (distance, rows, reference_rows))
    root = np.sqrt(n * m / np.maximum(n + m, 1.0))
    p: FloatArray = np.asarray(kolmogorov((root + 0.12 + 0.11 / np.maximum(root, 1.0)) * d))
    return p
