"""The one thread that writes: it commits what was recorded, folds it, and forgets old predictions.

Commits are grouped: everything that was queued while the last one reached the disk goes into the
next, so durability costs one fsync for many rows. Folding waits until enough rows are there to be
worth it, or until they are old. A disk that cannot be written loses nothing that was accepted: the
queue keeps it, and sheds (counted) what it has no room for.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from whitebox_agent.buffer import Buffer, Drop, Fold, RowBatch, StoreError, Stream, drops_of
from whitebox_agent.clock import Clock
from whitebox_agent.coarsening import relieve
from whitebox_agent.fold import join_batches
from whitebox_agent.models import Model, Models
from whitebox_agent.recorder.folding import plan_fold, steps_of
from whitebox_agent.recorder.queue import Entry, Mark, Row, RowQueue
from whitebox_agent.window import ShipPolicy
from whitebox_wire.codec import encode_batch
from whitebox_wire.messages import DropReason, InferenceBatch

logger = logging.getLogger(__name__)

# numpy holds the interpreter's lock while it reads Python objects; this many rows at a time keep
# the threads that log from waiting longer than a fraction of a millisecond.
ENCODED_ROWS_MAX = 256
_HEADS_MAX = 10_000
# A fold is halved so often at most.
_HARDSHIPS_MAX = 8


class BufferFullError(StoreError):
    """Rows come faster than they fold, or do not fold at all: no more are taken."""


# So many folds may be due before commits wait for them.
_BACKLOG_STEPS = 4


@dataclass(frozen=True, slots=True)
class WriterLimits:
    """How long rows gather before a commit and a fold, and how many of them one fold takes."""

    commit_s: float = 0.05
    fold_s: float = 1.0
    fold_rows: int = 8_192
    idle_s: float = 1.0
    retry_s: float = 0.25
    bounds_s: float = 60.0
    # Not after each fold, since a wipe writes every changed page a second time.
    wipe_s: float = 5.0
    remembered_max: int = 5_000_000
    unfolded_rows_max: int = 1_000_000
    # With pages, indices, log and reserve around it, some 64 MiB on the disk.
    outbox_bytes_max: int = 42 * 1024 * 1024


class Writer(threading.Thread):
    def __init__(
        self,
        queue: RowQueue,
        buffer: Buffer,
        models: Models,
        *,
        policy: ShipPolicy,
        limits: WriterLimits,
        clock: Clock,
        at_rest: Callable[[], None] = lambda: None,
    ) -> None:
        """`at_rest` is called whenever everything that was recorded is folded."""
        super().__init__(name="whitebox-writer", daemon=True)
        self._rows = queue
        self._buffer = buffer
        self._models = models
        self._policy = policy
        self._limits = limits
        self._clock = clock
        self._at_rest = at_rest
        # Rows that lie unfolded in the store; one that was used before may come with some.
        self._unfolded = 1
        self._fold_due_s = 0.0
        self._bounds_due_s = 0.0
        # When the bytes of folded rows are to be gone, too; None if there are none.
        self._wipe_due_s: float | None = None
        self._error: Exception | None = None
        self._hardships = 0

    def run(self) -> None:
        """Write until the queue is closed and everything is on disk and folded."""
        while True:
            closing = self._rows.closed
            entries, shed = self._rows.take(self._idle_s(), self._limits.commit_s)
            everything = closing or _asks_for_fold(entries)
            # A disk that takes no more rows may still fold those it has, which makes room.
            error = self._try(
                lambda: self._commit(entries, shed),  # noqa: B023  # called before the next round
                lambda: self._fold(everything=everything),  # noqa: B023  # called before the next round
                lambda: self._keep_within_bounds(now=everything),  # noqa: B023  # called before the next round
            )
            self._tell(error)
            if error is None:
                _confirm(entries)
            else:
                _refuse(entries, error)
                if not closing:
                    self._rows.pause(self._limits.retry_s)
            if closing:
                return

    def _try(self, *steps: Callable[[], None]) -> Exception | None:
        """Do one step after another, whatever becomes of each; the first error."""
        first: Exception | None = None
        for step in steps:
            try:
                step()
            except Exception as error:  # noqa: BLE001, PERF203  # the thread's top: the model goes on
                first = first or error
        return first

    def _idle_s(self) -> float:
        """How long there is nothing to do unless something is logged."""
        if not self._unfolded:
            return self._limits.idle_s
        if self._unfolded >= self._limits.fold_rows:
            return 0.0
        return min(max(self._fold_due_s - time.monotonic(), 0.0), self._limits.idle_s)

    def _commit(self, entries: Sequence[Entry], shed: Sequence[Drop]) -> None:
        """Put batches on disk and confirm them. On failure keep those that nobody waits for."""
        batches = batches_of(entries)
        rows = sum(entry.rows for entry in entries)
        if not batches and not shed:
            return
        try:
            if rows:
                self._check_room()
            self._buffer.rows.append(batches, shed)
        except StoreError as error:
            full = isinstance(error, BufferFullError)
            self._rows.blame(DropReason.BUFFER_FULL if full else DropReason.DISK_FULL)
            # Who waits is told; what nobody waits for stays in the queue, encoded once and for all.
            kept = [entry for entry in entries if entry.done is None]
            kept_rows = sum(entry.rows for entry in kept)
            again = [Entry(tuple(batches_of(kept)), kept_rows)] if kept_rows else []
            self._rows.put_back(again, shed)
            self._rows.release(rows - kept_rows)
            raise
        self._rows.blame(DropReason.QUEUE_FULL)
        self._rows.release(rows)
        _confirm([entry for entry in entries if entry.rows])
        if rows and not self._unfolded:
            self._fold_due_s = time.monotonic() + self._limits.fold_s
        self._unfolded += rows

    def _check_room(self) -> None:
        """Rows come only as long as they leave: folding may fail, or not keep up."""
        if self._unfolded > self._limits.unfolded_rows_max:
            raise BufferFullError(
                f"{self._unfolded} rows wait to be folded", hint="the log says why they are not"
            )

    def _fold(self, *, everything: bool) -> None:
        """Fold one step if it is time, or step by step until nothing is left. Where rows come
        faster than they are folded, who waits for the disk waits for the folds, too: the store
        does not grow.
        """
        while self._unfolded and (everything or self._fold_is_due()):
            waiting = self._buffer.rows.waiting(self._limits.fold_rows >> self._hardships)
            if not waiting:
                self._unfolded = 0
                self._at_rest()
                return
            try:
                for step in steps_of(waiting):
                    self._fold_step(step)
            except StoreError:
                # Where there is little space, a smaller step may fit.
                self._hardships = min(self._hardships + 1, _HARDSHIPS_MAX)
                raise
            self._hardships = max(self._hardships - 1, 0)
            # Never down to zero by reckoning: only an empty store says that nothing is left.
            self._unfolded = max(self._unfolded - sum(batch.rows for batch in waiting), 1)
            self._fold_due_s = time.monotonic() + self._limits.fold_s
            if not everything and self._unfolded < _BACKLOG_STEPS * self._limits.fold_rows:
                return

    def _fold_is_due(self) -> bool:
        return self._unfolded >= self._limits.fold_rows or time.monotonic() >= self._fold_due_s

    def _fold_step(self, batches: Sequence[RowBatch]) -> None:
        now_ms, recall = self._clock.now_ms(), self._buffer.rows.recall
        try:
            step = plan_fold(batches, self._models.of, recall, self._policy, now_ms)
        except StoreError:
            raise
        except Exception:
            # A batch that cannot be folded must not stop the others, nor come back for ever.
            if len(batches) > 1:
                for batch in batches:
                    self._fold_step([batch])
                return
            [lost] = batches
            logger.exception("batch dropped model=%s rows=%d", lost.model_id, lost.rows)
            drop = Drop(lost.model_id, lost.stream, DropReason.MALFORMED, lost.rows)
            step = Fold(batches, sums=(), drops=(drop,), now_ms=now_ms)
        self._buffer.rows.fold(replace(step, clock_offset_ms=self._clock.offset_ms))
        if self._wipe_due_s is None:
            self._wipe_due_s = time.monotonic() + self._limits.wipe_s

    def _keep_within_bounds(self, *, now: bool) -> None:
        """Forget, relieve and audit when it is time, and wipe: at once if everything was folded."""
        if time.monotonic() >= self._bounds_due_s:
            self._buffer.rows.forget(self._clock.now_ms(), self._limits.remembered_max)
            self._relieve_outbox()
            self._buffer.books.audit()
            self._bounds_due_s = time.monotonic() + self._limits.bounds_s
        if self._wipe_due_s is not None and (now or time.monotonic() >= self._wipe_due_s):
            self._buffer.rows.wipe()
            self._wipe_due_s = None

    def _relieve_outbox(self) -> None:
        """Coarsen the outbox, and when that is not enough drop from it, until it is in bounds."""
        outbox = self._buffer.outbox
        while outbox.size() > self._limits.outbox_bytes_max:
            relief = relieve(outbox.heads(_HEADS_MAX))
            for merge in relief.merges:
                outbox.merge(merge.ids, merge.start_s, merge.length_s)
            if not relief.merges:
                if not relief.drops:
                    return
                drops = drops_of(relief.drops, DropReason.BUFFER_FULL)
                outbox.drop(relief.drops, drops)
                logger.warning("outbox full: sums dropped count=%d", len(relief.drops))

    def adjust(self, policy: ShipPolicy, limits: WriterLimits) -> None:
        """Go on with other settings."""
        self._policy, self._limits = policy, limits

    @property
    def last_error(self) -> Exception | None:
        """Why the store could not be written the last time; None when it could."""
        return self._error

    def _tell(self, error: Exception | None) -> None:
        """Log the first failure and the recovery, not every try between."""
        if error is not None and self._error is None:
            expected = isinstance(error, StoreError)
            logger.error("cannot write error=%s", error, exc_info=None if expected else error)
        if error is None and self._error is not None:
            logger.info("writing again")
        self._error = error


def batches_of(entries: Sequence[Entry]) -> list[RowBatch]:
    """Entries as batches: single rows gathered by model, then inferences, then labels."""
    rows: dict[int, list[Row]] = {}
    batches: list[RowBatch] = []
    for entry in entries:
        if isinstance(entry.call, Row):
            rows.setdefault(id(entry.call.model), []).append(entry.call)
        elif isinstance(entry.call, tuple):
            batches += entry.call
    gathered = [_gathered(of_model[0].model, of_model) for of_model in rows.values()]
    return sorted([*gathered, *batches], key=lambda batch: batch.stream is Stream.LABELS)


def _gathered(model: Model, rows: Sequence[Row]) -> RowBatch:
    """Single rows of one model as one batch."""
    parts = [rows[at : at + ENCODED_ROWS_MAX] for at in range(0, len(rows), ENCODED_ROWS_MAX)]
    batch = join_batches([_encoded(model, part) for part in parts])
    body = encode_batch(batch)
    return RowBatch(batch.model_id, Stream.INFERENCES, batch.rows, body, batch.received_ms)


def _encoded(model: Model, rows: Sequence[Row]) -> InferenceBatch:
    return model.encoder.rows(
        [row.values for row in rows],
        received_ms=rows[-1].received_ms,
        ids=[row.id for row in rows],
        times_ms=np.array([row.time_ms for row in rows], np.int64),
    )


def _asks_for_fold(entries: Sequence[Entry]) -> bool:
    return any(isinstance(entry.call, Mark) and entry.call.fold for entry in entries)


def _confirm(entries: Sequence[Entry]) -> None:
    for entry in entries:
        if entry.done is not None and not entry.done.done():
            entry.done.set_result(None)


def _refuse(entries: Sequence[Entry], error: Exception) -> None:
    for entry in entries:
        if entry.done is not None and not entry.done.done():
            entry.done.set_exception(error)
