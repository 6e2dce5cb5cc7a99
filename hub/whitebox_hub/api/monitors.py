"""/v1/model-monitors: what is watched. Whitebox's fields, and ours beside them.

A monitor is checked against its model's spec before it is stored; then the newest windows are
due again, and the next tick judges them by it.
"""

from __future__ import annotations

import asyncio
import enum
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import Any

from aiohttp import web

from whitebox_hub.alert.follow import withdraw
from whitebox_hub.api.answers import json_response, page_response, time_text
from whitebox_hub.api.keys import CONTEXTS, FEED, NOW_MS, STORE
from whitebox_hub.api.models import found_model
from whitebox_hub.api.problems import ConflictError, NotFoundError
from whitebox_hub.api.questions import Body, body_of, limit_of, model_of
from whitebox_hub.api.segments import SegmentBook, segment_name, with_number
from whitebox_hub.monitor import Monitor, Rule, Severity
from whitebox_hub.monitor.check import WINDOWS_MAX, check_monitor
from whitebox_hub.monitor.metrics import find
from whitebox_hub.store import Judgement, RecordStore, Store
from whitebox_hub.store.contexts import ContextBook
from whitebox_wire.errors import DataError
from whitebox_wire.layout import Section
from whitebox_wire.spec import FEATURES_MAX, ModelKind, ModelSpec

routes = web.RouteTableDef()
MONITORS_MAX = 1_000
# Not more than one step of the tick judges, so a changed monitor changes its alerts at once.
REJUDGED_WINDOWS = 100
ROWS_MAX = 1 << 40
_FIXED = ("metric", "feature", "segment")


class Status(enum.Enum):
    ACTIVE = "active"
    INACTIVE = "inactive"


def monitor_document(monitor: Monitor, spec: ModelSpec | None) -> dict[str, Any]:
    """`spec` is the model's current one, which names the segments."""
    status = Status.ACTIVE if monitor.active else Status.INACTIVE
    return {
        "id": monitor.id,
        "model_id": monitor.model_id,
        "name": monitor.name,
        "status": status.value,
        "metric": monitor.metric,
        "feature": monitor.feature,
        "segment": monitor.segment,
        "segment_name": segment_name(spec, monitor.segment) if spec else None,
        "rule": monitor.rule.value,
        "lower_threshold": monitor.lower_threshold,
        "upper_threshold": monitor.upper_threshold,
        "minimum_rows": monitor.minimum_rows,
        "for_windows": monitor.for_windows,
        "resolve_windows": monitor.resolve_windows,
        "severity": monitor.severity.value,
        "email": monitor.email,
        "created_at": time_text(monitor.created_ms),
        "updated_at": time_text(monitor.updated_ms),
    }


@routes.get("/v1/model-monitors")
async def list_monitors(request: web.Request) -> web.Response:
    records, model_id = request.app[STORE].records, model_of(request)
    limit, after = limit_of(request), request.query.get("after", "")
    if model_id:
        await asyncio.to_thread(found_model, records, model_id)
    monitors = await asyncio.to_thread(records.monitors, model_id, after, limit)
    last = monitors[-1].id if monitors else ""
    documents = await asyncio.to_thread(_Desk.of(request).documents, monitors)
    return page_response(request, documents, limit, last)


@routes.post("/v1/model-monitors")
async def create_monitor(request: web.Request) -> web.Response:
    body, desk = await body_of(request), _Desk.of(request)
    document = await asyncio.to_thread(lambda: desk.document(desk.create(body)))
    return json_response(document, status=HTTPStatus.CREATED)


@routes.get("/v1/model-monitors/{id}")
async def get_monitor(request: web.Request) -> web.Response:
    desk, monitor_id = _Desk.of(request), request.match_info["id"]
    found = partial(found_monitor, desk.store.records, monitor_id)
    return json_response(await asyncio.to_thread(lambda: desk.document(found())))


@routes.put("/v1/model-monitors/{id}")
async def update_monitor(request: web.Request) -> web.Response:
    """Fields that are not named stay as they are; a threshold of null is taken away."""
    body, desk = await body_of(request), _Desk.of(request)
    update = partial(desk.update, request.match_info["id"], body)
    return json_response(await asyncio.to_thread(lambda: desk.document(update())))


@routes.delete("/v1/model-monitors/{id}")
async def delete_monitor(request: web.Request) -> web.Response:
    desk, monitor_id = _Desk.of(request), request.match_info["id"]
    document = await asyncio.to_thread(lambda: desk.document(desk.delete(monitor_id)))
    request.app[FEED].ring()
    return json_response(document)


def found_monitor(records: RecordStore, monitor_id: str) -> Monitor:
    """The monitor, or NotFoundError."""
    monitor = records.monitor(monitor_id)
    if monitor is None:
        raise NotFoundError(
            f"monitor {monitor_id[:80]!r} does not exist",
            hint="GET /v1/model-monitors lists those that do",
        )
    return monitor


