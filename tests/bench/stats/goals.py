"""What the figures should be, and what is said of those that are not."""

from __future__ import annotations

import operator
from collections.abc import Mapping

# A factor of 1.5 either way.
_FACTOR = 1.5
# How a figure shall compare with a limit, in the figure's own unit.
GOALS = {
    "type1_worst_ratio": ("<=", _FACTOR),
    "type1_least_ratio": (">=", round(1 / _FACTOR, 3)),
    "quiet_alarms_30d": ("<=", 1.5),
    "ks_max_error": ("<=", 0.01),
    "w1_max_error": ("<=", 0.005),
    "psi_max_error": ("<=", 1e-9),
    "auroc_max_error": ("<=", 0.0005),
    "cbpe_auroc_vs_nannyml": ("<=", 0.002),
    "cbpe_auroc_vs_realised": ("<=", 0.005),
}
_HOLDS = {"<=": operator.le, ">=": operator.ge}


def verdicts(figures: Mapping[str, float]) -> list[str]:
    """A line for each goal whose figure was taken.

    >>> verdicts({"ks_max_error": 0.002})
    ['ks_max_error 0.002, goal <= 0.01: reached']
    """
    return [
        f"{key} {figures[key]:.4g}, goal {sign} {limit:g}: "
        + ("reached" if _HOLDS[sign](figures[key], limit) else "missed")
        for key, (sign, limit) in GOALS.items()
        if key in figures
    ]
