"""Reports compared with the reference as they are merged: one vectorised distance for each window.

A device's rows by group are added to what it gave the window before, so its distance is that of all
its rows there. Only the newest windows of a report are compared by device: one that comes back
after a long outage is merged in full, and is told apart where that still says something. Features
with a noise budget are not compared: the noise of a single device would read as drift. Pure.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping

import numpy as np

from whitebox_hub.monitor.baseline import Baseline
from whitebox_hub.statistics.fleet import distances
from whitebox_hub.store import DeviceKey, DeviceWindow, Window
from whitebox_hub.store.devices import CountsCodec, column_names
from whitebox_wire.spec import ModelSpec
from whitebox_wire.vector import FloatArray, IntVector

WINDOWS_COMPARED_MAX = 4

Devices = Mapping[DeviceKey, DeviceWindow]


def device_keys(agent_id: str, windows: Iterable[Window]) -> list[DeviceKey]:
    """What is compared of a report: the newest windows among those of every row."""
    whole = {window for window in windows if window.segment == 0}
    if len(whole) > WINDOWS_COMPARED_MAX:
        whole = set(heapq.nlargest(WINDOWS_COMPARED_MAX, whole, key=lambda w: w.start_s))
    return [DeviceKey(window, agent_id) for window in whole]


class WindowDevices:
    """What the devices of one commit add to one window, and where that leaves them."""

    def __init__(
        self,
        spec: ModelSpec,
        baseline: Baseline,
        keys: Collection[DeviceKey],
        before: Devices,
    ) -> None:
        """`keys` are the window's devices that are compared, `before` what is known of them."""
        self._names = column_names(spec)
        self._baseline = baseline
        self._codec = CountsCodec(baseline.plan)
        noised = spec.privacy.noised
        self._hidden = np.repeat([name in noised for name in self._names], baseline.plan.sizes)
        self._keys = {key.agent_id: key for key in keys}
        self._before = before
        self._counts: dict[str, FloatArray] = {}
        self._rows: dict[str, int] = {}

    def add(self, agent_id: str, rows: int, features: IntVector) -> None:
        """Add a delta that was merged: its rows, and its vector of the features section."""
        key = self._keys.get(agent_id)
        if key is None:
            return
        counts = self._baseline.plan.count(features)
        counts[self._hidden] = 0.0
        if agent_id not in self._counts:
            known = self._before.get(key)
            earlier = self._codec.read(known.counts) if known else None
            if known is not None and earlier is not None:
                counts += earlier
                rows += known.rows
            self._counts[agent_id], self._rows[agent_id] = counts, rows
        else:
            self._counts[agent_id] += counts
            self._rows[agent_id] += rows

    def measured(self) -> list[DeviceWindow]:
        """Every device that added something, compared with the reference."""
        if not self._counts:
            return []
        plan = self._baseline.plan
        counts = np.array(list(self._counts.values()))
        found = distances(plan, self._baseline.groups, counts)
        columns = found.excess.argmax(axis=1)
        at = np.arange(len(counts))
        measures = zip(
            self._rows.items(),
            columns.tolist(),
            found.psi[at, columns].tolist(),
            found.excess[at, columns].tolist(),
            self._codec.write(counts),
            strict=True,
        )
        return [
            DeviceWindow(self._keys[agent_id], rows, self._names[column], distance, score, data)
            for (agent_id, rows), column, distance, score, data in measures
        ]
