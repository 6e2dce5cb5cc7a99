"""The devices of a window that is judged, each against the rest of its fleet.

Which devices are unlike is said at the share of the model's false-alarm budget that a window has.
Blocks.
"""

from __future__ import annotations

import numpy as np

from whitebox_hub.monitor import ModelContext
from whitebox_hub.statistics.fleet import DEVICES_MIN, fleet_test
from whitebox_hub.statistics.multiplicity import window_alpha
from whitebox_hub.store import DeviceVerdict, Store, Window
from whitebox_hub.store.devices import CountsCodec, column_names
from whitebox_wire.layout import Section

# Of a larger fleet those farthest from the reference are compared, with the others as their rest.
DEVICES_COMPARED_MAX = 4_096


def device_verdicts(
    store: Store, context: ModelContext, window: Window
) -> tuple[DeviceVerdict, ...]:
    """How the devices of a window stand that had enough rows to say."""
    baseline = context.baseline
    if baseline is None or window.segment:
        return ()
    codec = CountsCodec(baseline.plan)
    found = [
        (device, counts)
        for device in store.fleet.of_window(window, DEVICES_COMPARED_MAX)
        if (counts := codec.read(device.counts)) is not None
    ]
    if len(found) < DEVICES_MIN:
        return ()
    live = store.sketches.vectors(window).get(Section.FEATURES)
    devices = np.array([counts for _, counts in found])
    whole = devices.sum(axis=0) if live is None else baseline.plan.count(live)
    alpha = window_alpha(window.length_s, context.alarm_interval_s)
    others = np.maximum(whole - devices.sum(axis=0), 0.0)
    test = fleet_test(baseline.plan, devices, alpha, others)
    names = column_names(context.spec)
    return tuple(
        DeviceVerdict(
            key=device.key,
            rows=device.rows,
            feature=names[test.column[i]],
            distance=float(test.psi[i]),
            p_value=float(test.p_value[i]),
            unlike=bool(test.unlike[i]),
        )
        for i, (device, _) in enumerate(found)
        if test.compared[i]
    )
