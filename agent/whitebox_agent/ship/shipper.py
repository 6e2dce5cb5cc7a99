"""The thread that ships: one export under way, sent again until the hub has answered it.

It also fetches specs: of models that were named without one, and those the hub says are newer.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from whitebox_agent.backoff import delay_s
from whitebox_agent.buffer import Buffer, Flight, Landing, OutboxItem, StoreError, drops_of
from whitebox_agent.clock import Clock
from whitebox_agent.models import Models
from whitebox_agent.ship import Hub, HubError
from whitebox_agent.ship.settle import Outcome, settle, sort_items
from whitebox_wire import __version__
from whitebox_wire.errors import WhiteboxError
from whitebox_wire.messages import (
    EXPORT_BYTES_MAX,
    DropReason,
    ExportRequest,
    ExportResponse,
    SketchDelta,
    SpecRef,
)
from whitebox_wire.packing import pack
from whitebox_wire.vector import IntVector

logger = logging.getLogger(__name__)

# What of an export's bytes is not vectors: keys, ledgers, heads.
_OVERHEAD_BYTES = 32 * 1024


@dataclass(frozen=True, slots=True)
class ShipLimits:
    """`heartbeat_s`: how often a report goes out with nothing but the books. `hold_s`: how long a
    sum waits that the hub could not place. Deflating pays where the link is slow.
    """

    poll_s: float = 1.0
    heartbeat_s: float = 60.0
    hold_s: float = 30.0
    deflate: bool = True


class Shipper(threading.Thread):
    def __init__(
        self,
        buffer: Buffer,
        models: Models,
        hub: Hub,
        *,
        limits: ShipLimits,
        clock: Clock,
    ) -> None:
        super().__init__(name="whitebox-shipper", daemon=True)
        self._buffer = buffer
        self._models = models
        self._hub = hub
        self._limits = limits
        self._clock = clock
        self._random = secrets.SystemRandom().random
        self._wake = threading.Condition()
        self._stopping = False
        self._hurry = False
        self._landings = 0
        self._failures = 0
        self._books_due_ms = 0
        self._last_error: HubError | None = None

    def run(self) -> None:
        wait_s = 0.0
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._stopping or self._hurry, wait_s)
                if self._stopping:
                    return
                self._hurry = False
            wait_s = self._try_step()
            with self._wake:
                self._landings += 1
                self._wake.notify_all()

    def adjust(self, limits: ShipLimits) -> None:
        """Go on with other settings."""
        self._limits = limits

    def hurry(self) -> None:
        """Try now, whatever the back-off says."""
        with self._wake:
            self._hurry = True
            self._wake.notify_all()

    def stop(self) -> None:
        with self._wake:
            self._stopping = True
            self._wake.notify_all()

    def wait_until(self, arrived: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until `arrived` says so, asking after every try to ship."""
        with self._wake:
            seen = -1

            def asked() -> bool:
                nonlocal seen
                if self._landings == seen:
                    return False
                seen = self._landings
                return arrived()

            return bool(self._wake.wait_for(asked, timeout_s))

    @property
    def last_error(self) -> HubError | None:
        """Why the hub was not reached the last time; None when it was."""
        return self._last_error

    def _try_step(self) -> float:
        """One step; how long to wait before the next."""
        floor_s = 0.0
        try:
            self._fetch_missing()
            done, floor_s = self._step()
            if not floor_s:
                self._last_error, self._failures = None, 0
                return 0.0 if done else self._limits.poll_s
        except HubError as error:
            if self._last_error is None:
                logger.warning("hub not reached error=%s", error)
            self._last_error = error
        except StoreError as error:
            logger.warning("cannot ship error=%s", error)
        except Exception:
            # The thread's top: shipping must not end for good.
            logger.exception("cannot ship")
        self._failures += 1
        return delay_s(self._failures, self._random, floor_s=floor_s)

    def _step(self) -> tuple[bool, float]:
        """Ship one export. Whether something was under way, and what wait the hub asks for."""
        now_ms, steady_ms = self._clock.now_ms(), self._clock.steady_ms()
        bytes_max = EXPORT_BYTES_MAX - _OVERHEAD_BYTES
        books_due = steady_ms >= self._books_due_ms
        flight = self._buffer.outbox.take_off(now_ms, bytes_max, empty=books_due, seal=self._sealed)
        if flight is None:
            return False, 0.0
        try:
            request = self._request(flight, now_ms)
            sent_ms = self._clock.steady_ms()
            response = self._hub.export(request)
        except HubError as error:
            if not error.refused:
                raise
            self._give_up(flight, error)
            return True, 0.0
        answered_ms = self._clock.steady_ms()
        self._clock.learn(response.server_time_ms, sent_ms, answered_ms)
        # The books that went with an export do not know of its own answer yet: they follow soon.
        pause_s = self._limits.poll_s if flight.items else self._limits.heartbeat_s
        self._books_due_ms = answered_ms + int(pause_s * 1_000)
        if (
            response.retry_delay_ms
            and settle(flight.sequence, response) is not Outcome.ACKNOWLEDGED
        ):
            return True, response.retry_delay_ms / 1_000
        self._land(flight, response)
        self._fetch(self._models.outdated(response.specs))
        return bool(flight.items), 0.0

    def _sealed(self, item: OutboxItem) -> IntVector | None:
        """A sum with its noise; None if its spec is lost, since its policy is lost with it."""
        model = self._models.of(item.key.spec_digest)
        if model is None:
            logger.error("a sum stays: its spec is lost model=%s", item.key.model_id)
            return None
        return model.seal.apply(item.vector, item.key.section, os.urandom)

    def _request(self, flight: Flight, now_ms: int) -> ExportRequest:
        books = self._buffer.books.read()
        deltas = tuple(
            SketchDelta(
                item.key,
                item.rows,
                pack(item.vector, item.size, deflate=self._limits.deflate),
                item.length_s,
                item.clock_offset_ms,
            )
            for item in flight.items
        )
        return ExportRequest(
            agent_id=books.agent_id,
            epoch=flight.epoch,
            sequence=flight.sequence,
            deltas=deltas,
            ledgers=books.ledgers,
            agent_time_ms=now_ms - self._clock.offset_ms,
            agent_version=__version__,
        )

    def _land(self, flight: Flight, response: ExportResponse) -> None:
        outcome = settle(flight.sequence, response)
        if outcome in (Outcome.HUB_IS_AHEAD, Outcome.HUB_IS_BEHIND):
            logger.warning(
                "stream restarted sequence=%d hub_expects=%d",
                flight.sequence,
                response.expected_sequence,
            )
            ahead = outcome is Outcome.HUB_IS_AHEAD
            self._buffer.outbox.restart(secrets.randbits(64), surrender=ahead)
        if outcome is not Outcome.ACKNOWLEDGED:
            raise HubError(f"the hub did not take an export: {outcome.value}")
        found = sort_items(flight, response)
        for note in found.notes:
            logger.warning("hub refused a sum message=%s", note)
        landing = Landing(
            acknowledged=found.acknowledged,
            drops=found.drops,
            held=found.held,
            held_until_ms=self._clock.now_ms() + int(self._limits.hold_s * 1_000),
            now_ms=self._clock.now_ms(),
            note=found.notes[0] if found.notes else "",
        )
        self._buffer.outbox.land(flight, landing)

    def _give_up(self, flight: Flight, error: HubError) -> None:
        """The hub will never take this export: count its rows as rejected and go on."""
        logger.error("hub refused an export sequence=%d error=%s", flight.sequence, error)
        drops = drops_of(flight.items, DropReason.REJECTED)
        landing = Landing(
            acknowledged=(), drops=drops, now_ms=self._clock.now_ms(), note=str(error)
        )
        self._buffer.outbox.land(flight, landing)

    def _fetch_missing(self) -> None:
        self._fetch(SpecRef(model_id, b"") for model_id in self._models.missing())

    def _fetch(self, refs: Iterable[SpecRef]) -> None:
        for ref in refs:
            spec_bytes = self._hub.spec(ref)
            if spec_bytes is None:
                continue
            try:
                model = self._models.adopt(spec_bytes)
            except StoreError:
                raise
            except WhiteboxError as error:
                logger.warning("spec not usable model=%s error=%s", ref.model_id, error)
            else:
                logger.info(
                    "spec adopted model=%s digest=%s", ref.model_id, model.digest.hex()[:12]
                )
