"""The client for asyncio: the same thread and queue, and coroutines where there is a wait."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any

from whitebox_agent.client.outgoing import Counts
from whitebox_agent.client.sidecar import DEFAULT_ADDRESS, SidecarClient


class AsyncSidecarClient:
    """`SidecarClient` for asyncio: `log` and `log_labels` do not wait, so they are plain calls;
    what waits is awaited. Takes the same arguments.
    """

    def __init__(self, address: str = DEFAULT_ADDRESS, **settings: Any) -> None:
        self._client = SidecarClient(address, **settings)
        self.log = self._client.log
        self.log_labels = self._client.log_labels

    async def flush(self, timeout_s: float = 10.0) -> bool:
        """As `SidecarClient.flush`."""
        return await asyncio.to_thread(self._client.flush, timeout_s)

    @property
    def counts(self) -> Counts:
        """As `SidecarClient.counts`."""
        return self._client.counts

    @property
    def shed(self) -> int:
        """As `SidecarClient.shed`."""
        return self._client.shed

    @property
    def problem(self) -> str:
        """As `SidecarClient.problem`."""
        return self._client.problem

    async def close(self, timeout_s: float = 5.0) -> None:
        """As `SidecarClient.close`."""
        await asyncio.to_thread(self._client.close, timeout_s)

    async def __aenter__(self) -> AsyncSidecarClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
