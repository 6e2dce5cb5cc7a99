"""/v1/specs: bundles in (a spec with its references), specs out.

Registering makes the model when there is none, default monitors with its first spec and with
segments that a later one adds, and the spec the model's current one. Windows stay under the digest
their rows were counted with.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus

from aiohttp import web

from whitebox_hub.api.answers import json_response
from whitebox_hub.api.keys import CONTEXTS, NOW_MS, REGISTERING, SPECS, STORE
from whitebox_hub.api.monitors import MONITORS_MAX, monitor_document
from whitebox_hub.api.problems import ConflictError, NotFoundError
from whitebox_hub.api.segments import SegmentBook
from whitebox_hub.monitor import Monitor
from whitebox_hub.monitor.defaults import default_monitors
from whitebox_hub.store import ModelRecord
from whitebox_wire.codec import SpecBundle, decode_bundle
from whitebox_wire.codec.bundles import BUNDLE_BYTES_MAX
from whitebox_wire.errors import DataError, MalformedError
from whitebox_wire.granularity import granularity_text
from whitebox_wire.messages import SpecRef
from whitebox_wire.spec import ModelSpec

routes = web.RouteTableDef()
_DIGEST = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)


@routes.post("/v1/specs")
async def register_spec(request: web.Request) -> web.Response:
    data = await _bundle_bytes(request)
    # One at a time: bundles are large, and a model's default monitors are made once.
    async with request.app[REGISTERING]:
        bundle = await asyncio.to_thread(decode_bundle, data)
        records = request.app[STORE].records
        model_id, digest = bundle.spec.model_id, bundle.digest
        known = await asyncio.to_thread(records.model, model_id)
        created = await asyncio.to_thread(records.bundle, digest) is None
        before = await asyncio.to_thread(SegmentBook(records, request.app[CONTEXTS]).spec, model_id)
        watching = await asyncio.to_thread(records.monitors, model_id, "", MONITORS_MAX)
        present = Present(known, before, frozenset(monitor.segment for monitor in watching))
        model, monitors = registration(bundle, present, _new_id, request.app[NOW_MS]())
        await asyncio.to_thread(records.put_bundle, model, bundle, monitors)
    request.app[SPECS].changed()
    request.app[CONTEXTS].forget()
    watching = await asyncio.to_thread(records.monitors, model_id, "", MONITORS_MAX)
    document = {
        "model_id": model_id,
        "digest": digest.hex(),
        "created": created,
        "monitors": [monitor_document(monitor, bundle.spec) for monitor in watching],
    }
    return json_response(document, status=HTTPStatus.CREATED if created else HTTPStatus.OK)


@routes.get("/v1/specs/{digest}")
async def get_spec(request: web.Request) -> web.Response:
    text = request.match_info["digest"]
    if not _DIGEST.fullmatch(text):
        raise DataError("digest: 64 hexadecimal digits are expected")
    spec = await request.app[SPECS].spec_bytes(SpecRef("", bytes.fromhex(text)))
    if spec is None:
        raise NotFoundError(f"spec {text[:12]} is not registered")
    return web.Response(body=spec, content_type="application/octet-stream")


@dataclass(frozen=True, slots=True)
class Present:
    """A model as it is before a spec is registered: its record and spec if it has them, and the
    segments that its monitors watch.
    """

    model: ModelRecord | None = None
    spec: ModelSpec | None = None
    watched: frozenset[int] = frozenset()


def registration(
    bundle: SpecBundle, present: Present, new_id: Callable[[], str], now_ms: int
) -> tuple[ModelRecord, tuple[Monitor, ...]]:
    """The model as it is after its spec was registered, and the monitors it gains: all of them
    with its first spec, later those of the segments that are new.

    Raises:
        ConflictError: the model is of another kind, or a segment would take another's place.
        DataError: the model's id cannot be part of an address.
    """
    spec, known = bundle.spec, present.model
    if "/" in spec.model_id:
        raise DataError("model id: must not hold a slash", hint="profile again with another id")
    if known is not None and known.type != spec.kind.value:
        raise ConflictError(
            f"model {known.id!r} is {known.type} and this spec is of a {spec.kind.value} model",
            hint="profile again with the other kind or another id, or delete the model",
        )
    model = known or ModelRecord(
        id=spec.model_id,
        name=spec.model_id,
        type=spec.kind.value,
        target_column="",
        granularity="",
        created_ms=now_ms,
    )
    first_segment = _first_new_segment(present, spec) if present.spec else 0
    model = replace(
        model,
        target_column=spec.target.column,
        granularity=granularity_text(spec.window.granularity_s),
        digest=bundle.digest,
        updated_ms=now_ms,
    )
    return model, default_monitors(spec, new_id, now_ms, first_segment)


def _first_new_segment(present: Present, spec: ModelSpec) -> int:
    """The number of the first segment that a new spec adds.

    Monitors, windows and alerts know a segment by its number, so numbers keep their names.
    """
    before = present.spec.segments if present.spec else ()
    for number, (old, new) in enumerate(zip(before, spec.segments, strict=False), start=1):
        if old.name != new.name:
            raise ConflictError(
                f"segment {number} of model {spec.model_id!r} is {old.name!r}, and {new.name!r} "
                "in this spec",
                hint="keep the order of segments and add new ones at the end",
            )
    first = len(before) + 1
    for number, segment in enumerate(spec.segments[len(before) :], start=first):
        if number in present.watched:
            raise ConflictError(
                f"segment {number}, {segment.name!r} in this spec, is watched by monitors of one "
                "that the model had before",
                hint="delete those monitors first",
            )
    return first


async def _bundle_bytes(request: web.Request) -> bytes:
    """The body, read as it comes: the application's bound is for JSON."""
    too_large = MalformedError(f"a bundle has at most {BUNDLE_BYTES_MAX} bytes")
    if (request.content_length or 0) > BUNDLE_BYTES_MAX:
        raise too_large
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > BUNDLE_BYTES_MAX:
            raise too_large
    return bytes(body)


def _new_id() -> str:
    return uuid.uuid4().hex
