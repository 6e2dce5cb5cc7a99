"""What a column is taken for, with a reason where it is left out, and how to override that."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from whitebox_agent.profile import ModelProfile, profile
from whitebox_wire.errors import ConfigError, DataError
from whitebox_wire.spec import CategoricalBins, NumericBins

ROWS = 1_200
PLACES = np.arange(ROWS)


def _profile(column: object, **arguments: Any) -> ModelProfile:
    """A profile of one column `x` beside a constant `z`, which keeps a feature in every case."""
    data = {"x": column, "z": np.zeros(ROWS), "y": PLACES % 2}
    return profile(data, model_id="m", kind="binary", target="y", **arguments)


USED: Mapping[str, tuple[object, str]] = {
    "floats": (PLACES / 7, "numeric"),
    "integers": (PLACES % 700 * 3, "numeric"),
    "few integers": (PLACES % 5, "numeric"),
    "large integers": (PLACES % 7 * 10**15, "numeric"),
    "decimals": ([Decimal(int(i) % 5) for i in PLACES], "numeric"),
    "booleans": (PLACES % 3 == 0, "boolean"),
    "booleans and missing": ([None, True, False] * (ROWS // 3), "boolean"),
    "booleans and numbers": ([1, True, 0.5] * (ROWS // 3), "numeric"),
    "words of booleans": (["True", "false", None] * (ROWS // 3), "boolean"),
    "texts": (["a", "b", None] * (ROWS // 3), "categorical"),
    "many texts": ([f"t{i % 600}" for i in PLACES], "categorical"),
    "texts and few numbers": (["a", 1, 2.0] * (ROWS // 3), "categorical"),
    "decimals and texts": ([Decimal(1), "a"] * (ROWS // 2), "categorical"),
    "constant": ([7] * ROWS, "numeric"),
    "constant text": (["a"] * ROWS, "categorical"),
    "constant boolean": ([True] * ROWS, "boolean"),
    "mostly missing": ([1.5] + [None] * (ROWS - 1), "numeric"),
    "one list": ([[1]] + [2.5] * (ROWS - 1), "numeric"),
    "sorted distinct integers far apart": (PLACES * 1_000, "numeric"),
}


@pytest.mark.parametrize("case", USED)
def test_a_column_gets_the_type_of_its_values(case: str) -> None:
    column, kind = USED[case]

    made = _profile(column)

    assert made.left_out == ()
    assert made.columns[0].type == kind


LEFT_OUT: Mapping[str, tuple[object, str]] = {
    "all missing": ([None] * ROWS, "no value in any row"),
    "all NaN": (np.full(ROWS, np.nan), "no value in any row"),
    "times": (np.full(ROWS, np.datetime64("2026-01-01")), "times"),
    "datetimes": ([dt.date(2026, 1, 1)] * ROWS, "times"),
    "zoned times": (pd.Series([pd.Timestamp("2026-01-01", tz="UTC")] * ROWS), "times"),
    "durations": (np.full(ROWS, np.timedelta64(1, "D")), "times"),
    "dates in text": (["2026-01-01", "2026-01-02T10:00:00"] * (ROWS // 2), "dates"),
    "free text": ([f"text {i}" for i in PLACES], "1200 different texts in 1200 rows"),
    "a name in each filled cell": ([f"name {i}" for i in range(101)] + [None] * 1099, "101 diff"),
    "long texts": ([f"{i % 3}" * 300 for i in PLACES], "different or long"),
    "row numbers": (PLACES + 1, "all different"),
    "numbers and texts": ([*(PLACES[1:] / 7), "?"], "mixes 1199 numbers and 1 texts"),
    "lists": ([[1]] * ROWS, "neither numbers nor texts"),
    "complex numbers": (PLACES * 1j, "neither numbers nor texts"),
    "infinities": (np.full(ROWS, np.inf), "neither numbers nor texts"),
}


@pytest.mark.parametrize("case", LEFT_OUT)
def test_a_column_that_can_be_no_feature_is_left_out_with_the_reason(case: str) -> None:
    column, reason = LEFT_OUT[case]

    made = _profile(column)

    [out] = made.left_out
    assert out.column == "x"
    assert reason in out.reason
    assert [f.name for f in made.bundle.spec.features] == ["z"]


def test_an_id_by_its_name_is_left_out_however_far_its_values_lie_apart() -> None:
    data = {"user_id": PLACES * 1_000, "z": PLACES % 7, "y": PLACES % 2}

    made = profile(data, model_id="m", kind="binary", target="y")

    assert [out.column for out in made.left_out] == ["user_id"]


OVERRIDES = [
    (PLACES % 5, "categorical", ("0", "1", "2", "3", "4")),
    (PLACES % 2, "boolean", ("false", "true")),
    ([f"text {i}" for i in PLACES], "categorical", ("text 0", "text 1")),
    (PLACES + 1, "categorical", ("1", "10")),
    (["2026-01-01"] * ROWS, "categorical", ("2026-01-01",)),
]


@pytest.mark.parametrize(("column", "kind", "vocabulary"), OVERRIDES, ids=range(len(OVERRIDES)))
def test_a_type_can_be_overridden(column: object, kind: str, vocabulary: tuple[str, ...]) -> None:
    made = _profile(column, types={"x": kind})

    bins = made.bundle.spec.features[0].bins
    assert isinstance(bins, CategoricalBins)
    assert bins.vocabulary[: len(vocabulary)] == vocabulary
    assert bins.boolean == (kind == "boolean")


def test_row_numbers_are_numeric_when_the_caller_says_so() -> None:
    bins = _profile(PLACES, types={"x": "numeric"}).bundle.spec.features[0].bins

    assert isinstance(bins, NumericBins)
    assert bins.cells > 100


@pytest.mark.parametrize(
    ("column", "kind", "reason"),
    [
        (["a"] * ROWS, "numeric", "no number"),
        (PLACES, "boolean", "other values than true and false"),
        (["a", "true"] * (ROWS // 2), "boolean", "other values than true and false"),
        (["a" * 300] * ROWS, "categorical", "too long"),
    ],
)
def test_an_override_that_no_value_allows_leaves_the_column_out(
    column: object, kind: str, reason: str
) -> None:
    assert reason in _profile(column, types={"x": kind}).left_out[0].reason


def test_a_vocabulary_keeps_the_most_frequent_and_counts_others_as_other() -> None:
    column = [f"t{i % 600}" for i in PLACES[:-1]] + ["t7"]

    bins = _profile(column).bundle.spec.features[0].bins

    assert isinstance(bins, CategoricalBins)
    assert bins.vocabulary[0] == "t7"
    assert len(bins.vocabulary) == 500
    assert not bins.complete


def test_an_excluded_column_is_no_feature_and_a_withheld_one_has_no_cells() -> None:
    made = _profile(PLACES % 5, exclude=["z"], withhold=["x"], types={"x": "categorical"})

    [feature] = made.bundle.spec.features
    assert (made.left_out[0].column, made.left_out[0].reason) == ("z", "excluded")
    assert (feature.name, feature.withheld) == ("x", True)
    assert feature.bins == CategoricalBins(("withheld",))
    assert made.columns[0].cells == 0


def test_a_column_without_a_name_is_left_out() -> None:
    bad = ["", "n" * 300, "\ud800"]
    data = dict.fromkeys([*bad, "z"], PLACES % 3) | {"y": PLACES % 2}

    made = profile(data, model_id="m", kind="binary", target="y")

    assert [out.column for out in made.left_out] == bad


EXTREMES = {
    "both ends": np.array([1.7e308, -1.7e308] * (ROWS // 2)),
    "the whole range": np.linspace(-1.7, 1.7, ROWS) * 1e308,
    "denormal": PLACES * 5e-324,
    "largest": np.full(ROWS, np.finfo(np.float64).max),
    "next to each other": 1 + PLACES * 2.0**-52,
    "one far away": np.append(PLACES[1:] / 7, -1e308),
    "64-bit integers": np.array([2**64 - 1, 0] * (ROWS // 2), np.uint64),
}


@pytest.mark.parametrize("case", EXTREMES)
def test_numbers_at_the_ends_of_their_range_are_profiled(case: str) -> None:
    values = EXTREMES[case]

    made = _profile(values)
    regression = profile(
        {"x": PLACES % 3, "y": values}, model_id="m", kind="regression", target="y"
    )

    assert made.columns[0].type == "numeric"
    assert regression.bundle.references[0].rows == ROWS


def test_texts_that_no_spec_can_hold_count_as_other() -> None:
    made = _profile(["a", "\ud800", "b" * 300, "a"] * (ROWS // 4))

    bins = made.bundle.spec.features[0].bins
    assert bins == CategoricalBins(("a",), complete=False)


def test_a_set_without_features_is_refused_with_the_reasons() -> None:
    data = {"when": ["2026-01-01"] * 3, "y": [0, 1, 0]}

    with pytest.raises(DataError, match="can be a feature") as caught:
        profile(data, model_id="m", kind="binary", target="y")

    assert "when: its texts are dates" in caught.value.hint


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"types": {"w": "numeric"}}, "types: the training set has no column 'w'"),
        ({"exclude": ["w"]}, "exclude: the training set has no column 'w'"),
        ({"withhold": ["w"]}, "withhold: the training set has no column 'w'"),
        ({"types": {"x": "number"}}, "types: 'x' is to be 'number'"),
        ({"exclude": ["y"]}, "'y' is an outcome"),
        ({"positive": "z"}, "positive: 'z' is no class"),
    ],
)
def test_an_argument_that_does_not_fit_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        _profile(PLACES % 5, **arguments)


def test_a_granularity_that_is_no_length_is_named() -> None:
    with pytest.raises(DataError, match="granularity: '1M'"):
        _profile(PLACES % 5, granularity="1M")
