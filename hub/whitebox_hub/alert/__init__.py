"""Alerts: one for each (monitor, feature, segment), updated window by window.

`lifecycle.step` decides what one window does, `follow` what several do in whatever order they
come; both are pure, and the tick stores what they decided. Every change that somebody acts on is
an event with a cursor that only grows, so a consumer that remembers its cursor misses nothing.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from whitebox_hub.monitor import Finding, Severity


class State(enum.Enum):
    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"


class Reason(enum.Enum):
    """What happened to an alert. Only some of these are events (see lifecycle.EVENTS).

    RESTATED: windows that were judged again say that it should not have fired. WITHDRAWN: its
    monitor was deleted or is not active any more.
    """

    STILL_QUIET = "still_quiet"
    PENDING = "pending"
    FIRST_FIRING = "first_firing"
    STILL_FIRING = "still_firing"
    RECOVERING = "recovering"
    SUBSIDED = "subsided"
    RESOLVED = "resolved"
    NO_VERDICT = "no_verdict"
    RESTATED = "restated"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class DeviceShare:
    """One device's rows in the last violated window, and the share of the drift that goes when
    they are taken out; shares of several devices need not add up to 1.
    """

    id: str
    rows: int
    share: float


@dataclass(frozen=True, slots=True)
class Alert:
    """`since_s` is the start of the first violated window of this episode, `window_s` the start
    of the last window that moved it. `violated_s`, `length_s`, value, threshold, p-value, rows,
    reason, drivers and devices are those of the last violated window. Times ending in `_ms` are
    when the hub learnt of it.
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
    violated_s: int
    length_s: int
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
    drivers: tuple[str, ...] = ()
    devices: tuple[DeviceShare, ...] = ()

    @property
    def under_way(self) -> bool:
        """Whether an episode is going on."""
        return self.state in {State.PENDING, State.FIRING}


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a window stands in the order of windows."""

    start_s: int
    length_s: int
    digest: bytes = b""


@dataclass(frozen=True, slots=True)
class Judged:
    """What one monitor found in one window."""

    place: Place
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """One change of one alert. The store gives each a cursor, from 1, without gaps in order."""

    reason: Reason
    at_ms: int
    alert: Alert
    cursor: int = 0
