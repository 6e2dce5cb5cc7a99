"""Group commit: who is answered what, when commits are slow, fail, or too much comes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from tests.hub.conftest import Bench, Clock, model_record
from whitebox_hub.ingest.accept import COMMIT_ATTEMPTS_MAX, Accepter, IngestLimits
from whitebox_hub.ingest.specs import SpecBook
from whitebox_hub.store import Group, Store, StoreConflictError, StoreError
from whitebox_wire.errors import MalformedError
from whitebox_wire.messages import (
    ExportRequest,
    ModelLedger,
    RejectReason,
    RowLedger,
    SpecRef,
)

Scenario = Callable[[Accepter], Awaitable[object]]


def _run(store: Store, scenario: Scenario, limits: IngestLimits | None = None) -> Accepter:
    """Play a scenario on a running accepter, then drain it."""

    async def play() -> Accepter:
        limited = limits or IngestLimits(group_wait_ms=0)
        accepter = Accepter(store.sketches, store.fleet, SpecBook(store.records), limited, Clock())
        running = asyncio.create_task(accepter.run())
        try:
            await scenario(accepter)
        finally:
            accepter.close()
            await running
        return accepter

    return asyncio.run(play())


def _report(bench: Bench, sequence: int = 1, agent: str = "edge-1") -> ExportRequest:
    rows = bench.rows(20, seed=sequence)
    return bench.report([bench.delta(bench.features(rows))], sequence=sequence, agent=agent)


def test_an_answer_comes_when_the_report_is_in_the_store(registered: Store, bench: Bench) -> None:
    async def scenario(accepter: Accepter) -> None:
        answer = await accepter.submit(_report(bench), 100)
        assert (answer.acked_sequence, answer.expected_sequence) == (1, 2)
        assert registered.sketches.totals("income").rows == 20
        assert answer.specs == (SpecRef("income", bench.bundle.digest),)
        assert answer.server_time_ms == Clock()()

    accepter = _run(registered, scenario)

    assert (accepter.counts.accepted, accepter.counts.groups) == (1, 1)


def test_reports_that_wait_together_are_committed_together(registered: Store, bench: Bench) -> None:
    async def scenario(accepter: Accepter) -> None:
        reports = [_report(bench, agent=f"edge-{i}") for i in range(20)]
        await asyncio.gather(*(accepter.submit(report, 100) for report in reports))

    accepter = _run(registered, scenario, IngestLimits(group_wait_ms=20))

    assert (accepter.counts.accepted, accepter.counts.groups) == (20, 1)


def test_duplicates_and_gaps_are_answered_and_counted(registered: Store, bench: Bench) -> None:
    async def scenario(accepter: Accepter) -> None:
        answers = [await accepter.submit(_report(bench, s), 100) for s in (1, 1, 3, 2)]
        assert [answer.acked_sequence for answer in answers] == [1, 1, 1, 2]
        assert [answer.expected_sequence for answer in answers] == [2, 2, 2, 3]

    counts = _run(registered, scenario).counts

    assert (counts.accepted, counts.duplicate, counts.gap) == (2, 1, 1)


def test_a_lost_answer_can_be_asked_for_again_with_its_rejections(
    registered: Store, bench: Bench
) -> None:
    [delta] = _report(bench).deltas
    unknown = replace(delta, key=replace(delta.key, spec_digest=b"?" * 32))

    async def scenario(accepter: Accepter) -> None:
        first = await accepter.submit(bench.report([unknown]), 100)
        again = await accepter.submit(bench.report([unknown]), 100)
        assert [r.reason for r in first.rejections] == [RejectReason.UNKNOWN_SPEC]
        assert again.rejections == first.rejections

    counts = _run(registered, scenario).counts

    assert counts.rejected_deltas == 1


def test_when_the_commit_fails_nobody_is_acknowledged_and_everybody_may_send_again(
    registered: Store, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = [_report(bench, agent=f"edge-{i}") for i in range(3)]

    def full(_: Group) -> None:
        raise StoreError("the disk is full")

    async def scenario(accepter: Accepter) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(registered.sketches, "commit", full)
            failed = await asyncio.gather(
                *(accepter.submit(report, 100) for report in reports), return_exceptions=True
            )
        assert [str(error) for error in failed] == ["the disk is full"] * 3
        answers = await asyncio.gather(*(accepter.submit(report, 100) for report in reports))
        assert [answer.acked_sequence for answer in answers] == [1, 1, 1]

    counts = _run(registered, scenario, IngestLimits(group_wait_ms=20)).counts

    assert (counts.failed_groups, counts.accepted) == (1, 3)
    assert registered.sketches.totals("income").rows == 60


def test_a_defect_in_a_commit_fails_its_group_and_ingest_goes_on(
    registered: Store, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def defect(_: Group) -> None:
        raise ZeroDivisionError

    async def scenario(accepter: Accepter) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(registered.sketches, "commit", defect)
            with pytest.raises(StoreError, match="the commit failed"):
                await accepter.submit(_report(bench), 100)
        assert (await accepter.submit(_report(bench), 100)).acked_sequence == 1

    _run(registered, scenario)


@pytest.mark.parametrize("conflicts", [1, COMMIT_ATTEMPTS_MAX])
def test_a_stream_that_another_hub_moved_is_decided_again_a_few_times(
    registered: Store, bench: Bench, monkeypatch: pytest.MonkeyPatch, conflicts: int
) -> None:
    commit, left = registered.sketches.commit, [conflicts]

    def contested(group: Group) -> None:
        if left[0]:
            left[0] -= 1
            raise StoreConflictError("moved")
        commit(group)

    monkeypatch.setattr(registered.sketches, "commit", contested)

    async def scenario(accepter: Accepter) -> None:
        if conflicts < COMMIT_ATTEMPTS_MAX:
            assert (await accepter.submit(_report(bench), 100)).acked_sequence == 1
        else:
            with pytest.raises(StoreConflictError):
                await accepter.submit(_report(bench), 100)

    _run(registered, scenario)


class _Held:
    """A commit that waits until it is let go."""

    def __init__(self, store: Store) -> None:
        self._commit = store.sketches.commit
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, group: Group) -> None:
        self.begun.set()
        assert self.go.wait(60)
        self._commit(group)


@pytest.mark.parametrize(
    "limits",
    [
        IngestLimits(queue_reports_max=2, group_wait_ms=0, retry_delay_ms=700),
        IngestLimits(queue_bytes_max=200, group_wait_ms=0, retry_delay_ms=700),
    ],
)
def test_what_the_queue_cannot_hold_is_told_when_to_come_back(
    registered: Store, bench: Bench, monkeypatch: pytest.MonkeyPatch, limits: IngestLimits
) -> None:
    held = _Held(registered)
    monkeypatch.setattr(registered.sketches, "commit", held)

    async def scenario(accepter: Accepter) -> None:
        first = asyncio.create_task(accepter.submit(_report(bench), 100))
        await asyncio.to_thread(held.begun.wait, 60)
        queued = [
            asyncio.create_task(accepter.submit(_report(bench, agent=f"edge-{i}"), 100))
            for i in (2, 3)
        ]
        await asyncio.sleep(0)
        refused = await accepter.submit(_report(bench, 9, agent="edge-4"), 100)
        assert (refused.acked_sequence, refused.expected_sequence) == (8, 9)
        assert refused.retry_delay_ms == 700
        held.go.set()
        answers = await asyncio.gather(first, *queued)
        assert [answer.acked_sequence for answer in answers] == [1, 1, 1]

    counts = _run(registered, scenario, limits).counts

    assert (counts.refused_full, counts.accepted) == (1, 3)


def test_closing_answers_what_is_queued_and_refuses_what_comes_after(
    registered: Store, bench: Bench
) -> None:
    async def scenario(accepter: Accepter) -> None:
        queued = asyncio.create_task(accepter.submit(_report(bench), 100))
        await asyncio.sleep(0)
        accepter.close()
        late = await accepter.submit(_report(bench, agent="edge-2"), 100)
        assert late.retry_delay_ms > 0
        assert (await queued).acked_sequence == 1

    _run(registered, scenario)

    assert registered.sketches.totals("income").rows == 20


Spoil = Callable[[ExportRequest], ExportRequest]
MALFORMED: dict[str, tuple[Spoil, str]] = {
    "a slash": (lambda r: replace(r, agent_id="a/b"), "agent id 'a/b'"),
    "too long": (lambda r: replace(r, agent_id="x" * 65), "agent id"),
    "not ASCII": (lambda r: replace(r, agent_id="käfer"), "agent id"),
    "a long version": (lambda r: replace(r, agent_version="1" * 65), "version is too long"),
    "many ledgers": (lambda r: replace(r, ledgers=r.ledgers * 257), "257 ledgers"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_report_out_of_bounds_is_refused_before_it_waits(
    registered: Store, bench: Bench, case: str
) -> None:
    spoil, message = MALFORMED[case]

    async def scenario(accepter: Accepter) -> None:
        with pytest.raises(MalformedError, match=message):
            await accepter.submit(spoil(_report(bench)), 100)

    assert _run(registered, scenario).counts.groups == 0


def test_a_ledger_that_does_not_balance_is_counted_and_its_rows_count(
    registered: Store, bench: Bench
) -> None:
    wrong = ModelLedger("income", RowLedger(recorded=9, acknowledged=1), RowLedger())

    async def scenario(accepter: Accepter) -> None:
        await accepter.submit(replace(_report(bench), ledgers=(wrong,)), 100)

    counts = _run(registered, scenario).counts

    assert (counts.unbalanced, counts.accepted) == (1, 1)


def test_a_caller_that_went_away_does_not_spoil_the_commit(registered: Store, bench: Bench) -> None:
    async def scenario(accepter: Accepter) -> None:
        gone = asyncio.create_task(accepter.submit(_report(bench), 100))
        await asyncio.sleep(0)
        gone.cancel()
        await accepter.submit(_report(bench, agent="edge-2"), 100)

    _run(registered, scenario, IngestLimits(group_wait_ms=20))

    assert registered.sketches.totals("income").rows == 40


def test_a_spec_that_is_registered_later_is_known_then(store: Store, bench: Bench) -> None:
    async def scenario(accepter: Accepter) -> None:
        refused = await accepter.submit(_report(bench, 1), 100)
        assert [r.reason for r in refused.rejections] == [RejectReason.UNKNOWN_SPEC]
        store.records.put_bundle(model_record(bench.bundle), bench.bundle, [])
        assert (await accepter.submit(_report(bench, 2), 100)).rejections == ()

    _run(store, scenario)

    assert store.sketches.totals("income").rows == 20
