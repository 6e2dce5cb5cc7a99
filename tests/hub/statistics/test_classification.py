"""Performance from counts against scikit-learn on the rows."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from whitebox_hub.statistics.classification import (
    BinaryPerformance,
    binary_performance,
    multi_class_performance,
)
from whitebox_wire.layout import ClassLabelBlock, Layout, Section
from whitebox_wire.spec import (
    CategoricalBins,
    Feature,
    ModelKind,
    ModelSpec,
    Prediction,
    Target,
)
from whitebox_wire.vector import ONE, FloatArray, IntVector, zeros

BINS = 100


@dataclass(frozen=True, slots=True)
class Model:
    """A classifier's layout, and the plain folding of its labelled rows."""

    layout: Layout
    classes: int

    @staticmethod
    def of(classes: int) -> Model:
        kind = ModelKind.BINARY if classes == 2 else ModelKind.MULTI_CLASS
        names = tuple(f"c{i}" for i in range(classes))
        scores = ("score",) if classes == 2 else ()
        prediction = Prediction("prediction", names, scores, BINS if scores else 0)
        features = (Feature("x", CategoricalBins(("a",))),)
        return Model(Layout.of(ModelSpec("m", kind, features, prediction, Target("y"))), classes)

    @property
    def block(self) -> ClassLabelBlock:
        assert isinstance(self.layout.labels, ClassLabelBlock)
        return self.layout.labels

    def fold(
        self, target: IntVector, predicted: IntVector, score: FloatArray | None = None
    ) -> IntVector:
        vector, block = zeros(self.layout, Section.LABELS), self.block
        vector[block.rows] = target.size
        pairs = target * self.classes + predicted
        vector[block.confusion] = np.bincount(pairs, minlength=self.classes**2)
        vector[block.targets] = np.bincount(target, minlength=self.classes)
        if score is not None:
            cells = np.minimum((score * BINS).astype(int), BINS - 1)
            vector[block.scored] = target.size
            vector[block.positives[0]] = np.bincount(cells[target == 1], minlength=BINS)
            vector[block.negatives[0]] = np.bincount(cells[target == 0], minlength=BINS)
            truth = np.where(target == 1, score, 1 - score)
            vector[block.log_loss] = np.rint(-np.log(truth) * ONE).sum()
            vector[block.brier] = np.rint((score - target) ** 2 * ONE).sum()
        return vector


def rows(count: int, classes: int, seed: int = 0) -> tuple[IntVector, IntVector]:
    rng = np.random.default_rng(seed)
    target = rng.choice(classes, count, p=rng.dirichlet(np.full(classes, 2.0)))
    predicted = np.where(rng.uniform(size=count) < 0.7, target, rng.integers(0, classes, count))
    return target, predicted


labelled = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=40)


@given(labelled)
def test_binary_metrics_of_any_rows_are_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    target, predicted = (np.array(column) for column in zip(*pairs, strict=True))
    model = Model.of(2)

    said = binary_performance(model.fold(target, predicted), model.block)

    assert said.accuracy == metrics.accuracy_score(target, predicted)
    for name in ("precision", "recall", "f1"):
        expected = getattr(metrics, f"{name}_score")(target, predicted, zero_division=0)
        assert getattr(said, name) == pytest.approx(expected)
    specificity = metrics.recall_score(target, predicted, pos_label=0, zero_division=0)
    assert said.specificity == pytest.approx(specificity)
    table = [[said.true_negative, said.false_positive], [said.false_negative, said.true_positive]]
    assert table == metrics.confusion_matrix(target, predicted, labels=[0, 1]).tolist()


def test_ranking_metrics_from_a_hundred_bins_are_scikit_learns_within_a_thousandth() -> None:
    rng = np.random.default_rng(3)
    score = rng.beta(1.5, 3.0, 20_000)
    target = (rng.uniform(size=score.size) < score).astype(np.int64)
    model = Model.of(2)

    said = binary_performance(model.fold(target, np.rint(score).astype(int), score), model.block)

    assert said.roc_auc == pytest.approx(metrics.roc_auc_score(target, score), abs=1e-3)
    precision = metrics.average_precision_score(target, score)
    assert said.average_precision == pytest.approx(precision, abs=1e-3)


def test_ranking_metrics_are_scikit_learns_exactly_when_a_bin_holds_one_kind_of_row() -> None:
    rng = np.random.default_rng(4)
    score = (rng.permutation(BINS)[:60] + 0.5) / BINS
    target = (rng.uniform(size=score.size) < score).astype(np.int64)
    model = Model.of(2)

    said = binary_performance(model.fold(target, np.rint(score).astype(int), score), model.block)

    assert said.roc_auc == pytest.approx(metrics.roc_auc_score(target, score), rel=1e-12)
    precision = metrics.average_precision_score(target, score)
    assert said.average_precision == pytest.approx(precision, rel=1e-12)


