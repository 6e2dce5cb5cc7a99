"""Every impossible monitor is refused by a message that names the field and says a way out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from whitebox_hub.monitor import ModelContext, Monitor, Rule
from whitebox_hub.monitor.check import WINDOWS_MAX, MonitorError, check_monitor
from whitebox_wire.spec import ModelKind

MONITOR = Monitor("1", "m", "Watch", "accuracy", lower_threshold=0.8)
DRIFT = Monitor("1", "m", "Watch", "data_drift", rule=Rule.CALIBRATED)


@pytest.mark.parametrize(
    "monitor",
    [
        MONITOR,
        replace(MONITOR, rule=Rule.CALIBRATED, lower_threshold=None),
        replace(MONITOR, segment=2, minimum_rows=50, for_windows=3, resolve_windows=2),
        DRIFT,
        replace(DRIFT, feature="age", upper_threshold=0.2),
        replace(DRIFT, rule=Rule.THRESHOLD, upper_threshold=0.2),
        replace(DRIFT, metric="concept_drift", feature="y"),
        replace(DRIFT, metric="prediction_drift", feature="prediction"),
        replace(DRIFT, metric="missing_rate", rule=Rule.THRESHOLD, upper_threshold=0.5),
        replace(MONITOR, metric="log_loss", lower_threshold=None, upper_threshold=0.7),
        replace(MONITOR, rule=Rule.CHANGE, lower_threshold=0.1),
        replace(MONITOR, rule=Rule.REFERENCE_WINDOWS, lower_threshold=None),
        replace(DRIFT, metric="ks", feature="age", upper_threshold=0.2),
        replace(DRIFT, metric="jensen_shannon", feature="prediction"),
        replace(DRIFT, rule=Rule.CLASSIC),
        replace(DRIFT, metric="dataset_drift", rule=Rule.CLASSIC, upper_threshold=0.3),
        replace(MONITOR, metric="attribution_ndcg", lower_threshold=None),
        replace(MONITOR, metric="volume", lower_threshold=100.0),
    ],
    ids=lambda m: f"{m.metric} by {m.rule.value} of {m.feature} in {m.segment}",
)
def test_a_possible_monitor_gets_its_metric(
    monitor: Monitor, context: Callable[..., ModelContext]
) -> None:
    metric = check_monitor(monitor, context().spec)

    assert metric.name == monitor.metric.replace("concept", "prediction")


REFUSALS: dict[str, tuple[Monitor, str, str]] = {
    "unknown metric": (replace(MONITOR, metric="vibes"), "metric 'vibes'", "accuracy"),
    "metric of another kind": (
        replace(MONITOR, metric="r_square"),
        "metric 'r_square' is not for a binary model",
        "accuracy",
    ),
    "unknown feature": (replace(DRIFT, feature="height"), "feature 'height'", "leave feature out"),
    "feature of a model's metric": (
        replace(MONITOR, feature="age"),
        "not of feature 'age'",
        "leave feature out",
    ),
    "target of a labels metric": (
        replace(MONITOR, feature="y"),
        "not of feature 'y'",
        "leave feature out",
    ),
    "no threshold of a score": (
        replace(MONITOR, lower_threshold=None),
        "lower_threshold is missing",
        "rule to 'calibrated'",
    ),
    "no threshold of an error": (
        replace(MONITOR, metric="brier", lower_threshold=None),
        "upper_threshold is missing",
        "set upper_threshold",
    ),
    "upper threshold of a score": (
        replace(MONITOR, upper_threshold=0.9),
        "upper_threshold does not belong to 'accuracy'",
        "set lower_threshold",
    ),
    "lower threshold of an error": (
        replace(MONITOR, metric="log_loss"),
        "lower_threshold does not belong to 'log_loss'",
        "set upper_threshold",
    ),
    "threshold that is no number": (
        replace(MONITOR, lower_threshold=math.nan),
        "lower_threshold is not a finite number",
        "use a number",
    ),
    "calibrated rule without a test": (
        replace(MONITOR, metric="roc_auc", rule=Rule.CALIBRATED, lower_threshold=None),
        "'roc_auc' of a binary model has no calibrated rule",
        "set rule to 'threshold'",
    ),
    "threshold of a calibrated score": (
        replace(MONITOR, rule=Rule.CALIBRATED),
        "not with lower_threshold",
        "set rule to 'threshold'",
    ),
    "effect that is not positive": (
        replace(DRIFT, upper_threshold=0.0),
        "upper_threshold of a calibrated rule must be positive",
        "leave it out for 0.1",
    ),
    "numbers' distance of categories": (
        replace(DRIFT, metric="ks", feature="job"),
        "feature 'job' is no column of its kind",
        "name one that has ks",
    ),
    "numbers' distance of a predicted class": (
        replace(DRIFT, metric="ks", feature="prediction"),
        "feature 'prediction' is unknown",
        "name one that has ks",
    ),
    "PSI of the prediction by its column": (
        replace(DRIFT, feature="prediction"),
        "feature 'prediction' is unknown",
        "name one that has data_drift",
    ),
    "classic rule of a rate": (
        replace(DRIFT, metric="missing_rate", rule=Rule.CLASSIC),
        "'missing_rate' of a binary model has no classic rule",
        "set rule to 'threshold'",
    ),
    "threshold of a classic rule": (
        replace(DRIFT, rule=Rule.CLASSIC, upper_threshold=0.2),
        "takes no upper_threshold",
        "leave it out",
    ),
    "change by nothing": (
        replace(MONITOR, rule=Rule.CHANGE, lower_threshold=None),
        "lower_threshold of the change rule must be positive",
        "set lower_threshold to 0.1",
    ),
    "change of a distance, which the reference has not": (
        replace(DRIFT, rule=Rule.CHANGE, upper_threshold=0.1),
        "'data_drift' of a binary model has no change rule",
        "set rule to 'threshold'",
    ),
    "no deviations": (
        replace(DRIFT, rule=Rule.REFERENCE_WINDOWS, upper_threshold=0.0),
        "upper_threshold counts standard deviations",
        "leave it out for 3",
    ),
    "windows of what only sums say": (
        replace(MONITOR, metric="brier", rule=Rule.REFERENCE_WINDOWS, lower_threshold=None),
        "'brier' of a binary model has no reference_windows rule",
        "set rule to 'threshold'",
    ),
    "unknown segment": (replace(MONITOR, segment=3), "segment 3", "2 segments"),
    "negative segment": (replace(MONITOR, segment=-1), "segment -1", "0 is every row"),
    "no windows": (replace(MONITOR, for_windows=0), "for_windows", "set for_windows to 1"),
    "too many windows": (
        replace(MONITOR, resolve_windows=WINDOWS_MAX + 1),
        "resolve_windows",
        "set resolve_windows to 1",
    ),
    "negative rows": (replace(MONITOR, minimum_rows=-1), "minimum_rows", "use 0"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_names_the_field_and_a_way_out(
    case: str, context: Callable[..., ModelContext]
) -> None:
    monitor, message, hint = REFUSALS[case]

    with pytest.raises(MonitorError) as refusal:
        check_monitor(monitor, context().spec)

    assert message in refusal.value.message
    assert hint in refusal.value.hint


def test_a_withheld_feature_is_refused_as_withheld(context: Callable[..., ModelContext]) -> None:
    spec = context().spec
    [age, job] = spec.features
    withheld = replace(spec, features=(replace(age, withheld=True), job))

    with pytest.raises(MonitorError, match="feature 'age' is withheld"):
        check_monitor(replace(DRIFT, feature="age"), withheld)


@pytest.mark.parametrize("field", ["metric", "feature"])
def test_a_name_of_a_million_characters_is_cut_in_the_message(
    field: str, context: Callable[..., ModelContext]
) -> None:
    change: dict[str, Any] = {field: "x" * 1_000_000}

    with pytest.raises(MonitorError) as refusal:
        check_monitor(replace(DRIFT, **change), context().spec)

    assert len(str(refusal.value)) < 1_200


def test_a_regression_model_has_a_calibrated_mean_absolute_error(
    context: Callable[..., ModelContext],
) -> None:
    monitor = Monitor("1", "m", "Errors", "mean_absolute_error", rule=Rule.CALIBRATED)

    metric = check_monitor(monitor, context(ModelKind.REGRESSION).spec)

    assert metric.name == "mean_absolute_error"


def test_attributions_of_a_model_without_explanations_are_refused(
    context: Callable[..., ModelContext],
) -> None:
    bare = replace(context().spec, explanation=None)
    monitor = Monitor("1", "m", "Watch", "attribution_ndcg", lower_threshold=0.9)

    with pytest.raises(MonitorError, match="needs explanations"):
        check_monitor(monitor, bare)


def test_numbers_distance_of_a_predicted_number_is_possible(
    context: Callable[..., ModelContext],
) -> None:
    monitor = replace(DRIFT, metric="wasserstein", feature="prediction")

    metric = check_monitor(monitor, context(ModelKind.REGRESSION).spec)

    assert metric.name == "wasserstein"
