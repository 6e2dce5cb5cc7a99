"""The test of mean errors: its error rate, its power, its answers at the limits."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whitebox_hub.statistics.means import ROWS_MIN, Mean, excess_mean_p_value
from whitebox_wire.vector import FloatArray

Draw = Callable[[np.random.Generator, tuple[int, int]], FloatArray]
ERRORS: dict[str, Draw] = {
    "normal": lambda rng, shape: np.abs(rng.normal(size=shape)),
    "exponential": lambda rng, shape: rng.exponential(size=shape),
    "lognormal": lambda rng, shape: rng.lognormal(size=shape),
}


def means(values: FloatArray) -> list[Mean]:
    rows = values.shape[1]
    squares = (values**2).mean(axis=1).tolist()
    return [Mean(rows, *both) for both in zip(values.mean(axis=1).tolist(), squares, strict=True)]


@pytest.mark.parametrize("errors", ERRORS)
@pytest.mark.parametrize("rows", [30, 300])
def test_with_no_change_it_is_not_significant_more_often_than_it_says(
    errors: str, rows: int
) -> None:
    rng = np.random.default_rng(11)
    references = means(ERRORS[errors](rng, (300, 1_000))) * 20
    windows = means(ERRORS[errors](rng, (6_000, rows)))

    said = [excess_mean_p_value(*both) for both in zip(windows, references, strict=True)]

    p_values = np.array(said, np.float64)
    for nominal in (0.05, 0.01):
        assert np.mean(p_values <= nominal) <= 1.5 * nominal


def test_errors_a_half_larger_are_found_and_smaller_ones_are_not() -> None:
    rng = np.random.default_rng(12)
    [reference] = means(ERRORS["exponential"](rng, (1, 5_000)))
    [live] = means(ERRORS["exponential"](rng, (1, 300)))
    larger, smaller = (Mean(300, live.mean * by, live.mean_square * by * by) for by in (1.5, 0.5))

    worse, better = (excess_mean_p_value(mean, reference) for mean in (larger, smaller))

    assert worse is not None
    assert better is not None
    assert worse < 1e-4
    assert better > 0.99


@pytest.mark.parametrize(("now", "before"), [(ROWS_MIN - 1, 900), (900, ROWS_MIN - 1), (0, 0)])
def test_few_rows_on_a_side_have_no_p_value(now: int, before: int) -> None:
    assert excess_mean_p_value(Mean(now, 1.0, 2.0), Mean(before, 1.0, 2.0)) is None


@pytest.mark.parametrize(("mean", "p_value"), [(2.0, 0.0), (1.0, 1.0), (0.5, 1.0)])
def test_errors_that_never_vary_are_compared_as_they_are(mean: float, p_value: float) -> None:
    live, reference = Mean(50, mean, mean * mean), Mean(50, 1.0, 1.0)

    assert excess_mean_p_value(live, reference) == p_value


amounts = st.floats(-1e-3, 1e300) | st.just(0.0)


@given(amounts, amounts, amounts, amounts)
def test_every_p_value_is_a_probability(a: float, b: float, c: float, d: float) -> None:
    said = excess_mean_p_value(Mean(50, a, b), Mean(50, c, d))

    assert said is not None
    assert not math.isnan(said)
    assert 0.0 <= said <= 1.0
