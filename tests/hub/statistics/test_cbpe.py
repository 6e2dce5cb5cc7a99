"""CBPE against scikit-learn on rows: every row counts p times as positive and 1 - p as negative."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as oracle

from whitebox_hub.statistics.cbpe import (
    METRICS,
    NO_SCORES,
    ClassificationEstimate,
    ScoreSums,
    estimate_binary,
    estimate_multi_class,
)
from whitebox_wire.layout import ClassPredictionBlock, Layout, ScoreBlock, Section
from whitebox_wire.spec import Feature, ModelKind, ModelSpec, NumericBins, Prediction, Target
from whitebox_wire.vector import ONE, FloatArray, IntVector, zeros

BINS = 100
BoolArray = np.ndarray[tuple[int], np.dtype[np.bool_]]


def layout_of(classes: int) -> Layout:
    columns = 1 if classes == 2 else classes
    names = tuple(f"score_{i}" for i in range(columns))
    kind = ModelKind.BINARY if classes == 2 else ModelKind.MULTI_CLASS
    prediction = Prediction("said", tuple(map(str, range(classes))), names, BINS)
    feature = Feature("x", NumericBins((0.0,), 0.0, 1.0))
    return Layout.of(ModelSpec("m", kind, (feature,), prediction, Target("y")).check())


LAYOUT = layout_of(2)
assert isinstance(LAYOUT.prediction, ClassPredictionBlock)
[BLOCK] = LAYOUT.prediction.scores


def fill(
    vector: IntVector,
    block: ScoreBlock,
    scores: FloatArray,
    probabilities: FloatArray,
    predicted: BoolArray,
) -> None:
    """Fold rows plainly: bins of the raw score, sums of the calibrated probability."""
    cell = np.minimum((scores * BINS).astype(int), BINS - 1)
    for chosen, bins, mass in (
        (predicted, block.bins, block.mass),
        (~predicted, block.other_bins, block.other_mass),
    ):
        vector[bins] = np.bincount(cell[chosen], minlength=BINS)
        fixed = np.rint(probabilities[chosen] * ONE)
        vector[mass] = np.bincount(cell[chosen], fixed, BINS).astype(np.int64)


def binary(
    scores: FloatArray, probabilities: FloatArray, predicted: BoolArray
) -> ClassificationEstimate:
    vector = zeros(LAYOUT, Section.FEATURES)
    fill(vector, BLOCK, scores, probabilities, predicted)
    return estimate_binary(vector, BLOCK)


def draw(rows: int, seed: int = 0) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Scores, what they are worth, and who is predicted to be positive."""
    scores = np.random.default_rng(seed).beta(0.8, 1.5, rows)
    return scores, 0.05 + 0.9 * scores**2, scores >= 0.4


def twice(
    scores: FloatArray, probabilities: FloatArray
) -> tuple[BoolArray, FloatArray, FloatArray]:
    """Every row as a positive one and as a negative one, with their weights."""
    label = np.repeat([True, False], scores.size)
    return label, np.tile(scores, 2), np.concatenate((probabilities, 1 - probabilities))


def test_metrics_are_scikit_learns_of_rows_that_are_positive_with_their_probability() -> None:
    scores, p, predicted = draw(5_000)
    label, _, weight = twice(scores, p)
    said = np.tile(predicted, 2)

    found = binary(scores, p, predicted)

    expected = {
        "accuracy": oracle.accuracy_score(label, said, sample_weight=weight),
        "precision": oracle.precision_score(label, said, sample_weight=weight),
        "recall": oracle.recall_score(label, said, sample_weight=weight),
        "f1": oracle.f1_score(label, said, sample_weight=weight),
        "specificity": oracle.recall_score(~label, ~said, sample_weight=weight),
    }
    values = {name: found.metrics[name].value for name in expected}
    assert values == pytest.approx(expected, abs=1e-5)
    assert found.rows == 5_000


def test_ranking_metrics_lie_near_those_of_the_rows() -> None:
    scores, p, predicted = draw(5_000)
    label, score, weight = twice(scores, p)

    found = binary(scores, p, predicted).metrics

    auroc = oracle.roc_auc_score(label, score, sample_weight=weight)
    precision = oracle.average_precision_score(label, score, sample_weight=weight)
    assert found["roc_auc"].value == pytest.approx(auroc, abs=2e-4)
    assert found["average_precision"].value == pytest.approx(precision, abs=2e-4)


def test_the_expected_confusion_matrix_adds_up_to_the_rows() -> None:
    scores, p, predicted = draw(5_000)

    said = binary(scores, p, predicted)

    assert said.true_positive is not None
    assert said.false_positive is not None
    assert said.false_negative is not None
    assert said.true_negative is not None
    assert said.true_positive.value == pytest.approx(p[predicted].sum(), abs=0.01)
    assert said.true_positive.value + said.false_positive.value == pytest.approx(predicted.sum())
    assert said.false_negative.value + said.true_negative.value == pytest.approx((~predicted).sum())