def test_log_loss_and_brier_score_are_scikit_learns() -> None:
    rng = np.random.default_rng(5)
    score = rng.uniform(0.01, 0.99, 1_000)
    target = (rng.uniform(size=score.size) < score).astype(np.int64)
    model = Model.of(2)

    said = binary_performance(model.fold(target, np.rint(score).astype(int), score), model.block)

    assert said.log_loss == pytest.approx(metrics.log_loss(target, score), abs=1e-6)
    assert said.brier == pytest.approx(metrics.brier_score_loss(target, score), abs=1e-6)


def test_ranking_metrics_need_scored_rows_of_both_classes() -> None:
    target = np.ones(10, np.int64)
    model = Model.of(2)

    said = binary_performance(model.fold(target, target, np.full(10, 0.9)), model.block)

    assert said.roc_auc is None
    assert said.average_precision is None
    assert said.accuracy == 1.0


@pytest.mark.parametrize("seed", range(4))
def test_averages_over_classes_are_scikit_learns(seed: int) -> None:
    target, predicted = rows(400, 5, seed)
    model = Model.of(5)

    said = multi_class_performance(model.fold(target, predicted), model.block)

    assert said.accuracy == metrics.accuracy_score(target, predicted)
    for name in ("precision", "recall", "f1"):
        score = getattr(metrics, f"{name}_score")
        for average in ("micro", "macro", "weighted"):
            expected = score(target, predicted, average=average, zero_division=0)
            assert getattr(getattr(said, name), average) == pytest.approx(expected)


def test_the_counts_of_a_class_against_the_rest_are_scikit_learns() -> None:
    target, predicted = rows(400, 4)
    model = Model.of(4)

    said = multi_class_performance(model.fold(target, predicted), model.block)

    expected = metrics.multilabel_confusion_matrix(target, predicted, labels=range(4))
    tables = [
        [[c.true_negative, c.false_positive], [c.false_negative, c.true_positive]]
        for c in said.classes
    ]
    assert tables == expected.tolist()


@pytest.mark.parametrize(
    ("target", "predicted"),
    [([0, 0, 1, 1], [0, 0, 0, 0]), ([0, 0, 0, 0], [0, 1, 2, 2]), ([0, 0], [1, 1])],
    ids=["a class is never predicted", "classes are absent from the labels", "all is wrong"],
)
def test_classes_that_do_not_occur_are_averaged_as_scikit_learn_does(
    target: list[int], predicted: list[int]
) -> None:
    model = Model.of(4)

    said = multi_class_performance(model.fold(np.array(target), np.array(predicted)), model.block)

    for name in ("precision", "recall", "f1"):
        score = getattr(metrics, f"{name}_score")
        for average in ("macro", "weighted"):
            expected = score(target, predicted, average=average, zero_division=0)
            assert getattr(getattr(said, name), average) == pytest.approx(expected)


def test_without_labelled_rows_every_metric_is_none() -> None:
    model = Model.of(2)

    said = binary_performance(zeros(model.layout, Section.LABELS), model.block)

    assert said == BinaryPerformance(0, 0, 0, 0, 0, *[None] * 9)


def test_without_labelled_rows_every_average_is_none() -> None:
    model = Model.of(3)

    said = multi_class_performance(zeros(model.layout, Section.LABELS), model.block)

    assert said.accuracy is None
    assert said.f1.micro is said.f1.macro is said.f1.weighted is None


@given(st.lists(st.integers(-(2**50), 2**50), min_size=16, max_size=16), st.integers(-5, 5))
def test_noised_and_huge_counts_give_finite_metrics(cells: list[int], other: int) -> None:
    binary, many = Model.of(2), Model.of(4)
    small = np.full(binary.layout.sizes[Section.LABELS].cells, other)
    small[binary.block.confusion] = cells[:4]
    large = np.full(many.layout.sizes[Section.LABELS].cells, other)
    large[many.block.confusion] = cells

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        one = binary_performance(small, binary.block)
        several = multi_class_performance(large, many.block)

    values = [getattr(one, f.name) for f in fields(one)]
    values += [several.accuracy, several.log_loss, several.brier]
    for averages in (several.precision, several.recall, several.f1):
        values += [averages.micro, averages.macro, averages.weighted]
    assert all(value is None or (np.isfinite(value) and value >= 0) for value in values)
