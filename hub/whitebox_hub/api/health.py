"""Health: /v1/health for people and Whitebox's SDK, /livez and /readyz for orchestrators."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

from aiohttp import web

from whitebox_hub import __version__
from whitebox_hub.api.answers import json_response
from whitebox_hub.api.keys import ACCEPTER, FEED, STORE, TICKS

routes = web.RouteTableDef()


@routes.get("/v1/health")
async def health(request: web.Request) -> web.Response:
    """What ingest and the tick have counted since the start."""
    document = {
        "status": "ok",
        "version": __version__,
        "ingest": asdict(request.app[ACCEPTER].counts),
        "ticks": request.app[TICKS](),
        "alert_waiters": request.app[FEED].waiters,
    }
    return json_response(document)


@routes.get("/livez")
async def live(_: web.Request) -> web.Response:
    return json_response({"status": "ok"})


@routes.get("/readyz")
async def ready(request: web.Request) -> web.Response:
    """Ready means that the store answers; it is a problem with status 503 when it does not."""
    await asyncio.to_thread(request.app[STORE].records.models, "", 1)
    return json_response({"status": "ok"})
