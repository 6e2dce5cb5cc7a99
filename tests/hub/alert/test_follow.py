"""Windows in any order: the same alert at the end, each change told once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hub.alert.conftest import HOUR_S, judged, line, timeless
from whitebox_hub.alert import Alert, AlertEvent, Judged, Place
from whitebox_hub.alert.follow import HISTORY_WINDOWS_MAX, follow, in_order, matters, withdraw
from whitebox_hub.monitor import Monitor

MONITOR = Monitor("w", "income", "Drift", "data_drift", for_windows=2, resolve_windows=2)


class Tick:
    """Follows batches of windows as the tick does, with a history of its own."""

    def __init__(self, monitor: Monitor) -> None:
        self.monitor = monitor
        self.history: dict[Place, Judged] = {}
        self.alerts: dict[str, Alert] = {}
        self.events: list[AlertEvent] = []
        self.now_ms = 0

    def judge(self, windows: Sequence[Judged]) -> None:
        windows = sorted(windows, key=lambda window: window.place)
        known = [self.history.get(window.place) for window in windows]
        pairs = zip(known, windows, strict=True)
        if not any(old is None or matters(old.findings, new.findings) for old, new in pairs):
            self.history |= {window.place: window for window in windows}
            return
        past = [self.history[at] for at in sorted(self.history)][-HISTORY_WINDOWS_MAX:]
        alerts = list(self.alerts.values())
        ordered = in_order(windows, past[-1] if past else None, alerts)
        self.now_ms += 1
        outcome = follow(self.monitor, alerts, None if ordered else past, windows, self.now_ms)
        self.history |= {window.place: window for window in windows}
        self.alerts |= {alert.fingerprint: alert for alert in outcome.alerts}
        self.events += outcome.events

    @property
    def told(self) -> list[str]:
        return [f"{event.reason.value} {event.alert.window_s // HOUR_S}" for event in self.events]

    @property
    def alert(self) -> Alert | None:
        return next(iter(self.alerts.values()), None)


def test_windows_in_order_tell_each_change_once(monitor: Monitor) -> None:
    tick = Tick(monitor)

    for window in line("ovvoov"):
        tick.judge([window])

    assert tick.told == ["first_firing 1", "resolved 3", "first_firing 5"]


def test_windows_that_come_together_tell_the_same_as_one_by_one(monitor: Monitor) -> None:
    one_by_one, together = Tick(monitor), Tick(monitor)

    for window in line("ovvoov"):
        one_by_one.judge([window])
    together.judge(line("ovvoov"))

    assert together.told == one_by_one.told
    assert timeless(together.alert) == timeless(one_by_one.alert)


def test_a_window_judged_again_to_the_same_verdict_tells_nothing(monitor: Monitor) -> None:
    tick = Tick(monitor)
    tick.judge(line("ovv"))
    before = tick.alert

    tick.judge([judged(1, "v")])

    assert tick.told == ["first_firing 1"]
    assert tick.alert is before


def test_late_data_that_takes_the_violation_back_withdraws_the_alert(monitor: Monitor) -> None:
    tick = Tick(monitor)
    tick.judge(line("ov"))

    tick.judge([judged(1, "o")])

    assert tick.told == ["first_firing 1", "restated 1"]
    assert tick.alert is not None
    assert not tick.alert.under_way


def test_an_episode_of_the_past_that_was_over_by_then_is_not_told(monitor: Monitor) -> None:
    tick = Tick(monitor)
    tick.judge(line("ooo"))

    tick.judge([judged(0, "v")])

    assert tick.told == []
    assert tick.alert is not None
    assert tick.alert.state.value == "resolved"


def test_labels_that_come_late_fire_the_alert_though_newer_windows_have_none(
    monitor: Monitor,
) -> None:
    tick = Tick(monitor)
    tick.judge(line("----"))

    tick.judge([judged(1, "v")])
    tick.judge([judged(2, "o")])

    assert tick.told == ["first_firing 1", "resolved 2"]


def test_every_feature_has_an_alert_of_its_own(monitor: Monitor) -> None:
    window = Judged(
        judged(0, "v").place, (*judged(0, "v").findings, *judged(0, "v", "job").findings)
    )

    outcome = follow(monitor, [], None, [window], 1)

    assert {alert.feature for alert in outcome.alerts} == {"age", "job"}
    assert len({alert.fingerprint for alert in outcome.alerts}) == 2


def test_an_episode_older_than_the_history_keeps_its_beginning(monitor: Monitor) -> None:
    tick = Tick(monitor)
    tick.judge(line("v" * (HISTORY_WINDOWS_MAX + 20)))

    tick.judge([judged(HISTORY_WINDOWS_MAX, "-")])

    assert tick.alert is not None
    assert (tick.alert.since_s, tick.alert.state.value) == (0, "firing")
    assert tick.told == ["first_firing 0"]


def test_an_alert_resolved_before_the_history_stays_as_it_was(monitor: Monitor) -> None:
    tick = Tick(monitor)
    tick.judge(line("vo" + "o" * HISTORY_WINDOWS_MAX))
    before = tick.alert

    tick.judge([judged(HISTORY_WINDOWS_MAX, "-")])

    assert tick.alert is before


def test_a_monitor_that_was_changed_is_followed_from_its_new_findings_alone(
    monitor: Monitor,
) -> None:
    tick = Tick(monitor)
    tick.judge(line("ovv"))
    tick.history.clear()  # as rejudging does

    tick.judge(line("ooo"))

    assert tick.told == ["first_firing 1", "restated 2"]


def test_alerts_of_a_monitor_that_nobody_asks_are_withdrawn_once(monitor: Monitor) -> None:
    firing = follow(monitor, [], None, line("v"), 1).alerts
    pending = follow(replace(monitor, for_windows=2), [], None, [judged(0, "v", "job")], 1).alerts

    outcome = withdraw((*firing, *pending), 2)

    assert [event.reason.value for event in outcome.events] == ["withdrawn"]
    assert len(outcome.alerts) == 2
    assert withdraw(outcome.alerts, 3).alerts == ()


@given(letters=st.text("vo-", min_size=1, max_size=9), data=st.data())
def test_what_an_alert_becomes_does_not_depend_on_the_order_of_arrival(
    letters: str, data: st.DataObject
) -> None:
    windows = line(letters)
    places = st.integers(0, len(windows) - 1)
    earlier = data.draw(st.lists(st.tuples(places, st.sampled_from("vo-")), max_size=5))
    order = data.draw(st.permutations(range(len(windows))))
    cuts = data.draw(st.lists(st.integers(0, len(windows)), max_size=3).map(sorted))
    in_turn, shuffled = Tick(MONITOR), Tick(MONITOR)

    for window in windows:
        in_turn.judge([window])
    for at, letter in earlier:  # what was said of windows before all their rows had come
        shuffled.judge([judged(at, letter)])
    for start, stop in zip([0, *cuts], [*cuts, len(windows)], strict=True):
        if start < stop:
            shuffled.judge([windows[i] for i in order[start:stop]])

    def standing(alert: Alert | None) -> dict[str, object]:
        # What never fired, or was withdrawn, is no alert.
        known = alert is not None and alert.state.value != "inactive"
        return timeless(alert) if known else {}

    assert standing(shuffled.alert) == standing(in_turn.alert)


@given(
    first=st.text("vo-", min_size=3, max_size=8),
    changes=st.lists(st.tuples(st.integers(0, 7), st.sampled_from("vo-")), max_size=6),
)
def test_events_always_end_with_what_the_alert_is(
    first: str, changes: list[tuple[int, str]]
) -> None:
    tick = Tick(replace(MONITOR, for_windows=1))
    tick.judge(line(first))

    for window, letter in changes:
        tick.judge([judged(window, letter)])

    fires = tick.alert is not None and tick.alert.state.value == "firing"
    said = bool(tick.events) and tick.events[-1].reason.value == "first_firing"
    assert said == fires


@pytest.mark.parametrize(
    ("last", "window", "ordered"), [(None, 0, True), (3, 4, True), (3, 3, False)]
)
def test_windows_are_in_order_when_they_follow_all_that_was_judged(
    last: int | None, window: int, ordered: bool
) -> None:
    newest = None if last is None else judged(last, "o")

    assert in_order([judged(window, "o")], newest, []) is ordered
