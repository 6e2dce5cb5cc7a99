"""DLE: what a regression model's error should be, from counts by leaf of its loss tree.

Direct loss estimation (NannyML's documentation, "Direct Loss Estimation"): a model of the loss,
here a small tree, is fitted on the reference; rows without labels are expected to lose what
reference rows of their leaf lost. With c rows of n in a leaf of mean loss m and deviation d, and
m**2 + d**2 its mean squared error,

    mean absolute error = sum of c * m / n        mean squared error = sum of c * (m**2 + d**2) / n

The variance of the realised mean around the first is the sum of c * d**2 / n**2, and of
(c / n)**2 * d**2 / r for a leaf's mean known from r reference rows only. For the second the
variance of a squared error is taken to be 2 * (m**2 + d**2)**2, that of a normal error.

Like CBPE it does not see a changed relation of features to the target.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from whitebox_hub.statistics.estimate import Estimate, banded
from whitebox_hub.statistics.finite import finite
from whitebox_wire.loss_tree import LossTree
from whitebox_wire.vector import FloatArray

NO_ROWS = "no rows in this window"
METRICS = ("mean_absolute_error", "mean_squared_error", "root_mean_squared_error")


@dataclass(frozen=True, slots=True)
class RegressionEstimate:
    """In the target's units. `rows` are all rows of the window; without any there are reasons.

    `mean_square` is the mean of squared leaf means: with the mean absolute error it says how much
    rows' expected losses differ; None where it is too large for a number.
    """

    rows: int
    metrics: dict[str, Estimate]
    reasons: dict[str, str]
    mean_square: float | None = None


def estimate_regression(
    leaves: FloatArray, tree: LossTree, reference: FloatArray | None = None
) -> RegressionEstimate:
    """Expected errors from rows by leaf, shape [leaves]; `reference` are those of the reference.

    >>> tree = LossTree((), means=(1.0, 3.0), deviations=(1.0, 2.0))
    >>> said = estimate_regression(np.array([300.0, 100.0]), tree).metrics["mean_absolute_error"]
    >>> round(said.value, 4), round(said.low, 4), round(said.high, 4)
    (1.5, 1.3016, 1.6984)
    """
    counts = np.maximum(leaves, 0.0)
    rows = float(counts.sum())
    if not rows:
        return RegressionEstimate(0, {}, dict.fromkeys(METRICS, NO_ROWS))
    mean, deviation = np.array(tree.means), np.array(tree.deviations)
    # Losses are in units of the largest, whose square need not be a finite number.
    unit = float((mean + deviation).max()) or 1.0
    mean, spread = mean / unit, (deviation / unit) ** 2
    square, share = mean**2 + spread, counts / rows
    weight = share / rows
    if reference is not None:
        weight = weight + share**2 / np.maximum(reference, 1.0)
    absolute, squared = float(share @ mean), float(share @ square)
    of_squared = float(weight @ (2 * square**2))
    of_root = of_squared / (4 * squared) if squared > 0 else 0.0
    found = {
        "mean_absolute_error": _scaled(absolute, float(weight @ spread), unit),
        "mean_squared_error": _scaled(squared, of_squared, unit * unit),
        "root_mean_squared_error": _scaled(math.sqrt(squared), of_root, unit),
    }
    return RegressionEstimate(
        rows=int(rows),
        metrics={name: said for name, said in found.items() if said is not None},
        reasons={
            name: f"{name} is too large for a number"
            for name, said in found.items()
            if said is None
        },
        mean_square=finite(float(share @ mean**2) * unit * unit),
    )


def _scaled(value: float, variance: float, unit: float) -> Estimate | None:
    """A value in some unit with its band; None where a number of it is not finite."""
    said = banded(value, variance, high=math.inf)
    if said is None or not math.isfinite(said.high * unit):
        return None
    return Estimate(said.value * unit, said.low * unit, said.high * unit)
