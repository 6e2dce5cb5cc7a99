"""The z test of two proportions: did a share change, in either direction?

z = (a - b) / sqrt(s * (1 - s) * (1 / n + 1 / m)), s the share of both samples together; z follows
the normal law when nothing changed and both samples hold, and lack, some five hits. For alarms
that must be rare use the exact tail of `proportion`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from whitebox_wire.vector import FloatArray


def z_p_values(
    hits: npt.ArrayLike,
    rows: npt.ArrayLike,
    reference_hits: npt.ArrayLike,
    reference_rows: npt.ArrayLike,
) -> FloatArray:
    """Two-sided p-values, shape [columns]; 1 where nothing or everything is a hit, or no rows are.

    >>> z_p_values([30], [100], [500], [1_000]).round(5)
    array([0.00014])
    """
    k, n, r, m = (np.asarray(a, np.float64) for a in (hits, rows, reference_hits, reference_rows))
    both = (n > 0) & (m > 0)
    n, m = np.where(both, n, 1.0), np.where(both, m, 1.0)
    share = np.clip((k + r) / (n + m), 0.0, 1.0)
    spread = np.sqrt(share * (1 - share) * (1 / n + 1 / m))
    known = both & (spread > 0)
    z = np.divide(k / n - r / m, spread, out=np.zeros_like(spread), where=known)
    return np.where(known, 2 * ndtr(-np.abs(z)), 1.0)
