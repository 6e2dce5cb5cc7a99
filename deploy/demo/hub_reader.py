"""What the demo asks its hub, over the REST API as anybody may: documents as they come."""

from __future__ import annotations

import json
import time
import urllib.parse
import urllib.request
from typing import Any

from deploy.demo.census import MODEL_ID

TIMEOUT_S = 30.0
ALL = 1_000


class HubReader:
    """A hub at an HTTP address such as http://127.0.0.1:8800. Every question may raise OSError."""

    def __init__(self, address: str) -> None:
        self._address = address

    def totals(self) -> dict[str, int]:
        """Of the model: `rows`, `labelled_rows` and `windows`."""
        totals: dict[str, int] = self._get(f"/v1/models/{MODEL_ID}")["totals"]
        return totals

    def agents(self) -> list[dict[str, Any]]:
        agents: list[dict[str, Any]] = self._get("/v1/agents")
        return agents

    def alerts(self) -> list[dict[str, Any]]:
        alerts: list[dict[str, Any]] = self._get("/v1/alerts", model_id=MODEL_ID, limit=ALL)
        return alerts

    def windows(self, report: str) -> list[dict[str, Any]]:
        """A report such as `performance-metrics`, a document a window, oldest first."""
        documents: list[dict[str, Any]] = self._get(f"/v1/{report}", model_id=MODEL_ID, limit=ALL)
        return documents

    def has_judged_since(self, moment_ms: int) -> bool:
        """Whether a whole tick began and ended after a moment, so that nothing from before it is
        left to judge. Hub and demo share a clock.
        """
        ticks = self._get("/v1/health")["ticks"]
        began_ms = ticks["last_tick_ms"] - ticks["last_tick_took_ms"]
        return bool(began_ms > moment_ms)

    def _get(self, path: str, **query: object) -> Any:
        address = f"{self._address}{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(address, timeout=TIMEOUT_S) as answer:  # noqa: S310  # our hub's
            return json.load(answer)


def now_ms() -> int:
    return time.time_ns() // 1_000_000
