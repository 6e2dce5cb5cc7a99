"""An estimate: a value and the band in which the realised one is expected.

The band is three standard errors wide on either side, as NannyML's is. The errors are those of the
realised metric given what the window shows: if probabilities are right, 99.7 % of windows of some
hundred rows realise a value within their band.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

BAND_ERRORS = 3.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """Three finite numbers, `low <= value <= high`."""

    value: float
    low: float
    high: float


def banded(value: float, variance: float, *, high: float = 1.0) -> Estimate | None:
    """A value in [0, high] with its band, cut to that range; None where it is not finite.

    >>> banded(0.9, 0.0025)
    Estimate(value=0.9, low=0.75, high=1.0)
    """
    if not (math.isfinite(value) and math.isfinite(variance)):
        return None
    value = min(max(value, 0.0), high)
    reach = BAND_ERRORS * math.sqrt(max(variance, 0.0))
    return Estimate(value, max(value - reach, 0.0), min(value + reach, high))
