"""Labels sections against scikit-learn on the rows themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import (
    brier_score_loss,
    confusion_matrix,
    log_loss,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    r2_score,
)

from whitebox_agent.fold import ModelFold
from whitebox_wire.layout import ClassLabelBlock, RegressionLabelBlock
from whitebox_wire.messages import INVALID, MISSING, OUT_OF_VOCABULARY, Codes, InferenceBatch
from whitebox_wire.spec import ModelSpec
from whitebox_wire.vector import ONE, IntVector

DrawBatch = Callable[..., InferenceBatch]
ROWS = 3_000
# A row's term is right to half a unit of 2**-20.
WITHIN = 1e-6


def _places(spec: ModelSpec) -> np.ndarray:
    return np.random.default_rng(3).integers(0, len(spec.prediction.classes), ROWS)


def _fold_classes(
    spec: ModelSpec, batch: InferenceBatch, places: np.ndarray
) -> tuple[ClassLabelBlock, IntVector]:
    fold = ModelFold(spec)
    vector = fold.labels(fold.predictions(batch), Codes(places.astype(np.int32)))
    assert isinstance(fold.layout.labels, ClassLabelBlock)
    return fold.layout.labels, vector


@pytest.mark.parametrize("kind", ["binary", "multi_class"])
def test_confusion_log_loss_and_brier_are_scikit_learns(
    kind: str, request: pytest.FixtureRequest, draw_batch: DrawBatch
) -> None:
    spec: ModelSpec = request.getfixturevalue(f"{kind}_spec")
    batch, places = draw_batch(spec, ROWS), _places(spec)
    predicted = batch.columns["prediction"]
    assert isinstance(predicted, Codes)
    scores = ModelFold(spec).predictions(batch).scores
    labels = list(range(len(spec.prediction.classes)))

    block, vector = _fold_classes(spec, batch, places)

    wanted = confusion_matrix(places, predicted.codes, labels=labels)
    np.testing.assert_array_equal(vector[block.confusion], wanted.ravel())
    assert vector[block.scored] == vector[block.rows] == ROWS
    given_ = scores[:, 0] if kind == "binary" else scores
    loss = log_loss(places, given_, labels=labels)
    assert vector[block.log_loss] / ONE / ROWS == pytest.approx(loss, abs=WITHIN)
    brier = brier_score_loss(places, given_, **({} if kind == "binary" else {"labels": labels}))
    assert vector[block.brier] / ONE / ROWS == pytest.approx(brier, abs=WITHIN)


def test_the_brier_score_of_a_two_class_multi_class_model_is_halved_as_scikit_learns(
    multi_class_spec: ModelSpec,
) -> None:
    prediction = replace(
        multi_class_spec.prediction, classes=("a", "b"), score_columns=("s_a", "s_b")
    )
    spec = replace(multi_class_spec, prediction=prediction).check()
    rng = np.random.default_rng(4)
    scores, places = rng.dirichlet((1, 1), ROWS), rng.integers(0, 2, ROWS)
    columns = {"s_a": scores[:, 0], "s_b": scores[:, 1]}

    block, vector = _fold_classes(spec, InferenceBatch("fruit", ROWS, columns, 0), places)

    brier = brier_score_loss(places, scores, labels=[0, 1])
    assert vector[block.brier] / ONE / ROWS == pytest.approx(brier, abs=WITHIN)


def test_a_certain_and_wrong_score_costs_a_finite_loss(binary_spec: ModelSpec) -> None:
    batch = InferenceBatch("income", 1, {"score": np.array([0.0])}, 0)

    block, vector = _fold_classes(binary_spec, batch, np.array([1]))

    assert vector[block.log_loss] / ONE == pytest.approx(-np.log(1e-15), abs=WITHIN)
    assert vector[block.brier] == ONE


def test_labels_that_say_nothing_known_are_counted_apart(binary_spec: ModelSpec) -> None:
    columns = {"score": np.full(5, 0.5), "prediction": np.full(5, np.nan)}
    places = np.array([1, 0, MISSING, INVALID, OUT_OF_VOCABULARY])

    block, vector = _fold_classes(binary_spec, InferenceBatch("income", 5, columns, 0), places)

    assert vector[block.rows] == 5
    assert vector[block.targets].tolist() == [1, 1]
    assert (vector[block.unknown_target], vector[block.missing_target]) == (2, 1)
    assert not vector[block.confusion].any()
    assert vector[block.scored] == 2


def test_a_row_with_one_invalid_score_is_in_no_score_bin(multi_class_spec: ModelSpec) -> None:
    columns = {"p_apple": np.array([0.2, np.nan]), "p_pear": np.full(2, 0.3)}
    columns["p_plum"] = np.full(2, 0.5)
    batch = InferenceBatch("fruit", 2, columns, 0)

    block, vector = _fold_classes(multi_class_spec, batch, np.array([2, 2]))

    assert vector[block.scored] == 1
    both = zip(block.positives, block.negatives, strict=True)
    assert [int(vector[p].sum() + vector[n].sum()) for p, n in both] == [1, 1, 1]
    assert vector[block.targets].tolist() == [0, 0, 2]


def _fold_numbers(
    spec: ModelSpec, prediction: list[float] | np.ndarray, target: list[float] | np.ndarray
) -> tuple[RegressionLabelBlock, IntVector]:
    fold = ModelFold(spec)
    columns = {"prediction": np.array(prediction, np.float64)}
    batch = InferenceBatch("price", len(prediction), columns, 0)
    vector = fold.labels(fold.predictions(batch), np.array(target, np.float64))
    assert isinstance(fold.layout.labels, RegressionLabelBlock)
    return fold.layout.labels, vector


def test_regression_sums_read_back_as_scikit_learns_metrics(regression_spec: ModelSpec) -> None:
    rng = np.random.default_rng(6)
    target = rng.normal(110.0, 30.0, ROWS)
    prediction = target + rng.normal(3.0, 10.0, ROWS)
    assert regression_spec.target.value is not None
    scale = regression_spec.target.value.scale

    block, vector = _fold_numbers(regression_spec, prediction, target)

    mean = vector / ONE / ROWS
    spread = mean[block.y_squared] - mean[block.y] ** 2
    found = {
        "bias": mean[block.error] * scale,
        "mae": mean[block.absolute_error] * scale,
        "mse": mean[block.squared_error] * scale**2,
        "mape": mean[block.percentage_error],
        "r2": 1 - mean[block.squared_error] / spread,
    }
    wanted = {
        "bias": float(np.mean(prediction - target)),
        "mae": mean_absolute_error(target, prediction),
        "mse": mean_squared_error(target, prediction),
        "mape": mean_absolute_percentage_error(target, prediction),
        "r2": r2_score(target, prediction),
    }
    assert found == pytest.approx(wanted, rel=1e-5)


def test_rows_without_a_valid_target_and_prediction_are_not_scored(
    regression_spec: ModelSpec,
) -> None:
    nan, inf = float("nan"), float("inf")

    block, vector = _fold_numbers(
        regression_spec, [90.0, nan, 90.0, 90.0, inf], [100.0, 100.0, nan, inf, 100.0]
    )

    assert (vector[block.rows], vector[block.scored]) == (5, 1)
    assert vector[block.target.bins].sum() == 3
    assert (vector[block.target.missing], vector[block.target.invalid]) == (1, 1)


def test_a_target_of_zero_has_no_percentage(regression_spec: ModelSpec) -> None:
    block, vector = _fold_numbers(regression_spec, [5.0, 5.0], [0.0, 10.0])

    assert vector[block.scored] == 2
    assert vector[block.percentage_rows] == 1
    assert vector[block.percentage_error] == ONE // 2


def test_error_bins_are_in_the_targets_own_units(regression_spec: ModelSpec) -> None:
    """The spec's edges are 5, 10 and 20; an error on an edge belongs above it."""
    target = [100.0] * 5

    block, vector = _fold_numbers(regression_spec, [100.0, 95.0, 109.0, 80.0, 1e300], target)

    assert vector[block.error_bins].tolist() == [1, 2, 0, 2]


def test_errors_beyond_1024_scales_are_clipped(regression_spec: ModelSpec) -> None:
    block, vector = _fold_numbers(regression_spec, [5e307, -1e308], [-5e307, 1e-320])

    assert vector[block.error] == 0
    assert vector[block.absolute_error] == 2 * 1_024 * ONE
    assert vector[block.squared_error] == 2 * 1_024**2 * ONE
    assert vector[block.percentage_error] == (2 + 1_024) * ONE
