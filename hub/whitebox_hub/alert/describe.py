"""An alert in one sentence: what, where, how much, and what drives it. Pure."""

from __future__ import annotations

from whitebox_hub.alert import Alert, State


def describe(alert: Alert) -> str:
    """Times are fields of their own, so that they can be shown in the reader's."""
    what = alert.metric.replace("_", " ").capitalize()
    where = f" of {alert.feature!r}" if alert.feature is not None else ""
    segment = f" in segment {alert.segment}" if alert.segment else ""
    ended = " (resolved)" if alert.state is State.RESOLVED else ""
    said = f"{what}{where}{segment}{ended}: {alert.reason}; {alert.rows} rows"
    return ". ".join((said, "; ".join(alert.drivers))) if alert.drivers else said
