"""D9: whatever the device's clock does, rows are placed by the hub's time once that is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whitebox_agent.clock import DEVICE_TIME_MS, STEP_MS, STEPS_AGREEING, Clock

NOW_MS = 1_767_225_600_000
YEAR_MS = 365 * 86_400_000


@dataclass
class Device:
    """A device whose clock can be set, beside the time that passes."""

    wrong_ms: int = 0
    passed_ms: int = 0

    def clock(self, *, trust_given: bool = False) -> Clock:
        return Clock(
            lambda: NOW_MS + self.passed_ms + self.wrong_ms,
            lambda: 7_000 + self.passed_ms,
            trust_given=trust_given,
        )

    def ask(self, clock: Clock, *, there_ms: int = 0, back_ms: int = 0, hub_ms: int = 0) -> None:
        """An answer of a hub whose clock is `hub_ms` off."""
        sent_ms = clock.steady_ms()
        self.passed_ms += there_ms
        server_ms = NOW_MS + self.passed_ms + hub_ms
        self.passed_ms += back_ms
        clock.learn(server_ms, sent_ms, clock.steady_ms())

    @property
    def right_ms(self) -> int:
        return NOW_MS + self.passed_ms


@pytest.mark.parametrize("wrong_ms", [0, 40 * YEAR_MS, -56 * YEAR_MS, 90_000])
def test_one_answer_puts_a_clock_right_that_is_wrong_by_years(wrong_ms: int) -> None:
    device = Device(wrong_ms)
    clock = device.clock()
    assert clock.now_ms() == device.right_ms + wrong_ms

    device.ask(clock)

    assert clock.now_ms() == device.right_ms
    assert clock.offset_ms == -wrong_ms


def test_a_clock_that_is_set_or_stands_still_changes_nothing_once_the_hub_has_answered() -> None:
    device = Device()
    clock = device.clock()
    device.ask(clock)

    for wrong_ms in (YEAR_MS, -3_600_000, -60_000):
        device.passed_ms += 60_000
        device.wrong_ms = wrong_ms
        assert clock.now_ms() == device.right_ms
    # It stands still: the more time has passed, the more it is behind.
    for _ in range(10):
        device.passed_ms += 1_000
        device.wrong_ms -= 1_000
        assert clock.now_ms() == device.right_ms


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), min_size=1, max_size=30),
    st.integers(-YEAR_MS, YEAR_MS),
)
def test_slow_answers_never_put_the_clock_further_off_than_half_of_what_one_took(
    legs: list[tuple[int, int]], wrong_ms: int
) -> None:
    device = Device(wrong_ms)
    clock = device.clock()

    for there_ms, back_ms in legs:
        device.ask(clock, there_ms=there_ms, back_ms=back_ms)

    worst_ms = max(there_ms + back_ms for there_ms, back_ms in legs) / 2
    assert abs(clock.now_ms() - device.right_ms) <= worst_ms + 1


def test_one_wild_answer_is_passed_over_and_a_hub_that_was_set_is_followed() -> None:
    device = Device()
    clock = device.clock()
    device.ask(clock)

    device.ask(clock, hub_ms=10 * STEP_MS)
    assert clock.now_ms() == device.right_ms
    device.ask(clock)
    for _ in range(STEPS_AGREEING):
        device.ask(clock, hub_ms=10 * STEP_MS)

    assert clock.now_ms() == device.right_ms + 10 * STEP_MS


def test_an_answer_without_a_time_teaches_nothing() -> None:
    device = Device(wrong_ms=500)
    clock = device.clock()

    clock.learn(0, 0, 0)

    assert clock.offset_ms == 0


def test_given_times_that_come_from_the_devices_clock_are_corrected_and_others_trusted() -> None:
    device = Device(wrong_ms=-56 * YEAR_MS)
    clock = device.clock()
    device.ask(clock)
    own, foreign = device.right_ms + device.wrong_ms - 1_000, device.right_ms - 3_600_000

    placed = clock.placed(np.array([own, foreign, own - DEVICE_TIME_MS]))

    assert placed.tolist() == [device.right_ms - 1_000, foreign, own - DEVICE_TIME_MS]
    assert clock.placed(own) == device.right_ms - 1_000


def test_given_times_stay_as_they_are_where_that_was_asked_for() -> None:
    device = Device(wrong_ms=-YEAR_MS)
    clock = device.clock(trust_given=True)
    device.ask(clock)
    own = device.right_ms + device.wrong_ms

    assert clock.placed(own) == own
