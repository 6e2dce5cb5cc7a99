"""DLE against numpy on rows whose losses are drawn leaf by leaf."""

from __future__ import annotations

import math

import numpy as np
import pytest

from whitebox_hub.statistics.dle import METRICS, NO_ROWS, estimate_regression
from whitebox_wire.loss_tree import LossTree

COUNTS = np.array([500.0, 300.0, 200.0])
SIGMAS = np.array([1.0, 3.0, 8.0])
# The mean and deviation of the absolute value of a normal error.
MEANS = SIGMAS * math.sqrt(2 / math.pi)
DEVIATIONS = SIGMAS * math.sqrt(1 - 2 / math.pi)
TREE = LossTree((), tuple(MEANS.tolist()), tuple(DEVIATIONS.tolist()))


def test_errors_are_means_over_leaves_by_their_rows() -> None:
    said = estimate_regression(COUNTS, TREE)

    errors = (COUNTS * SIGMAS**2).sum() / 1_000
    assert said.rows == 1_000
    assert said.metrics["mean_absolute_error"].value == pytest.approx((COUNTS @ MEANS) / 1_000)
    assert said.metrics["mean_squared_error"].value == pytest.approx(errors)
    assert said.metrics["root_mean_squared_error"].value == pytest.approx(math.sqrt(errors))
    assert said.mean_square == pytest.approx((COUNTS @ MEANS**2) / 1_000)


def test_realised_errors_lie_in_their_bands_as_often_as_three_errors_say() -> None:
    rng = np.random.default_rng(0)
    bands = estimate_regression(COUNTS, TREE).metrics
    each = np.repeat(SIGMAS, COUNTS.astype(int))

    errors = rng.normal(0, each, (2_000, each.size))

    for name, realised in (
        ("mean_absolute_error", np.abs(errors).mean(axis=1)),
        ("mean_squared_error", (errors**2).mean(axis=1)),
        ("root_mean_squared_error", np.sqrt((errors**2).mean(axis=1))),
    ):
        band = bands[name]
        assert np.mean((realised >= band.low) & (realised <= band.high)) >= 0.985
        assert (band.high - band.low) / 6 == pytest.approx(realised.std(), rel=0.1)


def test_a_leaf_that_few_reference_rows_speak_of_widens_the_band() -> None:
    alone = estimate_regression(COUNTS, TREE).metrics["mean_absolute_error"]

    known = estimate_regression(COUNTS, TREE, np.array([50.0, 50.0, 50.0]))

    band = known.metrics["mean_absolute_error"]
    assert band.value == alone.value
    assert band.low < alone.low < alone.high < band.high


@pytest.mark.parametrize("counts", [[0.0, 0.0, 0.0], [-3.0, 0.0, -1.0]])
def test_a_window_without_rows_has_a_reason(counts: list[float]) -> None:
    said = estimate_regression(np.array(counts), TREE)

    assert (said.rows, said.metrics) == (0, {})
    assert said.reasons == dict.fromkeys(METRICS, NO_ROWS)


def test_losses_near_the_largest_float_are_estimated_as_far_as_there_are_numbers() -> None:
    huge = LossTree((), (1e200, 1e300), (1e199, 1e299))

    said = estimate_regression(np.array([5.0, 5.0]), huge)

    assert said.metrics["mean_absolute_error"].value == pytest.approx(5e299)
    assert said.metrics["root_mean_squared_error"].value == pytest.approx(1e300 / 1.4, rel=0.02)
    assert "too large" in said.reasons["mean_squared_error"]


def test_a_model_without_errors_is_expected_to_have_none() -> None:
    said = estimate_regression(np.array([1.0, 0.0]), LossTree((), (0.0, 0.0), (0.0, 0.0)))

    assert [said.metrics[name].high for name in METRICS] == [0.0, 0.0, 0.0]
