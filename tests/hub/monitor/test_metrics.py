"""The table of metrics."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from whitebox_hub.monitor import ModelContext, Rule
from whitebox_hub.monitor.metrics import METRICS, Direction, Scope, find
from whitebox_wire.layout import Section
from whitebox_wire.spec import ModelKind

ERRORS = {
    "log_loss",
    "brier",
    "mean_squared_error",
    "root_mean_squared_error",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
}


def test_errors_are_bad_above_and_scores_below() -> None:
    labels = [
        m for m in METRICS.values() if m.section is Section.LABELS and m.name != "target_drift"
    ]

    assert {m.name for m in labels if m.direction is Direction.ABOVE} == ERRORS
    assert {m.direction for m in labels if m.name not in ERRORS} == {Direction.BELOW}


def test_concept_drift_is_whiteboxs_name_for_prediction_drift() -> None:
    assert find("concept_drift") is METRICS["prediction_drift"]


def test_psi_is_the_fields_name_of_data_drift() -> None:
    assert find("psi") is METRICS["data_drift"]


def test_a_name_that_is_no_metric_finds_nothing() -> None:
    assert find("vibes") is None


def test_only_features_metrics_have_one_value_for_each_feature() -> None:
    of_features = {m.name for m in METRICS.values() if m.scope is Scope.FEATURE}

    distances = {"jensen_shannon", "hellinger", "total_variation", "l_infinity", "chi_square"}
    rates = {"missing_rate", "invalid_rate", "unseen_rate", "out_of_range_rate"}
    assert of_features == {
        "data_drift",
        "ks",
        "wasserstein",
        "attribution_change",
        *distances,
        *rates,
    }


@pytest.mark.parametrize(
    ("name", "features"),
    [("data_drift", ("age", "job")), ("ks", ("age",)), ("unseen_rate", ("job",))],
)
def test_a_metric_is_of_the_columns_of_its_kind(
    name: str, features: tuple[str, ...], context: Callable[..., ModelContext]
) -> None:
    assert METRICS[name].features(context().spec) == features


@pytest.mark.parametrize(
    ("name", "kind", "rule"),
    [
        ("accuracy", ModelKind.BINARY, Rule.CALIBRATED),
        ("precision", ModelKind.BINARY, Rule.CALIBRATED),
        ("precision", ModelKind.MULTI_CLASS, Rule.THRESHOLD),
        ("roc_auc", ModelKind.BINARY, Rule.THRESHOLD),
        ("data_drift", ModelKind.REGRESSION, Rule.CALIBRATED),
    ],
)
def test_the_rule_is_calibrated_where_a_test_is_known(
    name: str, kind: ModelKind, rule: Rule
) -> None:
    assert METRICS[name].default_rule(kind) is rule
