"""Regression metrics from sums against scikit-learn on the rows."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from whitebox_hub.statistics.regression import (
    RegressionPerformance,
    regression_performance,
)
from whitebox_wire.layout import Layout, RegressionLabelBlock, Section
from whitebox_wire.spec import (
    Feature,
    ModelKind,
    ModelSpec,
    NumericBins,
    Prediction,
    Target,
)
from whitebox_wire.vector import ONE, FloatArray, IntVector, zeros

BINS = NumericBins((0.0, 500.0, 1_000.0), 500.0, 200.0)
SPEC = ModelSpec(
    "m",
    ModelKind.REGRESSION,
    (Feature("x", BINS),),
    Prediction("prediction", value=BINS),
    Target("y", value=BINS, error_edges=(50.0, 100.0)),
)
LAYOUT = Layout.of(SPEC)


def block() -> RegressionLabelBlock:
    assert isinstance(LAYOUT.labels, RegressionLabelBlock)
    return LAYOUT.labels


def fold(target: FloatArray, predicted: FloatArray) -> IntVector:
    vector, at = zeros(LAYOUT, Section.LABELS), block()
    error = (predicted - target) / BINS.scale
    z = (target - BINS.centre) / BINS.scale
    some = target != 0
    relative = np.abs(predicted - target)[some] / np.abs(target[some])
    vector[at.rows] = vector[at.scored] = target.size
    vector[at.percentage_rows] = np.count_nonzero(some)
    for place, values in (
        (at.error, error),
        (at.absolute_error, np.abs(error)),
        (at.squared_error, error**2),
        (at.y, z),
        (at.y_squared, z**2),
        (at.percentage_error, relative),
    ):
        vector[place] = np.rint(values * ONE).sum()
    return vector


def performance(target: FloatArray, predicted: FloatArray) -> RegressionPerformance:
    return regression_performance(fold(target, predicted), block(), BINS)


def test_every_metric_is_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    target = rng.gamma(5.0, 100.0, 2_000)
    predicted = target + rng.normal(5, 40, target.size)

    said = performance(target, predicted)

    square = metrics.mean_squared_error(target, predicted)
    assert said.rows == 2_000
    assert said.r_square == pytest.approx(metrics.r2_score(target, predicted), abs=1e-6)
    assert said.mean_squared_error == pytest.approx(square, rel=1e-5)
    assert said.root_mean_squared_error == pytest.approx(square**0.5, rel=1e-5)
    absolute = metrics.mean_absolute_error(target, predicted)
    assert said.mean_absolute_error == pytest.approx(absolute, rel=1e-5)
    percentage = metrics.mean_absolute_percentage_error(target, predicted)
    assert said.mean_absolute_percentage_error == pytest.approx(percentage, rel=1e-5)
    assert said.bias == pytest.approx((predicted - target).mean(), rel=1e-4)


def test_predictions_worse_than_the_mean_have_a_negative_r_squared() -> None:
    target = np.array([100.0, 200.0, 300.0, 400.0])

    said = performance(target, target[::-1])

    assert said.r_square == pytest.approx(metrics.r2_score(target, target[::-1]), abs=1e-5)


@pytest.mark.parametrize("value", [500.0, 12_345.6, -150_000.1, 200_000.0])
def test_targets_that_do_not_vary_have_no_r_squared(value: float) -> None:
    target = np.full(1_000, value)

    said = performance(target, target + 1.0)

    assert said.r_square is None
    assert said.mean_absolute_error == pytest.approx(1.0, rel=1e-3)


def test_targets_of_zero_are_left_out_of_percentages() -> None:
    said = performance(np.array([0.0, 100.0]), np.array([5.0, 110.0]))

    assert said.mean_absolute_percentage_error == pytest.approx(0.1, rel=1e-5)


def test_only_targets_of_zero_have_no_percentage_error() -> None:
    said = performance(np.zeros(3), np.ones(3))

    assert said.mean_absolute_percentage_error is None


def test_one_row_has_errors_and_no_r_squared() -> None:
    said = performance(np.array([300.0]), np.array([310.0]))

    assert said.rows == 1
    assert said.bias == pytest.approx(10.0, rel=1e-4)
    assert said.r_square is None


def test_without_scored_rows_every_metric_is_none() -> None:
    said = regression_performance(zeros(LAYOUT, Section.LABELS), block(), BINS)

    assert said == RegressionPerformance(0)


@given(
    st.lists(st.integers(-(2**62), 2**62), min_size=9, max_size=9),
    st.sampled_from([1e-300, 1.0, 1e160, 1e307]),
)
def test_whatever_the_sums_hold_every_metric_is_finite_or_none(
    sums: list[int], scale: float
) -> None:
    vector, at = zeros(LAYOUT, Section.LABELS), block()
    places = [at.rows, at.scored, at.error, at.absolute_error, at.squared_error]
    places += [at.y, at.y_squared, at.percentage_rows, at.percentage_error]
    vector[places] = sums

    said = regression_performance(vector, at, NumericBins((0.0,), 0.0, scale))

    values = [getattr(said, f.name) for f in fields(said)]
    assert all(value is None or np.isfinite(value) for value in values)
