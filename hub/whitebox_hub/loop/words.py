"""What stands beside an alert's numbers: what drives it, and which devices. Blocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from whitebox_hub.alert import Alert, DeviceShare, State
from whitebox_hub.alert.devices import DeviceRows, device_shares, drifting_column
from whitebox_hub.alert.drivers import drivers
from whitebox_hub.monitor import ModelContext
from whitebox_hub.store import Store, Window
from whitebox_hub.store.contexts import ContextBook
from whitebox_hub.store.devices import CountsCodec
from whitebox_wire.errors import MalformedError
from whitebox_wire.layout import Section
from whitebox_wire.vector import IntVector

# Taken out one by one to see whether less drifts; those farthest from the reference.
DEVICES_WEIGHED_MAX = 64

_Said = tuple[tuple[str, ...], tuple[DeviceShare, ...]]
_NOTHING: _Said = ((), ())


class Words:
    """Drivers and devices of alerts, each worked out once in a step of the tick."""

    def __init__(self, store: Store, contexts: ContextBook, touched: Iterable[Window]) -> None:
        self._store = store
        self._contexts = contexts
        self._touched = {(window.start_s, window.length_s) for window in touched}
        self._known: dict[tuple[str, int, int], _Said] = {}

    def explained(self, alert: Alert, at: Mapping[tuple[int, int], Window]) -> Alert:
        """The alert with its drivers; those it has stand while its window was not touched."""
        place = (alert.violated_s, alert.length_s)
        window = at.get(place)
        stands = bool(alert.drivers) and place not in self._touched
        if window is None or stands or alert.state is State.INACTIVE:
            return alert
        key = (alert.fingerprint, *place)
        if key not in self._known:
            self._known[key] = self._said(alert, window)
        driven, devices = self._known[key]
        return replace(alert, drivers=driven, devices=devices)

    def _said(self, alert: Alert, window: Window) -> _Said:
        context = self._contexts.of(window.digest, window.segment)
        try:
            vectors = self._store.sketches.vectors(window)
        except MalformedError:
            # Damaged since it was judged: the alert stands without words.
            return _NOTHING
        if context is None:
            return _NOTHING
        live = vectors.get(Section.FEATURES)
        devices = () if live is None else self._devices(context, alert, window, live)
        return drivers(context, vectors, alert.metric, alert.feature), devices

    def _devices(
        self, context: ModelContext, alert: Alert, window: Window, live: IntVector
    ) -> tuple[DeviceShare, ...]:
        column = drifting_column(context, alert.metric, alert.feature)
        if window.segment or column is None or context.baseline is None:
            return ()
        codec = CountsCodec(context.baseline.plan)
        found = self._store.fleet.of_window(window, DEVICES_WEIGHED_MAX)
        rows = [
            DeviceRows(device.key.agent_id, device.rows, counts)
            for device in found
            if (counts := codec.read(device.counts)) is not None
        ]
        return device_shares(context, live, column, rows)
