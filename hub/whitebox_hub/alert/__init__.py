"""Alerts: one for each (monitor, feature, segment), updated window by window.

`lifecycle.step` is pure and decides; the tick stores what it decided. Every change is an event
with a cursor that only grows, so a consumer that remembers its cursor misses nothing.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from whitebox_hub.monitor import Severity


class State(enum.Enum):
    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"


class Reason(enum.Enum):
    """What a finding did to an alert. Only some of these are events (see lifecycle.EVENTS)."""

    STILL_QUIET = "still_quiet"
    PENDING = "pending"
    FIRST_FIRING = "first_firing"
    STILL_FIRING = "still_firing"
    RECOVERING = "recovering"
    RESOLVED = "resolved"
    NO_VERDICT = "no_verdict"
    RESTATED = "restated"


@dataclass(frozen=True, slots=True)
class Alert:
    """`since_s` is the start of the first violated window of this episode, `window_s` the start
    of the last window that was judged. Times ending in `_ms` are when the hub learnt of it.
    """

    fingerprint: str
    monitor_id: str
    model_id: str
    metric: str
    feature: str | None
    segment: int
    severity: Severity
    state: State
    since_s: int
    window_s: int
    violated_windows: int
    good_windows: int
    value: float | None
    threshold: float | None
    p_value: float | None
    rows: int
    reason: str
    started_ms: int
    updated_ms: int
    resolved_ms: int | None = None


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """One change of one alert. The store gives each a cursor, from 1, without gaps in order."""

    reason: Reason
    at_ms: int
    alert: Alert
    cursor: int = 0
