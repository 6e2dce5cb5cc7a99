"""An alert in one sentence: what, where, how much, and what drives it. Pure."""

from __future__ import annotations

from whitebox_hub.alert import Alert, State


def describe(alert: Alert, segment_name: str | None = None) -> str:
    """Times are fields of their own, so that they can be shown in the reader's. A segment whose
    name is not known is told by its number.
    """
    what = alert.metric.replace("_", " ").capitalize()
    where = f" of {alert.feature!r}" if alert.feature is not None else ""
    named = segment_name or f"segment {alert.segment}"
    segment = f" in {named}" if alert.segment else ""
    ended = " (resolved)" if alert.state is State.RESOLVED else ""
    said = f"{what}{where}{segment}{ended}: {alert.reason}; {alert.rows} rows"
    return ". ".join((said, "; ".join(alert.drivers))) if alert.drivers else said
