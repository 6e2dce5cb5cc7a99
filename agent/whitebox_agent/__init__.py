"""The edge: records a model's inferences, folds them into counts, ships those, forgets the rows.

    from whitebox_agent import Agent, Config, profile

`Agent` records in the serving process; the command `whitebox-agent run` is the same agent as a
daemon, and `SidecarClient` (for asyncio, `AsyncSidecarClient`) logs to one. `profile` makes a
model's spec from its training data; `register` gives it to a hub. Nothing here imports more than
numpy and protobuf before it is needed, and the clients are imported when they are asked for.
"""

from typing import TYPE_CHECKING

from whitebox_agent.agent import Agent
from whitebox_agent.config import Config
from whitebox_agent.profile import profile
from whitebox_agent.registration import register
from whitebox_wire.errors import WhiteboxError

if TYPE_CHECKING:
    from whitebox_agent.client.asyncio import AsyncSidecarClient
    from whitebox_agent.client.sidecar import SidecarClient

__all__ = [
    "Agent",
    "AsyncSidecarClient",
    "Config",
    "SidecarClient",
    "WhiteboxError",
    "profile",
    "register",
]


def __getattr__(name: str) -> object:
    if name == "SidecarClient":
        from whitebox_agent.client.sidecar import SidecarClient

        return SidecarClient
    if name == "AsyncSidecarClient":
        from whitebox_agent.client.asyncio import AsyncSidecarClient

        return AsyncSidecarClient
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
