"""The sampler against the exact law, and OpenDP's draws against the same law."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chisquare

from whitebox_agent.privacy import DiscreteGaussian
from whitebox_wire.vector import FloatArray, IntVector

GOLDEN = json.loads(Path(__file__).with_name("opendp_golden.json").read_text("utf-8"))
DRAWS = 400_000
EXPECTED_MIN = 10.0
# One false failure in a hundred thousand runs of a test.
ALPHA = 1e-5


def exact(sigma: float, reach: int) -> FloatArray:
    """The law in floating point: shape [2 * reach + 1]."""
    k = np.arange(-reach, reach + 1)
    weights = np.exp(-(k**2) / (2.0 * sigma * sigma))
    shares: FloatArray = weights / weights.sum()
    return shares


def fit(counts: IntVector, sigma: float) -> float:
    """The chi-square test's p-value of counts of -reach..reach; rare tails are one cell each."""
    expected = exact(sigma, counts.size // 2) * counts.sum()
    inner = np.flatnonzero(expected >= EXPECTED_MIN)
    cuts = [0, *inner.tolist(), int(inner[-1]) + 1]
    p_value: float = chisquare(
        np.add.reduceat(counts, cuts)[1:-1], np.add.reduceat(expected, cuts)[1:-1], sum_check=False
    ).pvalue
    return p_value


@pytest.mark.parametrize("sigma", [0.3, 0.8, 4.531, 45.308])
def test_draws_follow_the_law(sigma: float) -> None:
    law = DiscreteGaussian.of(sigma)

    drawn = law.draw(DRAWS, os.urandom)

    counts = np.bincount(drawn + law.reach, minlength=2 * law.reach + 1)
    assert fit(counts, sigma) > ALPHA
    assert drawn.var() == pytest.approx(law.variance, rel=5 * (2 / DRAWS) ** 0.5, abs=3e-3)


@pytest.mark.parametrize("case", GOLDEN["draws"], ids=lambda case: case["sigma"])
def test_opendp_draws_from_the_same_law(case: dict[str, dict[str, int]]) -> None:
    law = DiscreteGaussian.of(float(case["sigma"]))  # type: ignore[arg-type]  # of this field
    counts = np.zeros(2 * law.reach + 1, np.int64)

    for value, count in case["counts"].items():
        counts[int(value) + law.reach] += count

    assert fit(counts, law.sigma) > ALPHA


@pytest.mark.parametrize("sigma", [0.3, 1.0, 45.308])
def test_the_steps_are_the_law_to_a_unit_of_the_grid(sigma: float) -> None:
    law = DiscreteGaussian.of(sigma)
    steps = [int(step) for step in law.steps]

    shares = np.diff([0, *steps]) / 2.0**63

    assert steps == sorted(steps)
    assert steps[-1] == 2**63
    assert np.abs(shares - exact(sigma, law.reach)).max() < 1e-15


def test_the_variance_is_the_laws_own() -> None:
    for sigma in (0.3, 0.8, 3.0):
        law = DiscreteGaussian.of(sigma)
        k = np.arange(-law.reach, law.reach + 1)

        assert law.variance == pytest.approx((k**2 * exact(sigma, law.reach)).sum(), rel=1e-12)


def test_draws_are_a_function_of_the_random_bytes() -> None:
    asked: Counter[int] = Counter()

    def entropy(size: int) -> bytes:
        asked[size] += 1
        return np.random.default_rng(7).bytes(size)

    law = DiscreteGaussian.of(3.0)

    assert law.draw(50, entropy).tolist() == law.draw(50, entropy).tolist()
    assert asked == {400: 2}, "eight bytes a draw, asked for at once"
