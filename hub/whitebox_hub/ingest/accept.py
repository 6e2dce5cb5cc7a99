"""Group commit: reports queue, one task commits them together, then everybody is answered.

An answer that acknowledges is given after the commit that holds the report, so it means on disk
and in the sum, once. When the commit fails nobody is acknowledged and everybody may send again.
The queue is bounded in reports and bytes; what does not fit is told at once when to come back.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from whitebox_hub.ingest.decide import Decision, answer
from whitebox_hub.ingest.group import Plan, Report, plan, window_of
from whitebox_hub.ingest.specs import SpecBook
from whitebox_hub.store import FleetStore, SketchStore, StoreConflictError, StoreError
from whitebox_wire.errors import MalformedError
from whitebox_wire.messages import ExportRequest, ExportResponse

logger = logging.getLogger(__name__)

AGENT_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
LEDGERS_MAX = 256
VERSION_LENGTH_MAX = 64
# Another hub on the same store may move a stream between our reading and our writing.
COMMIT_ATTEMPTS_MAX = 3


@dataclass(frozen=True, slots=True)
class IngestLimits:
    """How much waits, how long it waits, and how much goes into one commit."""

    queue_reports_max: int = 1_024
    queue_bytes_max: int = 64 * 1024 * 1024
    group_reports_max: int = 256
    group_wait_ms: int = 10
    retry_delay_ms: int = 2_000


@dataclass(slots=True)
class IngestCounts:
    """What happened to reports since the start."""

    accepted: int = 0
    duplicate: int = 0
    gap: int = 0
    refused_full: int = 0
    rejected_deltas: int = 0
    unbalanced: int = 0
    groups: int = 0
    failed_groups: int = 0


@dataclass(frozen=True, slots=True)
class _Waiting:
    report: Report
    answered: asyncio.Future[ExportResponse]


class Accepter:
    """`submit` from any number of transports; `run` once, until `close` has drained the queue."""

    def __init__(
        self,
        sketches: SketchStore,
        fleet: FleetStore,
        specs: SpecBook,
        limits: IngestLimits,
        now_ms: Callable[[], int],
    ) -> None:
        self._sketches = sketches
        self._fleet = fleet
        self._specs = specs
        self._limits = limits
        self._now_ms = now_ms
        self._queue: deque[_Waiting] = deque()
        self._queued_bytes = 0
        self._arrived = asyncio.Event()
        self._closing = False
        self.counts = IngestCounts()

    async def submit(self, request: ExportRequest, wire_bytes: int) -> ExportResponse:
        """The answer to a report, after the commit that holds it.

        Raises:
            MalformedError: the agent's id, its version or its ledgers are out of bounds.
            StoreError: the commit failed; nothing of the report was added.
        """
        _check(request)
        if self._is_full(wire_bytes):
            self.counts.refused_full += 1
            return ExportResponse(
                acked_sequence=request.sequence - 1,
                expected_sequence=request.sequence,
                server_time_ms=self._now_ms(),
                retry_delay_ms=self._limits.retry_delay_ms,
            )
        answered: asyncio.Future[ExportResponse] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(Report(request, wire_bytes), answered))
        self._queued_bytes += wire_bytes
        self._arrived.set()
        response = await answered
        models = {delta.key.model_id for delta in request.deltas}
        models.update(ledger.model_id for ledger in request.ledgers)
        return replace(response, specs=await self._specs.current(models))

    def _is_full(self, wire_bytes: int) -> bool:
        return (
            self._closing
            or len(self._queue) >= self._limits.queue_reports_max
            or self._queued_bytes + wire_bytes > self._limits.queue_bytes_max
        )

    def close(self) -> None:
        """Take no more reports; `run` returns when those in the queue are answered."""
        self._closing = True
        self._arrived.set()

    async def run(self) -> None:
        """Commit groups until closed."""
        while True:
            await self._arrived.wait()
            if not self._closing and len(self._queue) < self._limits.group_reports_max:
                await asyncio.sleep(self._limits.group_wait_ms / 1_000)
            group = self._take()
            if group:
                await self._commit(group)
            elif self._closing:
                return

    def _take(self) -> list[_Waiting]:
        count = min(len(self._queue), self._limits.group_reports_max)
        group = [self._queue.popleft() for _ in range(count)]
        self._queued_bytes -= sum(waiting.report.wire_bytes for waiting in group)
        if not self._queue and not self._closing:
            self._arrived.clear()
        return group

    async def _commit(self, group: Sequence[_Waiting]) -> None:
        reports = [waiting.report for waiting in group]
        try:
            done = await asyncio.to_thread(self._plan_and_commit, reports)
        except Exception as error:
            # The loop's top: one bad group must not end ingest.
            self.counts.failed_groups += 1
            logger.exception("ingest commit failed reports=%d", len(reports))
            told = error if isinstance(error, StoreError) else StoreError("the commit failed")
            for waiting in group:
                if not waiting.answered.done():
                    waiting.answered.set_exception(told)
            return
        self._count(reports, done)
        now_ms = self._now_ms()
        for waiting, position in zip(group, done.positions, strict=True):
            if not waiting.answered.done():
                sequence = waiting.report.request.sequence
                waiting.answered.set_result(answer(position, sequence, now_ms))

    def _plan_and_commit(self, reports: Sequence[Report]) -> Plan:
        deltas = [delta for report in reports for delta in report.request.deltas]
        for attempt in range(1, COMMIT_ATTEMPTS_MAX + 1):
            done = plan(
                reports,
                self._sketches.positions({report.stream for report in reports}),
                self._specs.known({delta.key.spec_digest for delta in deltas}),
                self._sketches.peaks({window_of(delta) for delta in deltas}),
                self._fleet.known({key for report in reports for key in report.device_keys}),
                self._now_ms(),
            )
            try:
                if done.group.receipts:
                    self._sketches.commit(done.group)
            except StoreConflictError:
                if attempt == COMMIT_ATTEMPTS_MAX:
                    raise
                self._specs.forget()
            else:
                return done
        raise AssertionError

    def _count(self, reports: Sequence[Report], done: Plan) -> None:
        counts = self.counts
        counts.groups += 1
        counts.accepted += done.decisions.count(Decision.ACCEPT)
        counts.duplicate += done.decisions.count(Decision.DUPLICATE)
        counts.gap += done.decisions.count(Decision.GAP)
        for receipt in done.group.receipts:
            for rejection in receipt.position.rejections:
                counts.rejected_deltas += 1
                logger.warning(
                    "delta rejected agent=%s sequence=%d delta=%d reason=%s message=%s",
                    receipt.stream.agent_id,
                    receipt.position.sequence,
                    rejection.delta,
                    rejection.reason.value,
                    rejection.message,
                )
        for report in reports:
            request = report.request
            for ledger in request.ledgers:
                if not (ledger.inferences.balances and ledger.labels.balances):
                    counts.unbalanced += 1
                    logger.warning(
                        "ledger does not balance agent=%s model=%s sequence=%d",
                        request.agent_id,
                        ledger.model_id,
                        request.sequence,
                    )


def _check(request: ExportRequest) -> None:
    if not AGENT_ID.fullmatch(request.agent_id):
        raise MalformedError(
            f"agent id {request.agent_id[:80]!r}",
            hint="use 1 to 64 letters, digits, dots, dashes and underscores",
        )
    if len(request.ledgers) > LEDGERS_MAX:
        raise MalformedError(f"{len(request.ledgers)} ledgers; at most {LEDGERS_MAX} are read")
    if len(request.agent_version) > VERSION_LENGTH_MAX:
        raise MalformedError("the agent's version is too long")
