"""The metric reports and the windows' raw counts: one document a window, newest last.

Reports are worked out from the sums when they are asked for, so late rows and labels are in them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web

from whitebox_hub.api import reports
from whitebox_hub.api.answers import json_text, second_text
from whitebox_hub.api.drifting import checked_stattest, drift
from whitebox_hub.api.keys import CONTEXTS, REPORTING, STORE
from whitebox_hub.api.models import found_model
from whitebox_hub.api.questions import limit_of, model_of, second_of
from whitebox_hub.api.segments import SegmentBook, segment_name, segment_number
from whitebox_hub.monitor import ModelContext, WindowVectors
from whitebox_hub.store import TIME_S_MAX, Store, Window
from whitebox_hub.store.contexts import ContextBook
from whitebox_wire.errors import DataError
from whitebox_wire.layout import Section

routes = web.RouteTableDef()

Report = Callable[[ModelContext, WindowVectors], dict[str, Any] | None]


@routes.get("/v1/performance-metrics")
async def performance_metrics(request: web.Request) -> web.Response:
    return await _reports(request, reports.performance)


@routes.get("/v1/drifting-metrics")
async def drifting_metrics(request: web.Request) -> web.Response:
    """`stattest` names another statistic than PSI, such as `ks`, or the rule `classic`."""
    stattest = checked_stattest(request.query.get("stattest", ""))
    return await _reports(request, partial(drift, stattest=stattest))


@routes.get("/v1/model-integrity-metrics")
async def model_integrity_metrics(request: web.Request) -> web.Response:
    return await _reports(request, reports.integrity)


@routes.get("/v1/windows")
async def list_windows(request: web.Request) -> web.Response:
    """`feature` picks one; without it the histograms of all are given."""
    feature = request.query.get("feature", "")
    return await _reports(request, partial(reports.histograms, feature=feature))


@dataclass(frozen=True, slots=True)
class _Asked:
    """The newest `limit` windows of one segment (a number or a name, empty for every row) that
    begin at `until_s` or before.
    """

    model_id: str
    segment: str
    limit: int
    until_s: int


async def _reports(request: web.Request, report: Report) -> web.Response:
    asked = _Asked(
        model_id=model_of(request),
        segment=request.query.get("segment", ""),
        limit=limit_of(request),
        until_s=second_of(request, "until", TIME_S_MAX),
    )
    if not asked.model_id:
        raise DataError("model_id: is missing", hint="add ?model_id= to the address")
    store, contexts = request.app[STORE], request.app[CONTEXTS]
    async with request.app[REPORTING]:
        text = await asyncio.to_thread(_collect, store, contexts, asked, report)
    return web.Response(text=text, content_type="application/json")


def _collect(store: Store, contexts: ContextBook, asked: _Asked, report: Report) -> str:
    """The reports as JSON."""
    found_model(store.records, asked.model_id)
    spec = SegmentBook(store.records, contexts).spec(asked.model_id)
    segment = segment_number(asked.segment, spec)
    windows = store.sketches.windows(asked.model_id, segment, asked.limit, asked.until_s)
    documents = []
    for window in windows:
        context = contexts.of(window.digest, window.segment)
        if context is None:  # the model is being deleted
            continue
        vectors = store.sketches.vectors(window)
        seen = WindowVectors(window.segment, window.start_s, window.length_s, vectors)
        said = report(context, seen)
        if said is not None:
            documents.append({**_head(window, context, seen), **said})
    return json_text(documents)


def _head(window: Window, context: ModelContext, seen: WindowVectors) -> dict[str, Any]:
    """Which window a report is of. `timestamp` is Whitebox's name for its end."""
    features, labels = seen.vectors.get(Section.FEATURES), seen.vectors.get(Section.LABELS)
    end = second_text(window.end_s)
    return {
        "model_id": window.model_id,
        "segment": window.segment,
        "segment_name": segment_name(context.spec, window.segment),
        "timestamp": end,
        "window_start": second_text(window.start_s),
        "window_end": end,
        "spec_digest": window.digest.hex(),
        "rows": 0 if features is None else int(features[context.layout.rows]),
        "labelled_rows": 0 if labels is None else int(labels[context.layout.labels.rows]),
    }
