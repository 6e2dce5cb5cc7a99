"""Reports of the other kinds of model: multi-class and regression, from vectors made by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics as oracle

from whitebox_hub.api import reports
from whitebox_hub.api.answers import finite
from whitebox_hub.api.drifting import drift
from whitebox_hub.monitor import ModelContext, WindowVectors
from whitebox_wire.layout import ClassLabelBlock, Layout, RegressionLabelBlock, Section
from whitebox_wire.spec import Feature, ModelKind, ModelSpec, NumericBins, Prediction, Target
from whitebox_wire.vector import ONE, IntVector, zeros

BINS = NumericBins((0.0, 10.0, 20.0), 10.0, 5.0)
FEATURES = (Feature("size", BINS),)
CLASSES = ("apple", "pear", "plum")


def _context(spec: ModelSpec) -> ModelContext:
    return ModelContext(spec.check(), Layout.of(spec), None)


@pytest.fixture
def fruit() -> ModelContext:
    prediction = Prediction("said", classes=CLASSES)
    return _context(
        ModelSpec("fruit", ModelKind.MULTI_CLASS, FEATURES, prediction, Target("fruit"))
    )


@pytest.fixture
def price() -> ModelContext:
    prediction, target = Prediction("said", value=BINS), Target("price", BINS, (1.0, 2.0))
    return _context(ModelSpec("price", ModelKind.REGRESSION, FEATURES, prediction, target))


def _labels(vector: IntVector) -> WindowVectors:
    return WindowVectors(0, 0, 3_600, {Section.LABELS: vector})


def test_a_multi_class_model_has_averages_and_a_confusion_for_each_class(
    fruit: ModelContext,
) -> None:
    rng = np.random.default_rng(0)
    target, said = rng.integers(0, 3, 200), rng.integers(0, 3, 200)
    block = fruit.layout.labels
    assert isinstance(block, ClassLabelBlock)
    vector = zeros(fruit.layout, Section.LABELS)
    vector[block.rows] = 200
    vector[block.confusion] = oracle.confusion_matrix(target, said).ravel()

    report = reports.performance(fruit, _labels(vector))

    assert report is not None
    assert report["accuracy"] == pytest.approx(oracle.accuracy_score(target, said))
    for average in ("micro", "macro", "weighted"):
        assert report["f1"][average] == pytest.approx(
            oracle.f1_score(target, said, average=average)
        )
    per_class = oracle.multilabel_confusion_matrix(target, said)
    for name, ((tn, fp), (fn, tp)) in zip(CLASSES, per_class.tolist(), strict=True):
        assert report["confusion_matrix"][name] == {
            "true_negative": tn,
            "false_positive": fp,
            "false_negative": fn,
            "true_positive": tp,
        }


def test_a_regression_has_its_errors_in_the_targets_units(price: ModelContext) -> None:
    rng = np.random.default_rng(0)
    target = rng.normal(10, 5, 300)
    said = target + rng.normal(0, 1, 300)
    block = price.layout.labels
    assert isinstance(block, RegressionLabelBlock)
    vector = zeros(price.layout, Section.LABELS)
    vector[block.rows] = vector[block.scored] = 300
    error, y = (said - target) / BINS.scale, (target - BINS.centre) / BINS.scale
    for place, values in (
        (block.error, error),
        (block.absolute_error, abs(error)),
        (block.squared_error, error**2),
        (block.y, y),
        (block.y_squared, y**2),
    ):
        vector[place] = np.rint(values * ONE).astype(np.int64).sum()

    report = reports.performance(price, _labels(vector))

    assert report is not None
    assert report["scored_rows"] == 300
    assert report["mean_squared_error"] == pytest.approx(
        oracle.mean_squared_error(target, said), rel=1e-5
    )
    assert report["mean_absolute_error"] == pytest.approx(
        oracle.mean_absolute_error(target, said), rel=1e-5
    )
    assert report["r_square"] == pytest.approx(oracle.r2_score(target, said), rel=1e-5)


@pytest.mark.parametrize("kind", ["fruit", "price"])
def test_nothing_of_an_empty_window_is_not_a_number(
    request: pytest.FixtureRequest, kind: str
) -> None:
    context: ModelContext = request.getfixturevalue(kind)
    vectors = {
        section: zeros(context.layout, section) for section in (Section.FEATURES, Section.LABELS)
    }
    window = WindowVectors(0, 0, 3_600, vectors)

    for report in (reports.performance, drift, reports.integrity):
        said = report(context, window)
        assert said is not None
        assert said == finite(said)
        assert not any(math.isnan(v) for v in said.values() if isinstance(v, float))


def test_sections_that_have_not_come_have_no_report(fruit: ModelContext) -> None:
    nothing = WindowVectors(0, 0, 3_600, {})

    assert reports.performance(fruit, nothing) is None
    assert drift(fruit, nothing) is None
    assert reports.integrity(fruit, nothing) is None
    assert reports.histograms(fruit, nothing, "") is None