@pytest.mark.parametrize("rows", [200, 2_000])
def test_realised_values_lie_in_their_bands_as_often_as_three_errors_say(rows: int) -> None:
    scores, p, predicted = draw(rows, seed=3)
    bands = binary(scores, p, predicted).metrics
    rng = np.random.default_rng(4)
    realised: dict[str, list[float]] = {name: [] for name in METRICS}

    for _ in range(200):
        label = rng.uniform(size=rows) < p
        hits, misses = np.sum(label & predicted), np.sum(label & ~predicted)
        false, right = np.sum(~label & predicted), np.sum(~label & ~predicted)
        realised["accuracy"].append((hits + right) / rows)
        realised["precision"].append(hits / (hits + false))
        realised["recall"].append(hits / (hits + misses))
        realised["f1"].append(2 * hits / (2 * hits + false + misses))
        realised["specificity"].append(right / (right + false))
        realised["roc_auc"].append(oracle.roc_auc_score(label, scores))
        realised["average_precision"].append(oracle.average_precision_score(label, scores))

    for name, values in realised.items():
        band = bands[name]
        inside = np.mean([band.low <= value <= band.high for value in values])
        error = (band.high - band.low) / 6
        assert inside >= 0.98, name
        assert error == pytest.approx(np.std(values), rel=0.2), name


def test_metrics_of_many_classes_are_means_over_classes() -> None:
    rng = np.random.default_rng(5)
    layout = layout_of(3)
    block = layout.prediction
    assert isinstance(block, ClassPredictionBlock)
    p = rng.dirichlet((1.0, 0.7, 0.5), 4_000)
    predicted = p.argmax(axis=1)
    vector = zeros(layout, Section.FEATURES)
    for k, scores in enumerate(block.scores):
        fill(vector, scores, p[:, k], p[:, k], predicted == k)

    said = estimate_multi_class(vector, block.scores).metrics

    label, weight = np.repeat(np.arange(3), 4_000), p.T.ravel()
    repeated = np.tile(predicted, 3)
    for name, score in (
        ("precision", oracle.precision_score),
        ("recall", oracle.recall_score),
        ("f1", oracle.f1_score),
    ):
        expected = score(label, repeated, sample_weight=weight, average="macro")
        assert said[name].value == pytest.approx(expected, abs=1e-5)
    aurocs = []
    for k in range(3):
        of_class, score, weights = twice(p[:, k], p[:, k])
        aurocs.append(oracle.roc_auc_score(of_class, score, sample_weight=weights))
    assert said["accuracy"].value == pytest.approx(p.max(axis=1).mean(), abs=1e-5)
    assert said["roc_auc"].value == pytest.approx(np.mean(aurocs), abs=2e-4)


def test_probabilities_that_do_not_sum_to_one_are_taken_class_by_class() -> None:
    layout = layout_of(3)
    block = layout.prediction
    assert isinstance(block, ClassPredictionBlock)
    vector = zeros(layout, Section.FEATURES)
    for k, scores in enumerate(block.scores):
        always = np.full(90, 0.9)
        fill(vector, scores, always, always, np.arange(90) % 3 == k)

    said = estimate_multi_class(vector, block.scores)

    assert said.metrics["accuracy"].value == pytest.approx(0.9, abs=1e-5)
    assert all(np.isfinite((e.value, e.low, e.high)).all() for e in said.metrics.values())


def complete(said: ClassificationEstimate) -> bool:
    """Whether every metric has either finite numbers in order or a reason."""
    for name in METRICS:
        if (name in said.metrics) == (name in said.reasons):
            return False
    return all(
        0 <= each.low <= each.value <= each.high <= 1 for each in said.metrics.values()
    ) and all(said.reasons.values())


@pytest.mark.parametrize(
    ("scores", "p", "predicted", "without"),
    [
        ([], [], [], METRICS),
        ([0.3], [0.2], [False], ("precision",)),
        ([0.9], [1.0], [True], ("specificity", "roc_auc")),
        ([0.5] * 50, [0.5] * 50, [True] * 50, ()),
        ([0.1, 0.2], [0.0, 0.0], [False] * 2, (*METRICS[1:4], *METRICS[5:])),
        ([0.1, 0.2], [0.0, 0.0], [True] * 2, ("recall", *METRICS[5:])),
    ],
    ids=["no rows", "one row", "one sure row", "constant", "no class", "always wrong"],
)
def test_what_cannot_be_estimated_has_a_reason(
    scores: list[float], p: list[float], predicted: list[bool], without: tuple[str, ...]
) -> None:
    said = binary(np.array(scores), np.array(p), np.array(predicted, bool))

    assert complete(said)
    assert set(said.reasons) == set(without)
    assert scores or set(said.reasons.values()) == {NO_SCORES}


@pytest.mark.parametrize("seed", range(20))
def test_counts_with_noise_never_give_what_is_no_number(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vector = rng.choice(np.array([0, -5, 1, 3, 2**40, -(2**50)]), BLOCK.other_mass.stop)

    said = estimate_binary(vector, BLOCK)

    assert complete(said)
    sums = ScoreSums.of(vector, BLOCK)
    assert (sums.positive <= sums.rows).all()


def test_classes_that_never_occur_are_in_no_mean() -> None:
    layout = layout_of(3)
    block = layout.prediction
    assert isinstance(block, ClassPredictionBlock)
    vector = zeros(layout, Section.FEATURES)
    first = np.arange(80) % 2 == 0
    for k, chosen in ((0, first), (1, ~first)):
        scores = np.where(chosen, 0.8, 0.2)
        fill(vector, block.scores[k], scores, scores, chosen)

    said = estimate_multi_class(vector, block.scores)

    assert said.metrics["f1"].value == pytest.approx(0.8, abs=1e-5)
