"""Performance reports of windows with and without labels."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.hub.api.conftest import Send
from tests.hub.conftest import Bench, Hub
from whitebox_hub.api import reports
from whitebox_hub.monitor import ModelContext, WindowVectors
from whitebox_wire.layout import CategoricalBlock, Layout, Section
from whitebox_wire.loss_tree import LossSplit, LossTree
from whitebox_wire.spec import Feature, ModelKind, ModelSpec, NumericBins, Prediction, Target
from whitebox_wire.vector import zeros

METRICS = {
    *("accuracy", "precision", "recall", "f1", "specificity", "roc_auc", "average_precision"),
    *("true_positive", "false_positive", "false_negative", "true_negative"),
}


@pytest.fixture
def context(bench: Bench) -> ModelContext:
    [training] = bench.bundle.references
    return ModelContext(bench.spec, bench.layout, training.vectors)


def test_a_window_without_labels_has_estimates_alone(context: ModelContext, bench: Bench) -> None:
    rows = bench.rows(500)
    window = WindowVectors(0, 0, 3_600, {Section.FEATURES: bench.features(rows)})

    report = reports.performance(context, window)

    assert report is not None
    assert (report["scored_rows"], report["accuracy"], report["roc_auc"]) == (0, None, None)
    assert report["estimated_rows"] == 500
    assert report["estimate_warning"] is None
    assert set(report["estimated"]) == METRICS
    right = np.maximum(rows.score, 1 - rows.score).mean()
    accuracy = report["estimated"]["accuracy"]
    assert accuracy["value"] == pytest.approx(right, abs=1e-5)
    assert accuracy["low"] < accuracy["value"] < accuracy["high"]


def test_estimated_values_stand_beside_realised_ones(known: Hub, send: Send) -> None:
    send(0)

    [report] = known.get("/v1/performance-metrics?model_id=income")

    for name in METRICS:
        band = report["estimated"][name]
        assert band["low"] <= report[name] <= band["high"], name
    assert report["estimated_rows"] == report["scored_rows"] == 500


def test_inputs_beyond_the_reference_give_a_warning(context: ModelContext, bench: Bench) -> None:
    vector = bench.features(bench.rows(500))
    job = bench.layout.features[1]
    assert isinstance(job, CategoricalBlock)
    vector[job.unseen] = 100

    report = reports.performance(context, WindowVectors(0, 0, 1, {Section.FEATURES: vector}))

    assert report is not None
    assert "job (16.7%)" in report["estimate_warning"]


def test_a_metric_that_cannot_be_estimated_says_why(context: ModelContext, bench: Bench) -> None:
    vector = zeros(bench.layout, Section.FEATURES)

    report = reports.performance(context, WindowVectors(0, 0, 1, {Section.FEATURES: vector}))

    assert report is not None
    said = report["estimated"]["precision"]
    assert (said["value"], said["low"], said["high"]) == (None, None, None)
    assert "score" in said["reason"]
    json.dumps(report, allow_nan=False)


def test_labels_without_features_have_realised_values_alone(
    context: ModelContext, bench: Bench
) -> None:
    labels = bench.labels(bench.rows(500))

    report = reports.performance(context, WindowVectors(0, 0, 1, {Section.LABELS: labels}))

    assert report is not None
    assert report["accuracy"] is not None
    assert (report["estimated"], report["estimated_rows"]) == (None, 0)


def test_a_regression_is_estimated_from_its_leaves() -> None:
    bins = NumericBins((0.0, 10.0), 5.0, 5.0)
    tree = LossTree((LossSplit(0, 10.0, -1, -2),), (1.0, 4.0), (0.5, 2.0))
    target = Target("y", bins, (1.0,))
    prediction = Prediction("said", value=bins)
    spec = ModelSpec(
        "m", ModelKind.REGRESSION, (Feature("x", bins),), prediction, target, loss_tree=tree
    ).check()
    layout = Layout.of(spec)
    assert layout.leaves is not None
    vector = zeros(layout, Section.FEATURES)
    vector[layout.leaves] = 30, 10

    report = reports.performance(
        ModelContext(spec, layout, None), WindowVectors(0, 0, 1, {Section.FEATURES: vector})
    )

    assert report is not None
    assert report["mean_absolute_error"] is None
    estimated = report["estimated"]
    assert estimated["mean_absolute_error"]["value"] == pytest.approx(1.75)
    assert estimated["mean_squared_error"]["value"] == pytest.approx((30 * 1.25 + 10 * 20) / 40)
    assert "no reference" in report["estimate_warning"]


def test_a_model_that_cannot_be_estimated_has_no_report_without_labels() -> None:
    feature = Feature("x", NumericBins((0.0,), 0.0, 1.0))
    spec = ModelSpec(
        "m", ModelKind.BINARY, (feature,), Prediction("said", ("0", "1")), Target("y")
    ).check()
    layout = Layout.of(spec)
    window = WindowVectors(0, 0, 1, {Section.FEATURES: zeros(layout, Section.FEATURES)})

    assert reports.performance(ModelContext(spec, layout, None), window) is None