@dataclass(frozen=True, slots=True)
class _Desk:
    """Changes of monitors. Blocks."""

    store: Store
    contexts: ContextBook
    now_ms: Callable[[], int]

    @staticmethod
    def of(request: web.Request) -> _Desk:
        return _Desk(request.app[STORE], request.app[CONTEXTS], request.app[NOW_MS])

    def documents(self, monitors: Sequence[Monitor]) -> list[dict[str, Any]]:
        """Monitors as JSON has them."""
        book = SegmentBook(self.store.records, self.contexts)
        return [monitor_document(m, book.spec(m.model_id) if m.segment else None) for m in monitors]

    def document(self, monitor: Monitor) -> dict[str, Any]:
        return self.documents([monitor])[0]

    def create(self, body: Body) -> Monitor:
        model_id = body.name(body.spelt("model_id", "modelId"))
        spec = self._spec(model_id)
        if len(self.store.records.monitors(model_id, "", MONITORS_MAX)) >= MONITORS_MAX:
            raise ConflictError(f"model {model_id!r} has {MONITORS_MAX} monitors already")
        monitor = new_monitor(with_number(body, spec), model_id, spec, self.now_ms())
        check_monitor(monitor, spec)
        self._put(monitor)
        return monitor

    def update(self, monitor_id: str, body: Body) -> Monitor:
        monitor = found_monitor(self.store.records, monitor_id)
        spec = self._spec(monitor.model_id)
        monitor = changed_monitor(monitor, with_number(body, spec), self.now_ms())
        check_monitor(monitor, spec)
        self._put(monitor)
        return monitor

    def delete(self, monitor_id: str) -> Monitor:
        """Whoever was told that an alert of it fires is told that it is withdrawn."""
        monitor = found_monitor(self.store.records, monitor_id)
        alerts = self.store.judgements.alerts(monitor_id=monitor.id, limit=FEATURES_MAX)
        self.store.records.delete_monitor(monitor.id)
        events = withdraw(alerts, self.now_ms()).events
        self.store.judgements.record(Judgement((), events=events, judged_ms=self.now_ms()))
        return monitor

    def _put(self, monitor: Monitor) -> None:
        self.store.records.put_monitor(monitor)
        self.store.judgements.rejudge(monitor, REJUDGED_WINDOWS)

    def _spec(self, model_id: str) -> ModelSpec:
        model = found_model(self.store.records, model_id)
        context = self.contexts.of(model.digest)
        if context is None:
            raise ConflictError(
                f"model {model_id!r} has no spec yet",
                hint="profile its training set and post the bundle to /v1/specs",
            )
        return context.spec


def new_monitor(body: Body, model_id: str, spec: ModelSpec, now_ms: int) -> Monitor:
    """The monitor a body asks for; DataError names a field that is missing or wrong."""
    metric = body.name("metric")
    bare = Monitor(
        id=uuid.uuid4().hex,
        model_id=model_id,
        name=body.name("name", metric),
        metric=metric,
        feature=body.name("feature") if "feature" in body else None,
        segment=body.whole("segment", 0, 0, ROWS_MAX),
        rule=_default_rule(body, metric, spec.kind),
        created_ms=now_ms,
    )
    return changed_monitor(bare, body, now_ms)


def _default_rule(body: Body, metric: str, kind: ModelKind) -> Rule:
    """A threshold on performance is meant as it stands; on drift it is the effect that counts."""
    known = find(metric)
    given = "lower_threshold" in body or "upper_threshold" in body
    if known is None or (given and known.section is Section.LABELS):
        return Rule.THRESHOLD
    return known.default_rule(kind)


def changed_monitor(monitor: Monitor, body: Body, now_ms: int) -> Monitor:
    """The monitor with the body's fields; what it watches cannot change."""
    for name in _FIXED:
        if name in body and body.fields[name] != getattr(monitor, name):
            raise DataError(f"{name}: cannot be changed", hint="delete this monitor, make another")
    asked = body.fields.get("model_id") or body.fields.get("modelId") or monitor.model_id
    if asked != monitor.model_id:
        raise DataError("model_id: cannot be changed", hint="make a monitor of the other model")
    status = body.choice("status", Status, Status.ACTIVE if monitor.active else Status.INACTIVE)
    return replace(
        monitor,
        name=body.name("name", monitor.name),
        rule=body.choice("rule", Rule, monitor.rule),
        minimum_rows=body.whole("minimum_rows", monitor.minimum_rows, 0, ROWS_MAX),
        for_windows=body.whole("for_windows", monitor.for_windows, 1, WINDOWS_MAX),
        resolve_windows=body.whole("resolve_windows", monitor.resolve_windows, 1, WINDOWS_MAX),
        severity=body.choice("severity", Severity, monitor.severity),
        active=status is Status.ACTIVE,
        email=body.text("email", monitor.email),
        updated_ms=now_ms,
        **_thresholds(body, monitor),
    )


def _thresholds(body: Body, monitor: Monitor) -> Mapping[str, Any]:
    names = ("lower_threshold", "upper_threshold")
    return {
        name: body.number(name) if name in body.fields else getattr(monitor, name) for name in names
    }
