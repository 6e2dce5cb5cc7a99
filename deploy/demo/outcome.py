"""What a run of the demo came to, whether that is what it should be, and report.json. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.demo.device import Progress
from deploy.demo.years import Quality

_OF_WINDOW = (
    *("window_start", "window_end", "rows", "labelled_rows"),
    *("accuracy", "precision", "recall", "f1", "roc_auc"),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`devices` are the devices' last words; `totals`, `agents`, `alerts`, `performance` and
    `drift` are the documents of the hub at the address `hub`. `ids_in_hub` counts what must not be
    there.
    """

    devices: Sequence[Progress]
    totals: Mapping[str, int]
    agents: Mapping[str, Mapping[str, Any]]
    alerts: Sequence[Mapping[str, Any]]
    performance: Sequence[Mapping[str, Any]]
    drift: Sequence[Mapping[str, Any]]
    reference: Quality
    ids_in_hub: int
    hub: str
    seconds: float

    @property
    def rows_recorded(self) -> int:
        return sum(device.recorded for device in self.devices)

    @property
    def rows_in_hub(self) -> int:
        return self.totals["rows"]

    @property
    def labels_joined(self) -> int:
        return self.totals["labelled_rows"]

    @property
    def raw_bytes(self) -> int:
        return sum(device.raw_bytes for device in self.devices)

    @property
    def shipped_bytes(self) -> int:
        return sum(agent["received_bytes"] for agent in self.agents.values())

    def faults(self) -> list[str]:
        """What is not as it should be, a sentence each."""
        found = [f"{device.site}: {device.problem}" for device in self.devices if device.problem]
        if self.rows_recorded != self.rows_in_hub:
            found.append(
                f"devices recorded {self.rows_recorded:,} rows, the hub has {self.rows_in_hub:,}"
            )
        if not self.alerts:
            found.append("the hub has no alert to pull")
        if self.ids_in_hub:
            found.append(f"ids of rows are in the hub's store, {self.ids_in_hub:,} times")
        return found

    def document(self) -> dict[str, Any]:
        """The content of report.json."""
        return {
            "rows_recorded": self.rows_recorded,
            "rows_in_hub": self.rows_in_hub,
            "labels_joined": self.labels_joined,
            "raw_bytes": self.raw_bytes,
            "shipped_bytes": self.shipped_bytes,
            "alerts": list(self.alerts),
            "metrics_by_window": [
                {name: window[name] for name in _OF_WINDOW} for window in self.performance
            ],
            "seconds": round(self.seconds, 1),
        }
