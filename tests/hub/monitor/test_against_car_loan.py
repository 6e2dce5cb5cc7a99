"""A known shift on foreign data: car values rise at row 25,000 of NannyML's car-loan set."""

from __future__ import annotations

import pytest

from tests.bench.stats.car_loan import SHIFT_ROW, WINDOW_ROWS, CarLoan, alarms, judge_windows

SHIFT = SHIFT_ROW // WINDOW_ROWS


@pytest.fixture(scope="module")
def alarms_by_window() -> list[list[str]]:
    return [alarms(findings) for findings in judge_windows(CarLoan.trimmed())]


def test_nothing_alarms_before_the_shift(alarms_by_window: list[list[str]]) -> None:
    assert len(alarms_by_window) == 2 * SHIFT
    assert alarms_by_window[:SHIFT] == [[]] * SHIFT


def test_drift_of_car_value_is_seen_within_two_windows_and_from_then_on(
    alarms_by_window: list[list[str]],
) -> None:
    shifted = ["car_value" in window for window in alarms_by_window[SHIFT:]]

    assert any(shifted[:2])
    assert all(shifted[2:])
