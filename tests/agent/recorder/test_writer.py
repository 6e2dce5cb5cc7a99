"""The writer over a disk that fails for a while, and over batches that cannot be folded."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from whitebox_agent.buffer import Buffer, Drop, RowBatch, RowBuffer, StoreError, Stream
from whitebox_agent.buffer.sqlite import open_sqlite
from whitebox_agent.buffer.sqlite.rows import SqliteRows
from whitebox_agent.clock import Clock
from whitebox_agent.models import Models
from whitebox_agent.recorder.logbook import Extras, Logbook
from whitebox_agent.recorder.queue import RowQueue
from whitebox_agent.recorder.writer import Writer, WriterLimits
from whitebox_agent.window import ShipPolicy
from whitebox_wire.codec import encode_spec
from whitebox_wire.messages import DropReason, InferenceBatch, RecordRequest, RowLedger
from whitebox_wire.spec import ModelSpec

QUICK = WriterLimits(commit_s=0.0, fold_s=0.01, retry_s=0.01)
ROW = {"age": 40.0, "job": "nurse", "prediction": "yes", "score": 0.75}
WAIT_S = 20.0
CLOCK = Clock(lambda: 1_000, lambda: 0)
HOUR_S = 3_600
# 2026-01-01T00:00:00Z
START_S = 1_767_225_600


class FailingRows(SqliteRows):
    """The rows of a real store whose next appends fail, as on a full disk."""

    def __init__(self, rows: RowBuffer, failures: int) -> None:
        assert isinstance(rows, SqliteRows)
        super().__init__(rows._database)
        self.failures = failures

    def append(self, batches: Sequence[RowBatch], drops: Sequence[Drop]) -> None:
        if self.failures:
            self.failures -= 1
            raise StoreError("no space left on device")
        super().append(batches, drops)


@dataclass
class Recording:
    """A writer at work, and the way to it."""

    logbook: Logbook
    queue: RowQueue
    buffer: Buffer
    rows: FailingRows

    def flush(self, *, fold: bool = False) -> None:
        self.queue.mark(fold=fold).result(WAIT_S)

    @property
    def ledger(self) -> RowLedger:
        return self.buffer.books.read().ledgers[0].inferences


Start = Callable[..., Recording]


@pytest.fixture
def start(tmp_path: Path, binary_spec: ModelSpec) -> Iterator[Start]:
    """`start(failures=2)`: a writer whose disk fails so often first."""
    with open_sqlite(tmp_path / "agent.db", "edge-1", 7) as buffer:
        writers: list[tuple[RowQueue, Writer]] = []

        def begin(
            *, failures: int = 0, rows_max: int = 1_000, limits: WriterLimits = QUICK
        ) -> Recording:
            models = Models(buffer.specs)
            models.adopt(encode_spec(binary_spec))
            rows = FailingRows(buffer.rows, failures)
            queue = RowQueue(rows_max, rows_max)
            failing = replace(buffer, rows=rows)
            writer = Writer(queue, failing, models, policy=ShipPolicy(), limits=limits, clock=CLOCK)
            writer.start()
            writers.append((queue, writer))
            return Recording(Logbook(models, queue, CLOCK), queue, buffer, rows)

        yield begin
        for queue, writer in writers:
            queue.close()
            writer.join(WAIT_S)
            assert not writer.is_alive()


@contextmanager
def refused() -> Iterator[None]:
    with pytest.raises(StoreError, match="no space left"):
        yield


def test_rows_that_could_not_be_written_are_kept_and_written_later(start: Start) -> None:
    recording = start(failures=3)
    for _ in range(5):
        recording.logbook.log("income", ROW, Extras())
    while recording.rows.failures:
        with refused():
            recording.flush()

    recording.flush()

    assert recording.ledger.recorded == recording.ledger.pending == 5


def test_who_waits_for_the_disk_is_told_that_it_failed_and_nothing_is_counted(
    start: Start, draw_batch: Callable[..., InferenceBatch], binary_spec: ModelSpec
) -> None:
    recording = start(failures=1)
    done: concurrent.futures.Future[None] = concurrent.futures.Future()

    recording.logbook.record(RecordRequest(draw_batch(binary_spec, 4)), done)
    with refused():
        done.result(WAIT_S)
    again: concurrent.futures.Future[None] = concurrent.futures.Future()
    recording.logbook.record(RecordRequest(draw_batch(binary_spec, 4)), again)
    again.result(WAIT_S)

    recording.flush(fold=True)
    assert recording.ledger.recorded == 4


def test_while_the_disk_fails_what_does_not_fit_is_counted_as_the_disks_fault(
    start: Start,
) -> None:
    recording = start(failures=1_000_000, rows_max=10)
    recording.logbook.log("income", ROW, Extras())
    with refused():
        recording.flush()
    accepted = sum(recording.logbook.log("income", ROW, Extras()) for _ in range(25))

    recording.rows.failures = 0
    recording.flush(fold=True)

    assert accepted == 9
    assert recording.ledger.recorded == 26
    assert recording.ledger.dropped == {DropReason.DISK_FULL: 16}
    assert recording.ledger.balances


def test_rows_that_do_not_fold_are_bounded_and_the_rest_is_counted(
    start: Start, draw_batch: Callable[..., InferenceBatch], binary_spec: ModelSpec
) -> None:
    recording = start(rows_max=10, limits=replace(QUICK, fold_s=WAIT_S, unfolded_rows_max=20))
    for _ in range(3):
        done: concurrent.futures.Future[None] = concurrent.futures.Future()
        recording.logbook.record(RecordRequest(draw_batch(binary_spec, 10)), done)
        done.result(WAIT_S)
    recording.logbook.log("income", ROW, Extras())
    with pytest.raises(StoreError, match="wait to be folded"):
        recording.flush()
    for _ in range(12):
        recording.logbook.log("income", ROW, Extras())

    with pytest.raises(StoreError, match="wait to be folded"):
        recording.flush(fold=True)
    recording.flush(fold=True)

    assert recording.ledger.recorded == 43
    assert recording.ledger.dropped == {DropReason.BUFFER_FULL: 3}


def test_a_batch_that_cannot_be_folded_is_dropped_and_the_others_fold(
    start: Start, draw_batch: Callable[..., InferenceBatch], binary_spec: ModelSpec
) -> None:
    recording = start()
    torn = RowBatch("income", Stream.INFERENCES, 9, b"\xff\xff", 0)
    recording.queue.batches((torn,))
    done: concurrent.futures.Future[None] = concurrent.futures.Future()
    recording.logbook.record(RecordRequest(draw_batch(binary_spec, 4)), done)

    recording.flush(fold=True)

    assert recording.ledger == RowLedger(13, 4, 0, 4, {DropReason.CORRUPTION: 9})


def test_a_full_outbox_loses_resolution_before_it_loses_rows(
    start: Start, draw_batch: Callable[..., InferenceBatch], binary_spec: ModelSpec
) -> None:
    rows = 24 * 14
    batch = draw_batch(binary_spec, rows)
    hours = START_S + HOUR_S * np.arange(rows)
    recording = start(limits=replace(QUICK, bounds_s=0.0, outbox_bytes_max=4_000))
    done: concurrent.futures.Future[None] = concurrent.futures.Future()

    recording.logbook.record(RecordRequest(replace(batch, times_ms=1_000 * hours, ids=())), done)
    recording.flush(fold=True)
    recording.flush()

    heads = recording.buffer.outbox.heads(1_000)
    assert recording.buffer.outbox.size() <= 4_000
    assert {head.length_s for head in heads} == {86_400}
    assert sum(head.rows for head in heads) == recording.ledger.pending
    assert recording.ledger.balances
    assert recording.ledger.pending > rows / 2
