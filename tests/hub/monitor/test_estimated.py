"""Monitors of what needs no labels: estimated performance, and drift of all inputs together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from whitebox_hub.monitor import ModelContext, Monitor, Rule, Verdict, WindowVectors
from whitebox_hub.monitor.check import MonitorError, check_monitor
from whitebox_hub.monitor.estimated import measure_estimates
from whitebox_hub.monitor.estimates import NO_SCORES, NO_TREE, range_warning
from whitebox_hub.monitor.evaluate import evaluate
from whitebox_wire.layout import (
    CategoricalBlock,
    ClassPredictionBlock,
    Layout,
    NumericBlock,
    Section,
)
from whitebox_wire.spec import ModelKind
from whitebox_wire.vector import ONE, FloatArray, IntVector

Context = Callable[..., ModelContext]
Vectors = Callable[..., Mapping[Section, IntVector]]

HOUR_S = 3_600
# Shares of rows in ten score bins: a model that is rather sure, and one that no longer is.
SURE = np.array([30, 20, 8, 3, 2, 2, 3, 7, 15, 10]) / 100
UNSURE = np.array([5, 8, 12, 15, 15, 15, 12, 8, 6, 4]) / 100
LEVELS = np.arange(0.05, 1, 0.1)


def scored(context: ModelContext, rows: int, shares: FloatArray, seed: int = 0) -> IntVector:
    """A features section of so many scores, all of them as sure as they say."""
    vector = np.zeros(context.layout.sizes[Section.FEATURES].cells, np.int64)
    block = context.layout.prediction
    assert isinstance(block, ClassPredictionBlock)
    [scores] = block.scores
    counts = np.random.default_rng(seed).multinomial(rows, shares)
    mass = np.rint(counts * LEVELS * ONE).astype(np.int64)
    half = counts.size // 2
    vector[context.layout.rows] = rows
    vector[scores.bins][half:], vector[scores.mass][half:] = counts[half:], mass[half:]
    vector[scores.other_bins][:half], vector[scores.other_mass][:half] = counts[:half], mass[:half]
    return vector


def of_sure_model(context: Context) -> ModelContext:
    return context(training={Section.FEATURES: scored(context(), 20_000, SURE, seed=9)})


def judged(context: ModelContext, live: IntVector, monitor: Monitor) -> Verdict:
    window = WindowVectors(0, 0, HOUR_S, {Section.FEATURES: live})
    [finding] = evaluate(context, window, [monitor])
    return finding.verdict


def calibrated(metric: str) -> Monitor:
    return Monitor(metric, "m", metric, metric, rule=Rule.CALIBRATED)


def test_an_estimate_is_compared_with_the_references_own(context: Context) -> None:
    model = of_sure_model(context)
    right = SURE @ np.maximum(LEVELS, 1 - LEVELS)

    said = measure_estimates(model, scored(model, 2_000, SURE))["estimated_accuracy", None]

    assert said.rows == 2_000
    assert said.value == pytest.approx(right, abs=0.02)
    assert said.reference == pytest.approx(right, abs=0.005)
    assert said.p_value is not None


def test_rows_that_the_model_is_less_sure_of_violate_without_a_label(context: Context) -> None:
    model, monitor = of_sure_model(context), calibrated("estimated_accuracy")

    assert judged(model, scored(model, 500, SURE), monitor) is Verdict.OK
    assert judged(model, scored(model, 500, UNSURE), monitor) is Verdict.VIOLATED


@pytest.mark.parametrize("metric", ["estimated_f1", "estimated_roc_auc"])
def test_an_estimate_has_a_threshold(metric: str, context: Context) -> None:
    model = of_sure_model(context)
    monitor = Monitor(metric, "m", metric, metric, lower_threshold=0.8)

    assert judged(model, scored(model, 500, SURE), monitor) is Verdict.OK
    assert judged(model, scored(model, 500, UNSURE), monitor) is Verdict.VIOLATED


@pytest.mark.parametrize(("rows", "alpha"), [(50, 0.01), (200, 0.01), (1_000, 0.01), (200, 0.05)])
def test_the_test_of_an_estimate_alarms_as_often_as_it_says(
    rows: int, alpha: float, context: Context
) -> None:
    model = of_sure_model(context)

    alarms = 0
    for seed in range(4_000):
        said = measure_estimates(model, scored(model, rows, SURE, seed))
        p_value = said["estimated_accuracy", None].p_value
        assert p_value is not None
        alarms += p_value <= alpha

    # Four standard errors of a rate over 4,000 windows, and what one reference lies off.
    assert alarms / 4_000 == pytest.approx(alpha, rel=0.7)


@pytest.mark.parametrize("rows", [0, 1, 29])
def test_few_rows_have_no_test_but_a_reason(rows: int, context: Context) -> None:
    model = of_sure_model(context)

    said = measure_estimates(model, scored(model, rows, SURE))["estimated_accuracy", None]

    assert (said.value is None) == (rows == 0)
    assert said.p_value is None
    assert said.problem or said.untested


def regression(context: Context, leaves: list[int]) -> tuple[ModelContext, IntVector]:
    """A regression model and a window with so many rows in each leaf."""
    model = context(ModelKind.REGRESSION)
    live = np.zeros(model.layout.sizes[Section.FEATURES].cells, np.int64)
    assert model.layout.leaves is not None
    live[model.layout.leaves], live[model.layout.rows] = leaves, sum(leaves)
    return model, live


def test_more_rows_in_a_hard_leaf_raise_the_estimated_error(context: Context) -> None:
    monitor = calibrated("estimated_mean_absolute_error")
    model, easy = regression(context, [260, 240])

    said = measure_estimates(model, easy)["estimated_mean_absolute_error", None]

    assert said.value == pytest.approx((260 * 10 + 240 * 30) / 500)
    assert judged(model, easy, monitor) is Verdict.OK
    assert judged(*regression(context, [100, 400]), monitor) is Verdict.VIOLATED


def test_rows_that_move_between_leaves_are_multivariate_drift(context: Context) -> None:
    monitor = calibrated("multivariate_drift")

    assert judged(*regression(context, [260, 240]), monitor) is Verdict.OK
    assert judged(*regression(context, [400, 100]), monitor) is Verdict.VIOLATED
    assert judged(*regression(context, [3, 1]), monitor) is Verdict.NOT_ENOUGH_DATA


def test_a_model_without_scores_or_a_tree_says_what_it_lacks(context: Context) -> None:
    for kind, problem in ((ModelKind.BINARY, NO_SCORES), (ModelKind.REGRESSION, NO_TREE)):
        whole = context(kind)
        prediction = replace(whole.spec.prediction, score_columns=(), score_bins=0)
        spec = replace(whole.spec, prediction=prediction, loss_tree=None).check()
        layout = Layout.of(spec)
        live = np.zeros(layout.sizes[Section.FEATURES].cells, np.int64)

        said = measure_estimates(ModelContext(spec, layout, {Section.FEATURES: live}), live)

        assert {measure.problem for measure in said.values()} == {problem}


def test_a_model_without_a_reference_is_estimated_and_not_tested(context: Context) -> None:
    model = of_sure_model(context)
    bare = replace(model, training=None)

    said = measure_estimates(bare, scored(model, 100, SURE))

    assert all(measure.value is not None for measure in said.values())
    assert all(measure.untested for measure in said.values())


def test_the_test_sets_estimate_is_the_reference_where_it_has_scores(context: Context) -> None:
    model = of_sure_model(context)
    tested = replace(model, test={Section.FEATURES: scored(model, 5_000, UNSURE)})
    untested = replace(model, test={Section.FEATURES: scored(model, 0, SURE)})
    live = scored(model, 500, SURE)

    references = [
        measure_estimates(each, live)["estimated_accuracy", None].reference
        for each in (model, tested, untested)
    ]

    assert references[0] is not None
    assert references[1] is not None
    assert references[1] < references[0] - 0.1
    assert references[2] == references[0]


def test_a_calibrated_estimate_takes_no_threshold(context: Context) -> None:
    spec = context().spec
    check_monitor(calibrated("estimated_accuracy"), spec)

    with pytest.raises(MonitorError, match="compares 'estimated_accuracy' with the reference"):
        check_monitor(replace(calibrated("estimated_accuracy"), lower_threshold=0.8), spec)
    with pytest.raises(MonitorError, match="no calibrated rule"):
        check_monitor(calibrated("estimated_f1"), spec)


def test_inputs_beyond_the_reference_are_named(context: Context, vectors: Vectors) -> None:
    model = context()
    inside = vectors(model)[Section.FEATURES]
    outside = inside.copy()
    age, job = model.layout.features
    assert isinstance(age, NumericBlock)
    assert isinstance(job, CategoricalBlock)
    outside[job.unseen] = 250
    reference = model.estimate_reference.cells

    assert range_warning(model.spec, model.layout, reference, inside) is None
    said = range_warning(model.spec, model.layout, reference, outside)

    assert said is not None
    assert said.endswith("job (20.0%)")
    assert "no reference" in (range_warning(model.spec, model.layout, None, inside) or "")
