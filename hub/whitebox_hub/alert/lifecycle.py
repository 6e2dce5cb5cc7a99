"""What one finding does to an alert, and what a history that was judged again does to it. Pure.

An alert is pending from the first violated window and fires with `for_windows` of them in a row;
it resolves after `resolve_windows` good ones in a row. A window that says too little to judge
neither counts nor interrupts. While nothing was ever violated there is no alert at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace

from whitebox_hub.alert import Alert, Place, Reason, State
from whitebox_hub.monitor import Finding, Monitor, Verdict

# The changes that somebody who follows alerts is told of.
EVENTS = frozenset({Reason.FIRST_FIRING, Reason.RESOLVED, Reason.RESTATED, Reason.WITHDRAWN})

Step = tuple[Alert | None, Reason]


def fingerprint(monitor_id: str, feature: str | None, segment: int) -> str:
    """The name of the one alert of a monitor, feature and segment: 16 hexadecimal digits."""
    text = f"{monitor_id}\0{segment}\0{'' if feature is None else f'of {feature}'}"
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def step(
    alert: Alert | None, finding: Finding, monitor: Monitor, place: Place, now_ms: int
) -> Step:
    """The alert after one more window, and what that window did; None where there is no alert."""
    if finding.verdict is Verdict.NOT_ENOUGH_DATA:
        return alert, Reason.NO_VERDICT
    if finding.verdict is Verdict.VIOLATED:
        return _violated(alert, finding, monitor, place, now_ms)
    return _good(alert, monitor, place, now_ms)


def _violated(
    alert: Alert | None, finding: Finding, monitor: Monitor, place: Place, now_ms: int
) -> tuple[Alert, Reason]:
    before = alert if alert is not None and alert.under_way else None
    windows = before.violated_windows + 1 if before else 1
    was_firing = before is not None and before.state is State.FIRING
    fires = was_firing or windows >= monitor.for_windows
    after = Alert(
        fingerprint=fingerprint(monitor.id, finding.feature, monitor.segment),
        monitor_id=monitor.id,
        model_id=monitor.model_id,
        metric=monitor.metric,
        feature=finding.feature,
        segment=monitor.segment,
        severity=monitor.severity,
        state=State.FIRING if fires else State.PENDING,
        since_s=before.since_s if before else place.start_s,
        window_s=place.start_s,
        violated_s=place.start_s,
        length_s=place.length_s,
        violated_windows=windows,
        good_windows=0,
        value=finding.value,
        threshold=finding.threshold,
        p_value=finding.p_value,
        rows=finding.rows,
        reason=finding.reason,
        started_ms=before.started_ms if before else now_ms,
        updated_ms=now_ms,
    )
    if was_firing:
        return after, Reason.STILL_FIRING
    return after, Reason.FIRST_FIRING if fires else Reason.PENDING


def _good(alert: Alert | None, monitor: Monitor, place: Place, now_ms: int) -> Step:
    if alert is None or not alert.under_way:
        return alert, Reason.STILL_QUIET
    moved = replace(alert, window_s=place.start_s, updated_ms=now_ms)
    if alert.state is State.PENDING:
        return replace(moved, state=State.INACTIVE, violated_windows=0), Reason.SUBSIDED
    moved = replace(moved, good_windows=alert.good_windows + 1)
    if moved.good_windows < monitor.resolve_windows:
        return moved, Reason.RECOVERING
    return replace(moved, state=State.RESOLVED, resolved_ms=now_ms), Reason.RESOLVED


def replay(
    alert: Alert | None, windows: Iterable[tuple[Place, Finding]], monitor: Monitor, now_ms: int
) -> Alert | None:
    """The alert after windows in their order."""
    for place, finding in windows:
        alert, _ = step(alert, finding, monitor, place, now_ms)
    return alert


def restate(stored: Alert | None, replayed: Alert | None, now_ms: int) -> Step:
    """The alert after a history that was judged again, and what that did to what was told.

    `replayed` is what the whole history now says. Only whether the alert fires is news; an
    episode that turns out never to have been is withdrawn.
    """
    if stored is None or replayed is None:
        return _appeared_or_withdrawn(stored, replayed, now_ms)
    same = replace(
        replayed,
        started_ms=stored.started_ms,
        updated_ms=stored.updated_ms,
        resolved_ms=stored.resolved_ms,
        drivers=stored.drivers,
        devices=stored.devices,
    )
    if same == stored:
        return stored, Reason.NO_VERDICT
    was_firing, fires = stored.state is State.FIRING, replayed.state is State.FIRING
    if was_firing:
        replayed = replace(replayed, started_ms=stored.started_ms)
    if was_firing and fires:
        return replayed, Reason.STILL_FIRING
    if was_firing:
        resolved = replayed.state is State.RESOLVED
        return replayed, Reason.RESOLVED if resolved else Reason.RESTATED
    return replayed, Reason.FIRST_FIRING if fires else Reason.STILL_QUIET


def _appeared_or_withdrawn(stored: Alert | None, replayed: Alert | None, now_ms: int) -> Step:
    if stored is None:
        fires = replayed is not None and replayed.state is State.FIRING
        return replayed, Reason.FIRST_FIRING if fires else Reason.STILL_QUIET
    if stored.state is State.INACTIVE:
        return stored, Reason.STILL_QUIET
    was_firing = stored.state is State.FIRING
    return withdrawn(stored, now_ms), Reason.RESTATED if was_firing else Reason.STILL_QUIET


def withdrawn(alert: Alert, now_ms: int) -> Alert:
    """The alert when no window speaks for it any more, or nobody asks."""
    return replace(
        alert,
        state=State.INACTIVE,
        violated_windows=0,
        good_windows=0,
        updated_ms=now_ms,
        resolved_ms=now_ms,
    )
