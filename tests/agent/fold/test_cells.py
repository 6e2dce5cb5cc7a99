"""Each kind of cell is counted where it belongs, whatever type of column it comes in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from whitebox_agent.fold import ModelFold
from whitebox_agent.fold.vocabulary import Vocabulary
from whitebox_wire.errors import MalformedError
from whitebox_wire.layout import CategoricalBlock, ClassPredictionBlock, NumericBlock
from whitebox_wire.messages import (
    INVALID,
    MISSING,
    OUT_OF_VOCABULARY,
    Codes,
    Column,
    InferenceBatch,
)
from whitebox_wire.spec import CategoricalBins, Feature, ModelSpec
from whitebox_wire.vector import IntVector

NAN, INF = float("nan"), float("inf")


def codes(*places: int, dictionary: tuple[str, ...] = ()) -> Codes:
    return Codes(np.array(places, np.int32), dictionary)


def fold_one(spec: ModelSpec, name: str, column: Column) -> tuple[ModelFold, IntVector]:
    fold = ModelFold(spec)
    rows = len(column.codes) if isinstance(column, Codes) else len(column)
    return fold, fold.features(InferenceBatch(spec.model_id, rows, {name: column}, 0))


def with_jobs(spec: ModelSpec, bins: CategoricalBins) -> ModelSpec:
    return replace(spec, features=(Feature("job", bins),)).check()


@pytest.mark.parametrize(
    ("column", "missing", "invalid"),
    [
        (np.array([NAN, NAN, 30.0]), 2, 0),
        (np.array([INF, -INF, 30.0, NAN]), 1, 2),
        (codes(0, 1, MISSING, INVALID, dictionary=("30", "x" * 1_000_000)), 1, 3),
        (codes(OUT_OF_VOCABULARY, MISSING, MISSING), 2, 1),
    ],
)
def test_a_numeric_feature_tells_missing_from_invalid(
    column: Column, missing: int, invalid: int, binary_spec: ModelSpec
) -> None:
    fold, vector = fold_one(binary_spec, "age", column)

    block = fold.layout.features[0]
    assert isinstance(block, NumericBlock)
    assert (vector[block.missing], vector[block.invalid]) == (missing, invalid)
    assert vector[fold.layout.rows] == vector[block.bins].sum() + missing + invalid


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize(
    "column",
    [
        # Each holds: 2, missing, invalid, something beyond, 1, 2.5, 2.
        np.array([2.0, NAN, -INF, 3.0, 1.0, 2.5, 2.0]),
        codes(4, MISSING, INVALID, 0, 1, 2, 4, dictionary=("?", "1", "2.5", "unused", "2")),
        codes(1, MISSING, INVALID, OUT_OF_VOCABULARY, 0, 2, 1),
    ],
)
def test_a_categorical_feature_counts_alike_in_every_form(
    column: Column, complete: bool, binary_spec: ModelSpec
) -> None:
    spec = with_jobs(binary_spec, CategoricalBins(("1", "2", "2.5"), complete=complete))

    fold, vector = fold_one(spec, "job", column)

    [block] = fold.layout.features
    assert isinstance(block, CategoricalBlock)
    beyond = [0, 1] if complete else [1, 0]
    assert vector[block.bins].tolist() == [1, 2, 1, *beyond]
    assert (vector[block.missing], vector[block.invalid]) == (1, 1)


def test_texts_that_no_number_has_are_met_by_none(binary_spec: ModelSpec) -> None:
    spec = with_jobs(binary_spec, CategoricalBins(("1.0", "1e0", "+1", "nan", "inf", "1_0", " 1")))

    fold, vector = fold_one(spec, "job", np.array([1.0, 10.0, NAN, INF]))

    [block] = fold.layout.features
    assert isinstance(block, CategoricalBlock)
    assert vector[block.bins].tolist() == [0] * 8 + [2]


def test_minus_zero_is_zero_and_large_whole_numbers_have_all_their_digits() -> None:
    vocabulary = Vocabulary("c", ("0", "1000000000000000000000"))

    assert vocabulary.places(np.array([-0.0, 0.0, 1e21])).tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (codes(0, 3), "column 'job' has a code beyond its vocabulary"),
        (codes(0, 1, dictionary=("clerk",)), "column 'job' has a code beyond its dictionary"),
        (codes(0, -4), "column 'job' has a code below -3"),
    ],
)
def test_a_code_that_points_nowhere_is_refused_by_name(
    column: Codes, message: str, binary_spec: ModelSpec
) -> None:
    with pytest.raises(MalformedError, match=message):
        fold_one(binary_spec, "job", column)


@pytest.mark.parametrize(
    "column",
    [
        codes(1, 0, MISSING, INVALID, 2, dictionary=("no", "yes", "maybe")),
        codes(1, 0, MISSING, INVALID, OUT_OF_VOCABULARY),
    ],
)
def test_predicted_classes_are_known_unknown_or_missing(
    column: Codes, binary_spec: ModelSpec
) -> None:
    fold, vector = fold_one(binary_spec, "prediction", column)

    block = fold.layout.prediction
    assert isinstance(block, ClassPredictionBlock)
    assert vector[block.predicted].tolist() == [1, 1]
    assert (vector[block.unknown], vector[block.missing]) == (2, 1)
    assert vector[block.scores[0].unscored] == 2


def test_classes_that_are_numbers_match_a_column_of_numbers(binary_spec: ModelSpec) -> None:
    numbered = replace(binary_spec, prediction=replace(binary_spec.prediction, classes=("0", "1")))
    fold = ModelFold(numbered.check())
    column = np.array([1.0, 0.0, 2.0, NAN, INF])

    predictions = fold.predictions(InferenceBatch("income", 5, {"prediction": column}, 0))

    assert predictions.classes.tolist() == [1, 0, -2, -1, -2]
    assert np.isnan(predictions.scores).all()


def test_scores_outside_zero_to_one_are_unscored(binary_spec: ModelSpec) -> None:
    score = np.array([0.0, 1.0, 0.05, NAN, INF, -1e-9, 1.0 + 1e-9])
    columns: dict[str, Column] = {"prediction": codes(*[1] * 7), "score": score}
    fold = ModelFold(binary_spec)

    vector = fold.features(InferenceBatch("income", 7, columns, 0))

    block = fold.layout.prediction
    assert isinstance(block, ClassPredictionBlock)
    assert vector[block.scores[0].bins].tolist() == [2, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert vector[block.scores[0].unscored] == 4


def test_a_score_column_of_texts_is_unscored(binary_spec: ModelSpec) -> None:
    columns: dict[str, Column] = {
        "prediction": codes(0, 1),
        "score": codes(0, MISSING, dictionary=("0.5",)),
    }
    fold = ModelFold(binary_spec)

    vector = fold.features(InferenceBatch("income", 2, columns, 0))

    block = fold.layout.prediction
    assert isinstance(block, ClassPredictionBlock)
    assert vector[block.scores[0].unscored] == 2
