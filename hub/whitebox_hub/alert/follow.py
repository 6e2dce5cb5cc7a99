"""What the windows that one monitor judged do to its alerts, in whatever order they come. Pure.

Windows that follow everything judged before step the alerts one by one, and each change is told.
A window judged again, or one that comes late, changes the past: the history is replayed in order
of window, so that what an alert becomes does not depend on the order of arrival.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from whitebox_hub.alert import Alert, AlertEvent, Judged, Place, Reason, State
from whitebox_hub.alert.lifecycle import EVENTS, fingerprint, replay, restate, step, withdrawn
from whitebox_hub.monitor import Finding, Monitor, Verdict

# So many windows back the past can be judged again; an episode that is older stands as it is.
HISTORY_WINDOWS_MAX = 500

_OfFeature = dict[str | None, list[tuple[Place, Finding]]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Alerts that changed, and what to tell, in order."""

    alerts: tuple[Alert, ...] = ()
    events: tuple[AlertEvent, ...] = ()


def matters(before: Iterable[Finding], now: Iterable[Finding]) -> bool:
    """Whether a window judged again can change an alert: a good one is as good at any value.

    >>> quiet = Finding("w", "age", Verdict.OK, 9, 0.01)
    >>> matters([quiet], [Finding("w", "age", Verdict.OK, 10, 0.02)]), matters([], [quiet])
    (False, True)
    """
    old = {finding.feature: finding for finding in before}
    for finding in now:
        known = old.get(finding.feature)
        if known is None or known.verdict is not finding.verdict:
            return True
        if finding.verdict is Verdict.VIOLATED and finding != known:
            return True
    return False


def in_order(judged: Sequence[Judged], last: Judged | None, alerts: Sequence[Alert]) -> bool:
    """Whether windows, oldest first, follow all that was judged and moved an alert before."""
    first = judged[0].place
    after_last = last is None or first > last.place
    return after_last and all(alert.window_s < first.start_s for alert in alerts)


def follow(
    monitor: Monitor,
    alerts: Sequence[Alert],
    past: Sequence[Judged] | None,
    judged: Sequence[Judged],
    now_ms: int,
) -> Outcome:
    """The monitor's alerts after new windows.

    `past` are the newest `HISTORY_WINDOWS_MAX` windows judged before, oldest first, or None when
    the new windows are `in_order`. New windows may replace past ones.
    """
    stored = {alert.fingerprint: alert for alert in alerts}
    current: dict[str, Alert] = dict(stored)
    events: list[AlertEvent] = []
    if past is not None:
        last = past[-1].place if past else max(new.place for new in judged)
        merged = {window.place: window for window in (*past, *judged) if window.place <= last}
        judged = [new for new in judged if new.place > last]
        history = [merged[place] for place in sorted(merged)]
        full = len(past) >= HISTORY_WINDOWS_MAX
        for feature, windows in _by_feature(history).items():
            name = fingerprint(monitor.id, feature, monitor.segment)
            before = stored.get(name)
            begun = _begun_before(before, windows[0][0], monitor) if full else None
            told = restate(before, replay(begun, windows, monitor, now_ms), now_ms)
            _note(current, events, *told, now_ms)
    for feature, windows in _by_feature(judged).items():
        name = fingerprint(monitor.id, feature, monitor.segment)
        for place, finding in windows:
            told = step(current.get(name), finding, monitor, place, now_ms)
            _note(current, events, *told, now_ms)
    changed = tuple(alert for name, alert in current.items() if stored.get(name) != alert)
    return Outcome(changed, tuple(sorted(events, key=lambda event: event.alert.window_s)))


def withdraw(alerts: Iterable[Alert], now_ms: int) -> Outcome:
    """What becomes of alerts when nobody asks any more."""
    going_on = [alert for alert in alerts if alert.under_way]
    ended = {alert.fingerprint: withdrawn(alert, now_ms) for alert in going_on}
    events = (
        AlertEvent(Reason.WITHDRAWN, now_ms, ended[alert.fingerprint])
        for alert in going_on
        if alert.state is State.FIRING
    )
    return Outcome(tuple(ended.values()), tuple(events))


def _by_feature(windows: Iterable[Judged]) -> _OfFeature:
    result: _OfFeature = {}
    for window in windows:
        for finding in window.findings:
            result.setdefault(finding.feature, []).append((window.place, finding))
    return result


def _begun_before(alert: Alert | None, first: Place, monitor: Monitor) -> Alert | None:
    """The alert as it stood when the replayed windows began, if its episode is older."""
    if alert is None or alert.since_s >= first.start_s:
        return None
    if alert.window_s < first.start_s:
        return alert
    if not alert.under_way:
        return None
    return replace(alert, good_windows=0, violated_windows=monitor.for_windows)


def _note(
    current: dict[str, Alert],
    events: list[AlertEvent],
    alert: Alert | None,
    reason: Reason,
    now_ms: int,
) -> None:
    if alert is None:
        return
    current[alert.fingerprint] = alert
    if reason in EVENTS:
        events.append(AlertEvent(reason, now_ms, alert))
