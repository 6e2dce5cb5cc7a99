"""Which devices drive an alert of drift: those without whose rows there would be less of it.

Pure. Asked only of every row's segment, and only of drift: a rate or a performance is not known by
device. Groups are those that drift is judged on, joined as they were for the verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from whitebox_hub.alert import DeviceShare
from whitebox_hub.monitor import ModelContext
from whitebox_hub.monitor.metrics import find
from whitebox_hub.statistics.fleet import shares_of_drift
from whitebox_hub.statistics.merge import merge
from whitebox_wire.vector import FloatArray, IntVector

DEVICES_NAMED_MAX = 5
# A smaller share is no driver; where the whole fleet drifts nobody has one.
SHARE_MIN = 0.05

_OF_FEATURES = frozenset(
    {
        *("data_drift", "jensen_shannon", "hellinger", "total_variation", "l_infinity"),
        *("chi_square", "ks", "wasserstein"),
    }
)
_OF_PREDICTION = "prediction_drift"


@dataclass(frozen=True, slots=True)
class DeviceRows:
    """What one device gave a window: its rows, and those by group, shape [groups]."""

    id: str
    rows: int
    counts: FloatArray


def drifting_column(context: ModelContext, metric: str, feature: str | None) -> int | None:
    """The baseline's column whose drift a metric speaks of; None where devices say nothing."""
    known = find(metric)
    names = [counted.name for counted in context.spec.counted]
    if known is None:
        return None
    if known.name == _OF_PREDICTION:
        return len(names)
    return names.index(feature) if known.name in _OF_FEATURES and feature in names else None


def device_shares(
    context: ModelContext, live: IntVector, column: int, devices: Sequence[DeviceRows]
) -> tuple[DeviceShare, ...]:
    """Those of a window's devices that drive the drift of a column, the largest share first.

    `live` is the window's features section, of which the devices' rows are a part.
    """
    baseline = context.baseline
    if baseline is None or not devices:
        return ()
    plan, counts = baseline.plan, baseline.plan.count(live)
    merged = merge(plan, baseline.groups, counts)
    start = int(plan.offsets[column])
    groups = slice(start, start + int(plan.sizes[column]))
    shares = shares_of_drift(
        merged.sum(baseline.groups)[groups],
        merged.sum(counts)[groups],
        np.array([merged.sum(device.counts)[groups] for device in devices]),
    )
    order = np.argsort(-shares, kind="stable")[:DEVICES_NAMED_MAX].tolist()
    return tuple(
        DeviceShare(devices[i].id, devices[i].rows, float(shares[i]))
        for i in order
        if shares[i] >= SHARE_MIN
    )
