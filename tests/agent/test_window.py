"""Rows to windows, and when a window's sum ships."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whitebox_agent.window import ShipPolicy, split_by_window
from whitebox_wire.spec import WindowPolicy

YEAR_MS = 365 * 86_400_000


@given(
    st.lists(st.integers(-2_000 * YEAR_MS, 8_000 * YEAR_MS), max_size=50),
    st.sampled_from([1, 60, 900, 3_600, 86_400, 7 * 86_400]),
)
def test_every_row_goes_to_the_window_that_holds_its_time_and_to_no_other(
    times: list[int], granularity_s: int
) -> None:
    policy = WindowPolicy(granularity_s)

    windows = split_by_window(np.array(times, np.int64), policy)

    places = [place for _, rows in windows for place in rows.tolist()]
    assert sorted(places) == list(range(len(times)))
    starts = [start_s for start_s, _ in windows]
    assert starts == sorted(set(starts))
    for start_s, rows in windows:
        assert rows.tolist() == sorted(rows.tolist())
        for row in rows:
            assert start_s == policy.start(times[row] // 1_000)
            assert start_s * 1_000 <= times[row] < (start_s + granularity_s) * 1_000


@pytest.mark.parametrize(
    ("end_s", "opened_ms", "ready_ms"),
    [(60, 0, 65_000), (60, 90_000, 95_000), (100_000, 0, 300_000), (60, 61_000, 66_000)],
    ids=["still open", "long over", "a part of a long window", "a straggler"],
)
def test_a_sum_ships_when_its_window_has_settled_or_it_has_waited_long(
    end_s: int, opened_ms: int, ready_ms: int
) -> None:
    assert ShipPolicy().ready_ms(end_s, opened_ms) == ready_ms
