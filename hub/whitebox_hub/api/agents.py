"""/v1/agents: who reports, how far each is, whether its ledger balances, and how it compares.

`models` say of each model how far the device's newest window lies from the reference (the PSI of
the column in which it lies farthest), and `fleet` how the device stood to the rest of its fleet in
the latest window that was judged. Few rows say nothing: then the distance is None.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from whitebox_hub.api.answers import page_response, second_text, time_text
from whitebox_hub.api.keys import STORE
from whitebox_hub.api.questions import limit_of
from whitebox_hub.statistics.contingency import ROWS_MIN
from whitebox_hub.store import AgentStatus, DeviceVerdict, DeviceWindow, Store, Window
from whitebox_hub.store.documents import ledger_document
from whitebox_wire.messages import ModelLedger

routes = web.RouteTableDef()


@routes.get("/v1/agents")
async def list_agents(request: web.Request) -> web.Response:
    """A page holds whole agents; one that lost its store has a stream for each epoch."""
    limit, after = limit_of(request), request.query.get("after", "")
    agents = await asyncio.to_thread(_agents, request.app[STORE], after, limit)
    return page_response(request, agents, limit, agents[-1]["id"] if agents else "")


def _agents(store: Store, after: str, limit: int) -> list[dict[str, Any]]:
    by_agent: dict[str, list[AgentStatus]] = {}
    for status in store.sketches.agents(after, limit):
        by_agent.setdefault(status.stream.agent_id, []).append(status)
    models: dict[str, list[dict[str, Any]]] = {agent_id: [] for agent_id in by_agent}
    verdicts = {
        (v.key.agent_id, v.key.window.model_id): v for v in store.fleet.verdicts(list(by_agent))
    }
    for device in store.fleet.latest(list(by_agent)):
        agent_id, model_id = device.key.agent_id, device.key.window.model_id
        models[agent_id].append(_model(device, verdicts.get((agent_id, model_id))))
    return [_agent(agent_id, found, models[agent_id]) for agent_id, found in by_agent.items()]


def _model(device: DeviceWindow, verdict: DeviceVerdict | None) -> dict[str, Any]:
    return {
        "model_id": device.key.window.model_id,
        **_window(device.key.window),
        "rows": device.rows,
        "feature": device.feature,
        "distance": device.distance if device.rows >= ROWS_MIN else None,
        "fleet": None if verdict is None else _verdict(verdict),
    }


def _verdict(verdict: DeviceVerdict) -> dict[str, Any]:
    return {
        **_window(verdict.key.window),
        "rows": verdict.rows,
        "unlike": verdict.unlike,
        "feature": verdict.feature,
        "distance": verdict.distance,
        "p_value": verdict.p_value,
    }


def _window(window: Window) -> dict[str, Any]:
    return {"window_start": second_text(window.start_s), "window_end": second_text(window.end_s)}


def _agent(
    agent_id: str, streams: list[AgentStatus], models: list[dict[str, Any]]
) -> dict[str, Any]:
    latest = streams[-1]
    return {
        "id": agent_id,
        "version": latest.version,
        "last_seen_at": time_text(latest.last_seen_ms),
        "rows": sum(status.rows for status in streams),
        "labelled_rows": sum(status.labelled_rows for status in streams),
        "received_bytes": sum(status.received_bytes for status in streams),
        "models": models,
        "streams": [
            {
                "epoch": f"{status.stream.epoch:016x}",
                "sequence": status.sequence,
                "last_seen_at": time_text(status.last_seen_ms),
                "rows": status.rows,
                "ledgers": [_ledger(ledger) for ledger in status.ledgers],
            }
            for status in streams
        ],
    }


def _ledger(ledger: ModelLedger) -> dict[str, Any]:
    return {
        "model_id": ledger.model_id,
        "balances": ledger.inferences.balances and ledger.labels.balances,
        "inferences": ledger_document(ledger.inferences),
        "labels": ledger_document(ledger.labels),
    }
