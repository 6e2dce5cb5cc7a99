"""Calibrators against scikit-learn's isotonic regression, and when there is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from whitebox_agent.fold.scores import calibrated
from whitebox_agent.profile import profile
from whitebox_agent.profile.calibrate import (
    GROUP_ROWS_MIN,
    GROUPS_MAX,
    calibrate,
    calibration_error,
    isotonic,
    pooled,
)
from whitebox_wire.vector import FloatArray

Labels = np.ndarray[tuple[int], np.dtype[np.bool_]]


def draw(rows: int, seed: int = 0) -> tuple[FloatArray, FloatArray, Labels]:
    """Overconfident scores, the true probabilities, and labels drawn by these."""
    rng = np.random.default_rng(seed)
    truth = rng.beta(1.2, 1.8, rows)
    odds = (truth / (1 - truth)) ** 2
    return odds / (1 + odds), truth, rng.uniform(size=rows) < truth


def test_a_calibrator_finds_the_true_probabilities_as_well_as_scikit_learns() -> None:
    scores, _, positive = draw(20_000)
    fresh, truth, _ = draw(20_000, seed=1)

    made, said = calibrate(scores, positive)

    assert made is not None
    theirs = IsotonicRegression(out_of_bounds="clip").fit(scores, positive).predict(fresh)
    ours = calibrated(fresh, made)
    assert np.abs(ours - truth).mean() < np.abs(theirs - truth).mean()
    assert np.abs(ours - truth).mean() < 0.02
    assert "calibration error" in said


def test_calibrated_scores_have_the_mean_of_the_labels() -> None:
    scores, _, positive = draw(20_000)
    rare = positive & (np.arange(20_000) % 100 == 0)

    for labels in (positive, rare):
        mean = calibrated(scores, isotonic(scores, labels)).mean()

        assert mean == pytest.approx(labels.mean(), abs=1e-4)


def test_scores_that_are_probabilities_already_keep_an_error_as_small() -> None:
    _, truth, positive = draw(20_000)

    made, _ = calibrate(truth, positive)

    assert calibration_error(calibrated(truth, made), positive) < 0.01


def test_scores_that_a_calibrator_makes_no_better_are_left_alone() -> None:
    rng = np.random.default_rng(0)
    truth = np.repeat([0.2, 0.8], 2_000)
    exact = np.tile(np.arange(5) < 1, 400)
    scores = truth + rng.uniform(-1e-6, 1e-6, 4_000)

    made, said = calibrate(scores, np.concatenate((exact, ~exact)))

    assert made is None
    assert said.endswith("left out")


@pytest.mark.parametrize("rows", [0, 1, 99])
def test_a_few_labels_make_no_calibrator(rows: int) -> None:
    scores, _, positive = draw(rows)

    made, said = calibrate(scores, positive)

    assert made is None
    assert str(GROUP_ROWS_MIN) in said


@pytest.mark.parametrize("value", [True, False])
def test_labels_of_one_class_make_no_calibrator(value: bool) -> None:
    assert calibrate(np.linspace(0, 1, 500), np.full(500, value))[0] is None


def test_constant_scores_become_the_share_of_positive_rows() -> None:
    made, _ = calibrate(np.full(1_000, 0.9), np.arange(1_000) % 4 == 0)

    assert made is not None
    assert calibrated(np.array([0.0, 0.9, 1.0]), made) == pytest.approx(0.25, abs=0.001)


@given(
    st.integers(0, 2**32),
    st.integers(200, 3_000),
    st.sampled_from([0.003, 0.1, 1.0, 3.0]),
    st.sampled_from([None, 1, 2]),
)
def test_a_calibrator_is_small_monotone_and_of_many_rows_a_knot(
    seed: int, rows: int, shape: float, digits: int | None
) -> None:
    rng = np.random.default_rng(seed)
    scores = np.clip(rng.beta(shape, 1.0, rows), 0, 1)
    scores = scores if digits is None else scores.round(digits)
    positive = rng.uniform(size=rows) < scores
    positive[:2] = True, False

    made = isotonic(scores, positive)

    made.check()
    assert 2 <= len(made.scores) <= GROUPS_MAX
    assert len(made.scores) <= max(2, rows // GROUP_ROWS_MIN)
    assert 0 < made.probabilities[0] <= made.probabilities[-1] < 1
    # The mean is kept up to what straight lines between knots of so many rows can follow.
    kept = calibrated(scores, made).mean()
    assert kept == pytest.approx(positive.mean(), abs=0.02 + 3.0 / rows)


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(1, 100)), min_size=1, max_size=60))
def test_pooling_is_isotonic_regression(pairs: list[tuple[float, int]]) -> None:
    values, weights = np.array(pairs, np.float64).T

    levels = pooled(values, weights)

    order = np.arange(values.size)
    expected = IsotonicRegression().fit(order, values, weights).predict(order)
    assert levels == pytest.approx(expected, abs=1e-9)


def test_profile_calibrates_on_the_test_set(frame: pd.DataFrame, test_frame: pd.DataFrame) -> None:
    crooked = test_frame.assign(y=np.where(test_frame.score**3 > 0.3, "yes", "no"))

    made = profile(frame, test=crooked, model_id="loan", kind="binary", target="y", scores="score")

    [calibrator] = made.bundle.spec.prediction.calibrators
    low, high = calibrated(np.array([0.3, 0.9]), calibrator).tolist()
    assert low < 0.05
    assert high > 0.95
    assert "calibration error" in made.text()


def test_a_multi_class_model_has_a_calibrator_a_column_or_none(frame: pd.DataFrame) -> None:
    rng = np.random.default_rng(0)
    rows = len(frame)
    p = rng.dirichlet((1, 1, 1), rows)
    drawn = (rng.uniform(size=(rows, 1)) > p.cumsum(axis=1)).sum(axis=1)
    data = frame.drop(columns=["y", "prediction", "score"]).assign(
        y=np.array(["a", "b", "c"])[drawn],
        prediction=np.array(["a", "b", "c"])[p.argmax(axis=1)],
        **{f"p{k}": np.clip(p[:, k] * (1.5 if k == 0 else 1), 0, 1) for k in range(3)},
    )

    made = profile(data, model_id="m", kind="multi_class", target="y", scores=("p0", "p1", "p2"))

    calibrators = made.bundle.spec.prediction.calibrators
    assert len(calibrators) == 3
    assert calibrated(np.array([0.9]), calibrators[0])[0] < 0.75


def test_missing_scores_and_labels_are_left_out_of_the_calibrator(frame: pd.DataFrame) -> None:
    holed = frame.copy()
    holed.loc[::3, "score"] = np.nan
    holed.loc[::5, "y"] = None

    made = profile(holed, model_id="loan", kind="binary", target="y", scores="score")

    assert "calibration error" in made.text()
