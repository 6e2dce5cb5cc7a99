"""Adjusted p-values against scipy's, and the budget over time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from whitebox_hub.statistics.multiplicity import ALPHA_MAX, adjust, window_alpha


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_adjusted_p_values_are_scipys_of_benjamini_and_hochberg(p_values: list[float]) -> None:
    expected = stats.false_discovery_control(p_values, method="bh")

    assert adjust(p_values).tolist() == pytest.approx(expected.tolist(), rel=1e-12)


def test_no_tests_have_no_adjusted_p_values() -> None:
    assert adjust([]).size == 0


def test_an_hour_of_a_thirty_day_budget_is_one_part_in_720() -> None:
    assert window_alpha(3_600, 30 * 86_400) == pytest.approx(1 / 720)


@pytest.mark.parametrize(("length_s", "interval_s"), [(30 * 86_400, 86_400), (0, 0), (9, 1)])
def test_no_window_believes_more_than_one_in_twenty(length_s: int, interval_s: int) -> None:
    assert window_alpha(length_s, interval_s) == ALPHA_MAX
