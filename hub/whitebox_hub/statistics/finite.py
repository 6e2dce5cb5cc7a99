"""Answers are finite numbers or None: JSON has no NaN, and nobody can act on infinity."""

from __future__ import annotations

import math


def finite(value: float) -> float | None:
    """The value, or None for NaN and the infinities.

    >>> finite(0.5), finite(math.nan), finite(math.inf)
    (0.5, None, None)
    """
    return value if math.isfinite(value) else None
