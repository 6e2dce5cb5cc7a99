"""Evidence over windows: how seldom it is false, and how soon it is found."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate

from tests.hub.statistics.populations import POPULATIONS
from whitebox_hub.statistics.eprocess import log_e_value, log_evidence
from whitebox_hub.statistics.groups import plan_groups
from whitebox_hub.statistics.gtest import g_test
from whitebox_hub.statistics.merge import merge
from whitebox_wire.layout import NumericBlock

ALPHA = 0.05
LIMIT = np.log(1 / ALPHA)


def test_the_expectation_of_an_e_value_is_at_most_one() -> None:
    def expectation(log_p: float) -> float:
        return float(np.exp(log_e_value(np.exp(log_p)) + log_p))

    mean, _ = integrate.quad(expectation, np.log(1e-12), 0.0, limit=400)

    # What is missing lies at p-values that are cut off.
    assert 0.95 < mean <= 1.0


def test_e_values_fall_with_p_without_a_jump() -> None:
    p = np.linspace(1e-6, 1.0, 200_001)

    steps = np.diff(log_e_value(p))

    assert (steps < 0).all()
    assert np.abs(np.diff(log_e_value(np.linspace(0.99, 1.0, 10_001)))).max() < 1e-4


def test_over_ten_thousand_quiet_windows_the_evidence_is_false_in_fewer_runs_than_alpha() -> None:
    rng = np.random.default_rng(1)

    most = log_evidence(rng.uniform(size=(10_000, 400))).max(axis=0)

    assert np.mean(most >= LIMIT) <= ALPHA


def test_windows_against_one_reference_are_false_in_fewer_runs_than_alpha_for_ten_of_its_rows() -> (
    None
):
    rng = np.random.default_rng(3)
    rows, reference_rows, windows = 200, 20_000, 1_000
    false = []
    for _ in range(40):
        column = POPULATIONS["normal"](rng, reference_rows)
        cells = column.reference.size
        block = NumericBlock(slice(0, cells), *range(cells, cells + 6))
        before = np.concatenate((column.reference, np.zeros(6, np.int64)))
        plan = plan_groups([block], before)
        reference = plan.count(before)
        p_values = []
        for drawn in rng.multinomial(rows, column.shares / column.shares.sum(), size=windows):
            live = plan.count(np.concatenate((drawn, np.zeros(6, np.int64))))
            merged = merge(plan, reference, live)
            p_values.append(g_test(merged, merged.sum(reference), merged.sum(live)).p_value[0])
        false.append(log_evidence(p_values).max() >= LIMIT)

    assert np.mean(false) <= ALPHA


def test_a_drift_after_a_quiet_year_is_found_within_a_day_of_windows() -> None:
    rng = np.random.default_rng(5)
    quiet, drifted = rng.uniform(size=24 * 365), rng.beta(0.1, 1.0, 24)

    said = log_evidence(np.concatenate((quiet, drifted)))

    assert said[: quiet.size].max() < LIMIT
    assert said[-1] > LIMIT


def test_windows_without_a_p_value_bet_nothing() -> None:
    with_gaps = log_evidence([0.01, np.nan, np.nan])

    assert with_gaps[0] > 0
    assert with_gaps.tolist() == pytest.approx([with_gaps[0]] * 3)


def test_no_windows_have_no_evidence() -> None:
    assert log_evidence([]).size == 0
