"""Classes, scores and regression targets: what a spec says of them, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from whitebox_agent.profile import profile
from whitebox_wire.errors import ConfigError, DataError, SpecError, WhiteboxError
from whitebox_wire.layout import Section
from whitebox_wire.spec import ModelSpec

N = 60
X = np.arange(N) % 4


def _spec(kind: str, target: object, **arguments: Any) -> ModelSpec:
    columns = arguments.pop("columns", {})
    data = {"x": X, "y": target, **columns}
    return profile(data, model_id="m", kind=kind, target="y", **arguments).bundle.spec


CLASSES: list[tuple[list[object], dict[str, Any], tuple[str, ...]]] = [
    (["no", "yes"], {}, ("no", "yes")),
    ([True, False], {}, ("false", "true")),
    (["True", "False"], {}, ("false", "true")),
    ([0, 1], {}, ("0", "1")),
    ([1.0, 0.0], {}, ("0", "1")),
    ([10, 9], {}, ("9", "10")),
    (["no", "yes"], {"positive": "no"}, ("yes", "no")),
    ([0, 1], {"positive": False}, ("1", "0")),
    (["no", "yes"], {"classes": ["yes", "no"]}, ("yes", "no")),
    (["no", "no"], {"classes": ["no", "yes"]}, ("no", "yes")),
    (["no", None], {"classes": ["no", "yes"]}, ("no", "yes")),
]


@pytest.mark.parametrize(("values", "arguments", "expected"), CLASSES, ids=range(len(CLASSES)))
def test_a_binary_models_second_class_is_the_positive_one(
    values: list[object], arguments: dict[str, Any], expected: tuple[str, ...]
) -> None:
    spec = _spec("binary", values * (N // 2), **arguments)

    assert spec.prediction.classes == expected


def test_classes_come_from_target_and_prediction_in_numeric_order() -> None:
    predicted = [10, 2, 30] * (N // 3)

    spec = _spec("multi_class", [1, 2, 10] * (N // 3), columns={"prediction": predicted})

    assert spec.prediction.classes == ("1", "2", "10", "30")


def test_zero_and_one_are_the_classes_of_a_target_of_numbers_and_predictions_of_booleans() -> None:
    predicted = [True, False] * (N // 2)
    data = {"x": X, "y": [1, 0] * (N // 2), "prediction": predicted}

    bundle = profile(data, model_id="m", kind="binary", target="y").bundle

    assert bundle.spec.prediction.classes == ("0", "1")
    labels = bundle.references[0].vectors[Section.LABELS]
    assert labels[1:5].tolist() == [N // 2, 0, 0, N // 2]


def test_a_regression_without_predictions_takes_the_targets_bins() -> None:
    target = np.random.default_rng(0).normal(100, 10, N)

    spec = _spec("regression", target)

    assert spec.prediction.value == spec.target.value
    assert spec.target.error_edges[0] > 0
    assert spec.target.error_edges[-1] < 100


def test_error_bins_hold_about_as_many_errors_each_of_the_test_set() -> None:
    rng = np.random.default_rng(0)
    target = rng.normal(100, 10, 5_000)
    train = {"x": target, "y": target, "prediction": target + rng.normal(0, 1, 5_000)}
    test = {"x": target, "y": target, "prediction": target + rng.normal(0, 5, 5_000)}

    made = profile(train, test=test, model_id="m", kind="regression", target="y")

    errors = np.abs(test["prediction"] - test["y"])
    edges = made.bundle.spec.target.error_edges
    shares = np.histogram(errors, (0, *edges, np.inf))[0] / 5_000
    assert len(edges) == 20
    assert shares[:-1].max() < 0.08
    assert not set(edges) & set(errors.tolist())


def test_a_perfect_regression_still_has_error_bins() -> None:
    spec = _spec("regression", X * 2.0, columns={"prediction": X * 2.0})

    assert len(spec.target.error_edges) == 1


MANY = [f"c{i}" for i in range(101)]


def _case(
    kind: str, target: object, error: type[WhiteboxError], message: str, **arguments: Any
) -> tuple[str, object, type[WhiteboxError], str, dict[str, Any]]:
    return kind, target, error, message, arguments


def _scored(kind: str, target: object, score: object, message: str) -> Any:
    return _case(kind, target, DataError, message, scores="a", columns={"a": score})


TWO, THREE = [0, 1] * (N // 2), [0, 1, 2] * (N // 3)
OUTSIDE = r"score 'a' lies outside \[0, 1\]"
REFUSED = {
    "one class": _case("binary", ["no"] * N, DataError, "target 'y' has 1 classes"),
    "three classes": _case("binary", THREE, DataError, "target 'y' has 3 classes"),
    "long texts": _case("binary", ["n" * 300] * N, DataError, "'y' holds too many or too long"),
    "no target value": _case("binary", [None] * N, DataError, "target 'y' has 0 classes"),
    "many classes": _case(
        "multi_class",
        MANY[:N],
        DataError,
        "target 'y' has 101 classes",
        columns={"prediction": [*MANY[N:], *MANY[: 2 * N - 101]]},
    ),
    "a class not named": _case(
        "binary", TWO, ConfigError, "classes: 'y' and 'prediction' hold 1 more", classes=[0, 2]
    ),
    "scores of both classes": _case(
        "binary",
        TWO,
        ConfigError,
        "scores: 2 columns for 2 classes",
        scores=["a", "b"],
        columns={"a": X / 4, "b": X / 4},
    ),
    "one score of three": _case(
        "multi_class",
        THREE,
        ConfigError,
        "scores: 1 columns for 3 classes",
        scores="a",
        columns={"a": X / 4},
    ),
    "a score above one": _scored("binary", TWO, X * 1.0, OUTSIDE),
    "a score below zero": _scored("binary", TWO, X / 4 - 0.5, OUTSIDE),
    "an infinite score": _scored("binary", TWO, [np.inf] * N, "'a' holds 60 cells that are no"),
    "a score of text": _scored("binary", TWO, ["0.5"] * N, "score 'a' holds 60 cells"),
    "no score column": _case("binary", TWO, DataError, "no score column 'a'", scores="a"),
    "a regression of texts": _case(
        "regression", ["a", 1] * (N // 2), DataError, "column 'y' holds 30 texts or times"
    ),
    "predictions of texts": _case(
        "regression",
        X * 1.0,
        DataError,
        "column 'prediction' holds 60 texts",
        columns={"prediction": ["a"] * N},
    ),
    "a regression of nothing": _case("regression", [None] * N, DataError, "'y' holds no number"),
    "a regression with classes": _case("regression", X, ConfigError, "no classes", classes=[1]),
    "a positive of three": _case("multi_class", X, ConfigError, "positive", positive=1),
    "one column for two roles": _case("binary", TWO, SpecError, "'y' has two", prediction="y"),
    "no kind": _case("ternary", X, ConfigError, "kind: 'ternary'"),
    "no name": _case("binary", TWO, SpecError, "empty", prediction=""),
}


@pytest.mark.parametrize("case", REFUSED)
def test_outcomes_that_do_not_fit_the_kind_are_refused_by_name(case: str) -> None:
    kind, target, error, message, arguments = REFUSED[case]

    with pytest.raises(error, match=message):
        _spec(kind, target, **dict(arguments))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"x": [1.0]}, "the training set has no target column 'y'"),
        ({"x": [], "y": []}, "the training set is empty"),
        ([], "the training set is empty"),
        (iter([]), "the training set is empty"),
        ({"x": [1, 2], "y": [1]}, "'y' has 1 values but 'x' has 2"),
        (42, "cannot be read from an int"),
        ({"y": [0, 1]}, "no column of the training set can be a feature"),
        (np.zeros((2, 2)), "no column names"),
    ],
    ids=range(8),
)
def test_a_training_set_that_cannot_serve_is_refused(data: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        profile(data, model_id="m", kind="binary", target="y")


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ({"x": [1], "p": [0.5]}, "the test set has no target column 'y'"),
        ({"y": [1], "p": [0.5]}, "the test set has no column 'x'"),
        ({"x": [1], "y": [1], "p": [2.0]}, "the test set: score 'p' lies outside"),
        ({"x": [], "y": [], "p": []}, "the test set is empty"),
    ],
)
def test_a_test_set_that_does_not_fit_is_refused(
    test: dict[str, list[float]], message: str
) -> None:
    data = {"x": X, "y": X % 2, "p": X / 4}

    with pytest.raises(DataError, match=message):
        profile(data, test=test, model_id="m", kind="binary", target="y", scores="p")
