"""An alert in one sentence: what, where, how much, and what drives it. Pure."""

from __future__ import annotations

from whitebox_hub.alert import Alert, DeviceShare, State


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
    why = [*alert.drivers, *(_share(device) for device in alert.devices[:1])]
    return ". ".join((said, "; ".join(why))) if why else said


def _share(device: DeviceShare) -> str:
    """A clause on the device that drives most.

    >>> _share(DeviceShare("edge-7", 900, 0.834))
    'device edge-7 accounts for 83 % of it'
    """
    return f"device {device.id} accounts for {100 * device.share:.0f} % of it"
