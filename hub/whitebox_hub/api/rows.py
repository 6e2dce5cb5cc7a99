"""Whitebox's paths for raw rows. The hub refuses them: raw rows belong to the agent beside the
model, which serves the same paths and folds the rows where they are.
"""

from __future__ import annotations

from aiohttp import web

from whitebox_hub.api.problems import RawRowsError

routes = web.RouteTableDef()


@routes.route("*", "/v1/dataset-rows")
@routes.route("*", "/v1/inference-rows")
@routes.route("*", "/v1/inference-rows/{rest:.*}")
async def refuse_rows(_: web.Request) -> web.Response:
    raise RawRowsError(
        "raw rows never leave the device, so the hub takes and holds none",
        hint="send inferences to the agent; profile data sets with: whitebox-agent profile",
    )
