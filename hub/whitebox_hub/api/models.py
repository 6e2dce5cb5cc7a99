"""/v1/models: what Whitebox knows of a model, and how many of its rows are here."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from aiohttp import web

from whitebox_hub.api.answers import json_response, page_response, time_text
from whitebox_hub.api.keys import CONTEXTS, NOW_MS, SPECS, STORE
from whitebox_hub.api.problems import ConflictError, NotFoundError
from whitebox_hub.api.questions import Body, body_of, limit_of
from whitebox_hub.api.segments import segment_documents
from whitebox_hub.store import ModelRecord, RecordStore
from whitebox_wire.errors import DataError
from whitebox_wire.granularity import granularity_text, read_granularity
from whitebox_wire.spec import ModelKind

routes = web.RouteTableDef()
LABELS_MAX = 1_000


def model_document(model: ModelRecord) -> dict[str, Any]:
    return {
        "id": model.id,
        "name": model.name,
        "description": model.description,
        "type": model.type,
        "target_column": model.target_column,
        "granularity": model.granularity,
        "labels": model.labels,
        "spec_digest": model.digest.hex() or None,
        "created_at": time_text(model.created_ms),
        "updated_at": time_text(model.updated_ms),
    }


def found_model(records: RecordStore, model_id: str) -> ModelRecord:
    """The model, or NotFoundError."""
    model = records.model(model_id)
    if model is None:
        raise NotFoundError(
            f"model {model_id[:80]!r} is not registered",
            hint="GET /v1/models lists those that are",
        )
    return model


@routes.get("/v1/models")
async def list_models(request: web.Request) -> web.Response:
    limit, after = limit_of(request), request.query.get("after", "")
    models = await asyncio.to_thread(request.app[STORE].records.models, after, limit)
    last = models[-1].id if models else ""
    return page_response(request, [model_document(m) for m in models], limit, last)


@routes.post("/v1/models")
async def create_model(request: web.Request) -> web.Response:
    body = await body_of(request)
    model = _new_model(body, request.app[NOW_MS]())
    records = request.app[STORE].records
    if await asyncio.to_thread(records.model, model.id) is not None:
        raise ConflictError(f"model {model.id!r} exists", hint="choose another id")
    await asyncio.to_thread(records.put_model, model)
    return json_response(model_document(model), status=HTTPStatus.CREATED)


@routes.get("/v1/models/{id}")
async def get_model(request: web.Request) -> web.Response:
    store, model_id = request.app[STORE], request.match_info["id"]
    model = await asyncio.to_thread(found_model, store.records, model_id)
    totals = await asyncio.to_thread(store.sketches.totals, model_id)
    rows = {
        "rows": totals.rows,
        "labelled_rows": totals.labelled_rows,
        "explained_rows": totals.explained_rows,
        "windows": totals.windows,
    }
    context = await asyncio.to_thread(request.app[CONTEXTS].of, model.digest)
    segments = segment_documents(context.spec) if context else []
    return json_response({**model_document(model), "totals": rows, "segments": segments})


@routes.put("/v1/models/{id}")
async def update_model(request: web.Request) -> web.Response:
    body, records = await body_of(request), request.app[STORE].records
    model = await asyncio.to_thread(found_model, records, request.match_info["id"])
    model = replace(
        model,
        name=body.name("name", model.name),
        description=body.text("description", model.description),
        updated_ms=request.app[NOW_MS](),
    )
    await asyncio.to_thread(records.put_model, model)
    return json_response(model_document(model))


@routes.delete("/v1/models/{id}")
async def delete_model(request: web.Request) -> web.Response:
    records, model_id = request.app[STORE].records, request.match_info["id"]
    model = await asyncio.to_thread(found_model, records, model_id)
    await asyncio.to_thread(records.delete_model, model_id)
    request.app[SPECS].changed()
    return json_response(model_document(model))


def _new_model(body: Body, now_ms: int) -> ModelRecord:
    labels = body.fields.get("labels") or {}
    whole = isinstance(labels, dict) and all(
        isinstance(value, int) and not isinstance(value, bool) for value in labels.values()
    )
    if not whole or len(labels) > LABELS_MAX:
        raise DataError(f"labels: at most {LABELS_MAX} names with whole numbers are expected")
    model_id = body.name("id", uuid.uuid4().hex)
    if "/" in model_id:
        raise DataError("id: must not hold a slash")
    # Whitebox's published SDK (0.0.20) says `prediction` and means this column.
    target = body.spelt("target_column", "prediction")
    return ModelRecord(
        id=model_id,
        name=body.name("name"),
        description=body.text("description", ""),
        type=body.choice("type", ModelKind).value,
        target_column=body.name(target),
        granularity=granularity_text(read_granularity(body.text("granularity", "1D"))),
        labels=labels,
        created_ms=now_ms,
        updated_ms=now_ms,
    )
