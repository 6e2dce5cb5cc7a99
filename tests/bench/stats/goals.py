"""What the figures should be, and what is said of those that are not."""

from __future__ import annotations

from collections.abc import Mapping

# At most so much, each in its figure's own unit.
GOALS = {
    "type1_worst_ratio": 1.5,
    "quiet_alarms_30d": 1.5,
    "ks_max_error": 0.01,
    "w1_max_error": 0.005,
    "psi_max_error": 1e-9,
    "auroc_max_error": 0.0005,
    "cbpe_auroc_vs_nannyml": 0.002,
    "cbpe_auroc_vs_realised": 0.005,
}


def verdicts(figures: Mapping[str, float]) -> list[str]:
    """A line for each goal whose figure was taken.

    >>> verdicts({"ks_max_error": 0.002})
    ['ks_max_error 0.002, goal <= 0.01: reached']
    """
    return [
        f"{key} {figures[key]:.4g}, goal <= {limit:g}: "
        + ("reached" if figures[key] <= limit else "missed")
        for key, limit in GOALS.items()
        if key in figures
    ]
