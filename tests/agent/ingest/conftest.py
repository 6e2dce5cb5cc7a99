"""An agent in process behind a real gRPC server on a Unix socket."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import pytest

from whitebox_agent import Agent
from whitebox_agent.ingest.grpc import serve_grpc

CALL_S = 20.0


@dataclass(slots=True)
class Served:
    """A server and a channel to it; `problems` are what it says is wrong with the store."""

    agent: Agent
    channel: grpc.Channel
    problems: list[str] = field(default_factory=list)
    stop: object = None


@pytest.fixture
def served(agent: Agent, tmp_path: Path) -> Iterator[Served]:
    problems: list[str] = []
    address = f"unix:{tmp_path}/agent.sock"
    with (
        serve_grpc(agent.logbook, [address], lambda: "".join(problems), reflection=False),
        grpc.insecure_channel(address) as channel,
    ):
        yield Served(agent, channel, problems)
