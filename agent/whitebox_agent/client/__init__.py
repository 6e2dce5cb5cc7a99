"""For serving code: log to the agent beside it, in the same words as to an agent in process.

`SidecarClient` and its asyncio twin put rows into a bounded queue (`outgoing`); a thread turns them
into requests (`columns`, `parcels`) and holds the conversation with the agent (`conversation`, over
the port `Line`; `grpc` is the adapter). They know no spec, keep nothing on disk, and never let a
prediction wait or fail because of the agent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from whitebox_wire.errors import WhiteboxError


class AgentGoneError(WhiteboxError):
    """The agent is not there, or went away before it had answered."""


class Line(Protocol):
    """What a transport must do. Every call raises AgentGoneError when the agent is not there."""

    def connect(self, timeout_s: float) -> None:
        """Return when the agent is there."""

    def talk(self, requests: Iterator[bytes]) -> Iterator[bytes]:
        """Send requests, and give the answers in their order. When the answers end, the agent has
        answered all that it recorded; when they break off, nobody knows.
        """

    def close(self) -> None: ...
