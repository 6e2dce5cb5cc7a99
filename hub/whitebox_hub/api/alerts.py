"""/v1/alerts: alerts as they stand, and their changes for those who follow them.

Without `after`, a list in Whitebox's shape with what we know beside it. With `after`, an object:
the events behind that cursor and the cursor to ask with next; `wait` holds the answer until there
is one. From 0, and always asking with the last answer's cursor, nothing is missed or told twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from whitebox_hub.alert import Alert, AlertEvent, State
from whitebox_hub.alert.describe import describe
from whitebox_hub.api.answers import json_response, second_text, time_text
from whitebox_hub.api.keys import CONTEXTS, FEED, STORE
from whitebox_hub.api.models import found_model
from whitebox_hub.api.questions import choice_of, limit_of, model_of, number_of
from whitebox_hub.api.segments import SegmentBook, segment_number
from whitebox_hub.monitor.metrics import find
from whitebox_hub.store import Store
from whitebox_wire.layout import Section

routes = web.RouteTableDef()
WAIT_S_MAX = 60
CURSOR_MAX = (1 << 63) - 1
# An alert that is inactive never was one: it was pending and subsided, or was withdrawn.
_SHOWN = (State.PENDING, State.FIRING, State.RESOLVED)
_REPORTS = {
    Section.LABELS: ("performance-metrics", "drifting-metrics"),
    Section.FEATURES: ("drifting-metrics", "performance-metrics"),
}


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which alerts are asked for; what is empty does not narrow."""

    model_id: str
    monitor_id: str
    segment: int | None
    state: State | None

    def holds(self, alert: Alert) -> bool:
        return (
            self.model_id in {"", alert.model_id}
            and self.monitor_id in {"", alert.monitor_id}
            and self.segment in {None, alert.segment}
            and self.state in {None, alert.state}
        )


@routes.get("/v1/alerts")
async def list_alerts(request: web.Request) -> web.Response:
    store, model_id = request.app[STORE], model_of(request)
    limit, state = limit_of(request), choice_of(request, "status", State)
    wait_s = number_of(request, "wait", 0, 0, WAIT_S_MAX)
    if model_id:
        await asyncio.to_thread(found_model, store.records, model_id)
    book = SegmentBook(store.records, request.app[CONTEXTS])
    wanted = _Wanted(
        model_id,
        request.query.get("monitor_id", ""),
        await asyncio.to_thread(_segment, book, model_id, request.query.get("segment", "")),
        state,
    )
    if "after" in request.query:
        after = number_of(request, "after", 0, 0, CURSOR_MAX)
        return json_response(await _events(request, wanted, book, after, limit, wait_s))
    return json_response(await asyncio.to_thread(_alerts, store, wanted, book, limit))


def _segment(book: SegmentBook, model_id: str, asked: str) -> int | None:
    """The segment asked for; None where every one is."""
    return segment_number(asked, book.spec(model_id)) if asked else None


def _alerts(store: Store, wanted: _Wanted, book: SegmentBook, limit: int) -> list[dict[str, Any]]:
    alerts = store.judgements.alerts(
        model_id=wanted.model_id,
        monitor_id=wanted.monitor_id,
        segment=wanted.segment,
        states=(wanted.state,) if wanted.state else _SHOWN,
        limit=limit,
    )
    return [alert_document(alert, book) for alert in alerts]


async def _events(
    request: web.Request, wanted: _Wanted, book: SegmentBook, after: int, limit: int, wait_s: float
) -> dict[str, Any]:
    """Events that are wanted; those that are not move the cursor too."""
    loop = asyncio.get_running_loop()
    until = loop.time() + wait_s
    while True:
        left_s = max(until - loop.time(), 0.0)
        events = await request.app[FEED].newer(after, limit, left_s)
        after = events[-1].cursor if events else after
        chosen = [event for event in events if wanted.holds(event.alert)]
        if chosen or not events or loop.time() >= until:
            told = await asyncio.to_thread(_event_documents, chosen, book)
            return {"events": told, "cursor": after}


def next_paths(alert: Alert) -> list[str]:
    """Addresses at this hub that say more of the last violated window, the likeliest first."""
    metric = find(alert.metric)
    asked: dict[str, object] = {"model_id": alert.model_id}
    if alert.segment:
        asked["segment"] = alert.segment
    asked |= {"until": second_text(alert.violated_s), "limit": 1}
    names = _REPORTS[metric.section if metric else Section.FEATURES]
    paths = [f"/v1/{name}?{urlencode(asked, safe=':')}" for name in names]
    if alert.feature is not None:
        asked["feature"] = alert.feature
        paths.insert(0, f"/v1/windows?{urlencode(asked, safe=':')}")
    return paths


def _event_documents(events: Sequence[AlertEvent], book: SegmentBook) -> list[dict[str, Any]]:
    return [
        {
            "cursor": event.cursor,
            "event": event.reason.value,
            "at": time_text(event.at_ms),
            "alert": alert_document(event.alert, book),
        }
        for event in events
    ]


def alert_document(alert: Alert, book: SegmentBook) -> dict[str, Any]:
    """Whitebox's fields first. Window, value and what drives it are of the last violated window."""
    resolved_ms = alert.resolved_ms
    segment_name = book.name(alert.model_id, alert.segment)
    return {
        "id": alert.fingerprint,
        "model_id": alert.model_id,
        "model_monitor_id": alert.monitor_id,
        "timestamp": time_text(alert.updated_ms),
        "description": describe(alert, segment_name),
        "status": alert.state.value,
        "severity": alert.severity.value,
        "metric": alert.metric,
        "feature": alert.feature,
        "segment": alert.segment,
        "segment_name": segment_name,
        "since": second_text(alert.since_s),
        "window_start": second_text(alert.violated_s),
        "window_end": second_text(alert.violated_s + alert.length_s),
        "violated_windows": alert.violated_windows,
        "value": alert.value,
        "threshold": alert.threshold,
        "p_value": alert.p_value,
        "rows": alert.rows,
        "reason": alert.reason,
        "drivers": list(alert.drivers),
        "devices": [asdict(device) for device in alert.devices],
        "next": next_paths(alert),
        "started_at": time_text(alert.started_ms),
        "resolved_at": None if resolved_ms is None else time_text(resolved_ms),
    }
