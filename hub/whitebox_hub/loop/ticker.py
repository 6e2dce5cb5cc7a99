"""The tick: every so often judge the windows that are due, wake who waits, fold partial sums.

A tick is bounded work; what is left is for the next one. Nothing that goes wrong in it ends the
loop: it is logged and counted, and shown by `status`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from whitebox_hub.loop.judge import Judge, StepCounts
from whitebox_hub.store import Store
from whitebox_hub.store.contexts import ContextBook
from whitebox_hub.store.feed import AlertFeed

logger = logging.getLogger(__name__)

# A step has all windows that a changed monitor is judged by again (see api.monitors).
WINDOWS_PER_STEP_MAX = 128
STEPS_PER_TICK_MAX = 32
COMPACTED_PER_TICK_MAX = 32


@dataclass(slots=True)
class TickCounts:
    """What ticks did since the start. Failed windows wait until they are touched again;
    postponed ones are tried again. `last_tick_ms` is when the last tick ended.
    """

    ticks: int = 0
    failed_ticks: int = 0
    windows_judged: int = 0
    windows_failed: int = 0
    windows_postponed: int = 0
    events: int = 0
    windows_compacted: int = 0
    last_tick_ms: int = 0
    last_tick_took_ms: int = 0


class Ticker:
    """`run` once, until `close`."""

    def __init__(
        self,
        store: Store,
        contexts: ContextBook,
        feed: AlertFeed,
        interval_s: float,
        now_ms: Callable[[], int],
    ) -> None:
        self._judge = Judge(store, contexts)
        self._sketches = store.sketches
        self._feed = feed
        self._interval_s = interval_s
        self._now_ms = now_ms
        self._closing = asyncio.Event()
        self._counts = TickCounts()

    def status(self) -> dict[str, int]:
        """The counts, by name."""
        return asdict(self._counts)

    def close(self) -> None:
        """Begin no more steps; `run` returns when the one under way is written."""
        self._closing.set()

    async def run(self) -> None:
        """Tick until closed."""
        while not self._closing.is_set():
            await self.tick()
            try:
                await asyncio.wait_for(self._closing.wait(), self._interval_s)
            except asyncio.TimeoutError:
                continue

    async def tick(self) -> None:
        """Judge what is due now, then compact. Never raises."""
        counts = self._counts
        began = time.monotonic()
        try:
            await self._steps()
            if not self._closing.is_set():
                counts.windows_compacted += await asyncio.to_thread(
                    self._sketches.compact, COMPACTED_PER_TICK_MAX
                )
        except Exception:
            # The loop's top: the next tick tries again.
            counts.failed_ticks += 1
            logger.exception("tick failed")
        counts.ticks += 1
        counts.last_tick_ms = self._now_ms()
        counts.last_tick_took_ms = round((time.monotonic() - began) * 1_000)

    async def _steps(self) -> None:
        for _ in range(STEPS_PER_TICK_MAX):
            if self._closing.is_set():
                return
            done = await asyncio.to_thread(self._judge.step, self._now_ms(), WINDOWS_PER_STEP_MAX)
            self._add(done)
            # What was postponed is due at once again: it waits for the next tick.
            if done.postponed or done.windows < WINDOWS_PER_STEP_MAX:
                return

    def _add(self, done: StepCounts) -> None:
        counts = self._counts
        counts.windows_judged += done.windows - done.failed
        counts.windows_failed += done.failed
        counts.windows_postponed += done.postponed
        counts.events += done.events
        if done.events:
            self._feed.ring()
