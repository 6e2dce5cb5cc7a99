"""The life of one alert, a table at a time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.hub.alert.conftest import HOUR_S, finding, place, timeless
from whitebox_hub.alert import Alert, Reason, State
from whitebox_hub.alert.lifecycle import EVENTS, fingerprint, replay, restate, step, withdrawn
from whitebox_hub.monitor import Monitor, Severity

# Letters: v violated, o good, - not enough data. Behind each window: the state and the reason.
LIVES = [
    ("o", 1, 1, "none still_quiet"),
    ("-", 1, 1, "none no_verdict"),
    ("v", 1, 1, "firing first_firing"),
    ("vv", 1, 1, "firing first_firing, firing still_firing"),
    ("vo", 1, 1, "firing first_firing, resolved resolved"),
    ("voo", 1, 1, "firing first_firing, resolved resolved, resolved still_quiet"),
    ("vov", 1, 1, "firing first_firing, resolved resolved, firing first_firing"),
    ("v-", 1, 1, "firing first_firing, firing no_verdict"),
    ("v-o", 1, 1, "firing first_firing, firing no_verdict, resolved resolved"),
    ("vo", 1, 2, "firing first_firing, firing recovering"),
    ("voo", 1, 2, "firing first_firing, firing recovering, resolved resolved"),
    ("vo-o", 1, 2, "firing first_firing, firing recovering, firing no_verdict, resolved resolved"),
    ("vov", 1, 2, "firing first_firing, firing recovering, firing still_firing"),
    ("v", 2, 1, "pending pending"),
    ("vv", 2, 1, "pending pending, firing first_firing"),
    ("v-v", 2, 1, "pending pending, pending no_verdict, firing first_firing"),
    ("vov", 2, 1, "pending pending, inactive subsided, pending pending"),
    ("vo", 3, 1, "pending pending, inactive subsided"),
    ("vvv", 3, 1, "pending pending, pending pending, firing first_firing"),
]


def _live(letters: str, monitor: Monitor) -> tuple[Alert | None, str]:
    alert: Alert | None = None
    told = []
    for window, letter in enumerate(letters):
        alert, reason = step(alert, finding(letter, window), monitor, place(window), 1_000 + window)
        told.append(f"{alert.state.value if alert else 'none'} {reason.value}")
    return alert, ", ".join(told)


@pytest.mark.parametrize(("letters", "for_windows", "resolve_windows", "told"), LIVES)
def test_an_alert_goes_through_its_states(
    monitor: Monitor, letters: str, for_windows: int, resolve_windows: int, told: str
) -> None:
    monitor = replace(monitor, for_windows=for_windows, resolve_windows=resolve_windows)

    assert _live(letters, monitor)[1] == told


def test_an_alert_says_since_when_and_what_its_last_violated_window_was(monitor: Monitor) -> None:
    alert, _ = _live("ovvo", replace(monitor, resolve_windows=2, severity=Severity.HIGH))

    assert alert is not None
    assert (alert.since_s, alert.violated_s, alert.window_s) == (HOUR_S, 2 * HOUR_S, 3 * HOUR_S)
    assert (alert.violated_windows, alert.good_windows) == (2, 1)
    assert (alert.value, alert.threshold, alert.rows, alert.reason) == (2.5, 0.1, 100, "window 2")
    assert (alert.started_ms, alert.updated_ms, alert.resolved_ms) == (1_001, 1_003, None)
    assert alert.severity is Severity.HIGH


def test_a_new_episode_forgets_the_one_before(monitor: Monitor) -> None:
    alert, _ = _live("vvov", monitor)

    assert alert is not None
    assert (alert.since_s, alert.violated_windows) == (3 * HOUR_S, 1)
    assert (alert.started_ms, alert.resolved_ms) == (1_003, None)


def test_there_is_one_fingerprint_for_a_monitor_feature_and_segment() -> None:
    asked = [("w", "age", 0), ("w", "age", 1), ("w", None, 0), ("w", "", 0), ("x", "age", 0)]

    names = {fingerprint(*each) for each in asked}

    assert len(names) == len(asked)
    assert fingerprint("w", "age", 0) == fingerprint("w", "age", 0)


# The history as it was told, the history as it is now, and what that does.
RESTATED = [
    ("oo", "oo", "none", Reason.STILL_QUIET),
    ("oo", "vo", "resolved", Reason.STILL_QUIET),
    ("oo", "ov", "firing", Reason.FIRST_FIRING),
    ("ov", "ov", "firing", Reason.NO_VERDICT),
    ("ov", "vv", "firing", Reason.STILL_FIRING),
    ("vv", "vo", "resolved", Reason.RESOLVED),
    ("ov", "oo", "inactive", Reason.RESTATED),
    ("vo", "oo", "inactive", Reason.STILL_QUIET),
    ("vo", "vv", "firing", Reason.FIRST_FIRING),
]


@pytest.mark.parametrize(("before", "now", "state", "reason"), RESTATED)
def test_a_history_judged_again_tells_only_whether_the_alert_fires(
    monitor: Monitor, before: str, now: str, state: str, reason: Reason
) -> None:
    stored = _live(before, monitor)[0]
    windows = [(place(i), finding(letter, i)) for i, letter in enumerate(now)]

    alert, told = restate(stored, replay(None, windows, monitor, 9_000), 9_000)

    assert (alert.state.value if alert else "none", told) == (state, reason)


def test_an_alert_that_fires_on_keeps_the_time_it_was_first_told(monitor: Monitor) -> None:
    stored = _live("ov", monitor)[0]
    windows = [(place(i), finding("v", i)) for i in range(2)]

    alert, _ = restate(stored, replay(None, windows, monitor, 9_000), 9_000)

    assert alert is not None
    assert stored is not None
    assert (alert.started_ms, alert.since_s) == (stored.started_ms, 0)


def test_a_history_that_says_the_same_changes_nothing_at_all(monitor: Monitor) -> None:
    stored = _live("vovv", monitor)[0]
    windows = [(place(i), finding(letter, i)) for i, letter in enumerate("vovv")]

    alert, _ = restate(stored, replay(None, windows, monitor, 9_000), 9_000)

    assert alert is stored


def test_a_withdrawn_alert_is_inactive_and_still_says_what_it_was(monitor: Monitor) -> None:
    alert = _live("v", monitor)[0]
    assert alert is not None

    ended = withdrawn(alert, 9_000)

    assert (ended.state, ended.resolved_ms, ended.under_way) == (State.INACTIVE, 9_000, False)
    assert timeless(ended)["reason"] == "window 0"


def test_only_changes_that_somebody_acts_on_are_events() -> None:
    assert {reason.value for reason in EVENTS} == {
        "first_firing",
        "resolved",
        "restated",
        "withdrawn",
    }
