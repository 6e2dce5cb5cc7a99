"""Accounting: how much noise keeps a budget of (epsilon, delta), in zero-concentrated DP.

**What is protected** is what one row says of a group of features. Neighbours are two sets of rows
of a window that differ in one row's values of those features: the number of rows is no secret,
since it ships exactly. Such a row leaves one cell and enters another (bins, missing and invalid
alike) in each of d features, so 2 * d cells of a sum change by one. The row is in the sum over all
rows and in that of at most every one of s segments, each with noise of its own, so all that
ships of it changes by at most sqrt(2 * d * (1 + s)) in L2. A row is in one window, and in one sum
of it even where a window ships in parts, so windows and parts do not add up for a row.

**zCDP**: discrete Gaussian noise of sigma on a sum with sensitivity D is rho-zCDP with
rho = D**2 / (2 * sigma**2), and groups that share rows add up their rho (Bun and Steinke 2016;
Canonne, Kamath and Steinke 2020, theorem 4).

**To (epsilon, delta)** by corollary 13 of the latter: for any alpha > 1,
delta = exp((alpha - 1) * (alpha * rho - epsilon)) / (alpha - 1) * (1 - 1 / alpha)**alpha. Every
alpha gives a true bound, so no rounding in the search for the best can promise too much.
"""

from __future__ import annotations

import math

from whitebox_wire.errors import SpecError
from whitebox_wire.spec import ModelSpec, NoiseBudget

# More noise than this hides any window, and its square would not fit into a fleet's sums.
SIGMA_MAX = 4_096.0
# Sigmas are rounded up to this, so that every machine takes the same.
SIGMA_STEP = 1e-3
_SEARCH_STEPS = 200


def delta_of(rho: float, epsilon: float) -> float:
    """The least delta that is known to go with rho-zCDP at an epsilon.

    >>> round(delta_of(0.0244, 1.0), 7)
    1e-06
    """
    low, high = 1.0, (epsilon + 1.0) / (2.0 * rho) + 2.0
    for _ in range(_SEARCH_STEPS):
        alpha = (low + high) / 2.0
        # The logarithm's derivative, which rises.
        if (2.0 * alpha - 1.0) * rho - epsilon + math.log1p(-1.0 / alpha) < 0.0:
            low = alpha
        else:
            high = alpha
    alpha = high
    exponent = (alpha - 1.0) * (alpha * rho - epsilon) + alpha * math.log1p(-1.0 / alpha)
    return min(math.exp(min(exponent, 0.0)) / (alpha - 1.0), 1.0)


def rho_of(epsilon: float, delta: float) -> float:
    """The largest rho whose zCDP keeps (epsilon, delta).

    >>> round(rho_of(1.0, 1e-6), 4)
    0.0244
    """
    # rho = epsilon alone would be delta = 1; the answer lies below.
    low, high = 0.0, epsilon + 1.0
    for _ in range(_SEARCH_STEPS):
        rho = (low + high) / 2.0
        if rho > 0.0 and delta_of(rho, epsilon) <= delta:
            low = rho
        else:
            high = rho
    return low


def sensitivity(budget: NoiseBudget, spec: ModelSpec) -> float:
    """How far one row's values of the budget's features can move all that ships, in L2."""
    return math.sqrt(2.0 * len(budget.features) * (1 + len(spec.segments)))


def sigma_of(budget: NoiseBudget, spec: ModelSpec) -> float:
    """The noise in every cell of the budget's features that keeps its (epsilon, delta).

    Raises:
        SpecError: it would be beyond `SIGMA_MAX`.
    """
    rho = rho_of(budget.epsilon, budget.delta)
    reach = sensitivity(budget, spec)
    sigma = reach / math.sqrt(2.0 * rho) if rho > 0.0 else math.inf
    if not sigma <= SIGMA_MAX:
        raise SpecError(
            f"privacy: epsilon {budget.epsilon:g} and delta {budget.delta:g} for "
            f"{len(budget.features)} features ask for noise of more than {SIGMA_MAX:g} rows a cell",
            hint="raise epsilon, or name fewer features",
        )
    return math.ceil(sigma / SIGMA_STEP) * SIGMA_STEP


def total_epsilon(spec: ModelSpec, delta: float) -> float:
    """The epsilon, at a delta, of all of a spec's budgets together: their rho add up."""
    rho = sum(
        (sensitivity(budget, spec) / sigma_of(budget, spec)) ** 2 / 2.0
        for budget in spec.privacy.budgets
    )
    if not rho:
        return 0.0
    low, high = 0.0, rho + 2.0 * math.sqrt(rho * math.log(1.0 / delta))
    for _ in range(_SEARCH_STEPS):
        epsilon = (low + high) / 2.0
        low, high = (epsilon, high) if delta_of(rho, epsilon) > delta else (low, epsilon)
    return high
