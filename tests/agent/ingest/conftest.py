"""An agent in process behind real servers: gRPC on a Unix socket, HTTP on a free port."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest

from whitebox_agent import Agent
from whitebox_agent.ingest.grpc import serve_grpc
from whitebox_agent.ingest.http import Pages, serve_http
from whitebox_agent.ingest.vitals import Vitals
from whitebox_wire.settings import host_and_port

CALL_S = 20.0


@dataclass(slots=True)
class Served:
    """A server and a channel to it; `problems` are what it says is wrong with the store."""

    agent: Agent
    channel: grpc.Channel
    problems: list[str] = field(default_factory=list)


@pytest.fixture
def served(agent: Agent, tmp_path: Path) -> Iterator[Served]:
    problems: list[str] = []
    address = f"unix:{tmp_path}/agent.sock"
    with (
        serve_grpc(agent.logbook, [address], lambda: "".join(problems), reflection=False),
        grpc.insecure_channel(address) as channel,
    ):
        yield Served(agent, channel, problems)


@pytest.fixture
def problems() -> list[str]:
    """What is wrong with the store: a test may add to it."""
    return []


@pytest.fixture
def hub_address() -> list[str]:
    """Where the hub's HTTP is: a test may add it."""
    return []


@pytest.fixture
def http_address(agent: Agent, problems: list[str], hub_address: list[str]) -> Iterator[str]:
    """Where the agent's HTTP listens."""

    def vitals() -> Vitals:
        return Vitals(agent.books(), 0, 1, "", "", reload_ok=True, reloaded_ms=1, now_ms=2)

    pages = Pages(agent.logbook, vitals, lambda: "".join(problems), lambda: "".join(hub_address))
    with serve_http("127.0.0.1:0", pages) as address:
        yield address


@pytest.fixture
def ask(http_address: str) -> Callable[..., tuple[int, Any]]:
    """`ask(method, path, body=None, headers={})`: the status, and the answer's JSON or text."""

    def asked(
        method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        host, port = host_and_port(http_address)
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        kind = {} if body is None else {"Content-Type": "application/json"}
        with closing(http.client.HTTPConnection(host, port, timeout=CALL_S)) as connection:
            connection.request(method, path, data, {**kind, **(headers or {})})
            answer = connection.getresponse()
            text = answer.read().decode()
        is_json = "json" in answer.headers.get("Content-Type", "")
        return answer.status, json.loads(text) if is_json else text

    return asked
