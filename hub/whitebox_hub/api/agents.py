"""/v1/agents: who reports, how far each is, and whether its ledger balances."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from whitebox_hub.api.answers import page_response, time_text
from whitebox_hub.api.keys import STORE
from whitebox_hub.api.questions import limit_of
from whitebox_hub.store import AgentStatus
from whitebox_hub.store.documents import ledger_document
from whitebox_wire.messages import ModelLedger

routes = web.RouteTableDef()


@routes.get("/v1/agents")
async def list_agents(request: web.Request) -> web.Response:
    """A page holds whole agents; one that lost its store has a stream for each epoch."""
    limit, after = limit_of(request), request.query.get("after", "")
    streams = await asyncio.to_thread(request.app[STORE].sketches.agents, after, limit)
    by_agent: dict[str, list[AgentStatus]] = {}
    for status in streams:
        by_agent.setdefault(status.stream.agent_id, []).append(status)
    agents = [_agent(agent_id, of_agent) for agent_id, of_agent in by_agent.items()]
    return page_response(request, agents, limit, max(by_agent, default=""))


def _agent(agent_id: str, streams: list[AgentStatus]) -> dict[str, Any]:
    latest = streams[-1]
    return {
        "id": agent_id,
        "version": latest.version,
        "last_seen_at": time_text(latest.last_seen_ms),
        "rows": sum(status.rows for status in streams),
        "labelled_rows": sum(status.labelled_rows for status in streams),
        "received_bytes": sum(status.received_bytes for status in streams),
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
