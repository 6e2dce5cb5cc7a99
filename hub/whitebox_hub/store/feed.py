"""Alert events for those who wait for them: woken when the tick wrote some, bounded in number.

The cursor is the store's, so a consumer that comes back after any restart of either side goes on
where it was and misses nothing.
"""

from __future__ import annotations

import asyncio

from whitebox_hub.alert import AlertEvent
from whitebox_hub.store import JudgementStore
from whitebox_wire.errors import WhiteboxError

WAITERS_MAX = 1_000


class BusyError(WhiteboxError):
    """As many are waiting already as can."""


class AlertFeed:
    """`waiters` is how many wait now."""

    def __init__(self, judgements: JudgementStore, waiters_max: int = WAITERS_MAX) -> None:
        self._judgements = judgements
        self._waiters_max = waiters_max
        self.waiters = 0
        self._change = asyncio.Event()
        self._closing = False

    def ring(self) -> None:
        """Events were written: wake everybody who waits."""
        self._change.set()
        self._change = asyncio.Event()

    def close(self) -> None:
        """Answer everybody who waits, and let nobody wait any more."""
        self._closing = True
        self._change.set()

    async def newer(self, after: int, limit: int, wait_s: float) -> tuple[AlertEvent, ...]:
        """Events behind a cursor, as soon as there are any; none when `wait_s` have passed.

        Raises:
            BusyError: too many wait.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + wait_s
        while True:
            # Taken before the store is read: what is written after that rings this one.
            change = self._change
            events = await asyncio.to_thread(self._judgements.events, after, limit)
            left_s = until - loop.time()
            if events or left_s <= 0 or self._closing:
                return events
            await self._wait(change, left_s)

    async def _wait(self, change: asyncio.Event, left_s: float) -> None:
        if self.waiters >= self._waiters_max:
            raise BusyError(
                f"{self.waiters} consumers wait for alerts already",
                hint="ask without wait, and again later",
            )
        self.waiters += 1
        try:
            await asyncio.wait_for(change.wait(), left_s)
        except asyncio.TimeoutError:
            pass
        finally:
            self.waiters -= 1
