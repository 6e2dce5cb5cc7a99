"""Many tests, many windows: what a p-value must be for an alarm to be rare.

Across the tests of a window p-values are adjusted (Benjamini and Hochberg 1995); across time a
budget of false alarms is spent evenly over the windows.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from whitebox_wire.vector import FloatArray

ALPHA_MAX = 0.05


def adjust(p_values: npt.ArrayLike) -> FloatArray:
    """Benjamini-Hochberg adjusted p-values, in the order given; shape [tests].

    The i-th smallest of t becomes the least of p_j * t / j over j >= i. When no test has drift,
    some adjusted value lies below alpha in at most the share alpha of windows.

    >>> adjust([0.01, 0.04, 0.03]).round(4)
    array([0.03, 0.04, 0.04])
    """
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p, kind="stable")
    scaled = p[order] * p.size / np.arange(1, p.size + 1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted


def window_alpha(length_s: int, alarm_interval_s: int) -> float:
    """The chance of a false alarm that one window may take: its share of the interval.

    With windows of an hour and one false alarm in 30 days it is 1/720. Never above
    `ALPHA_MAX`: long windows are no reason to believe little.

    >>> window_alpha(3600, 720 * 3600) == 1 / 720, window_alpha(7 * 86_400, 30 * 86_400)
    (True, 0.05)
    """
    return min(max(length_s, 1) / max(alarm_interval_s, 1), ALPHA_MAX)
