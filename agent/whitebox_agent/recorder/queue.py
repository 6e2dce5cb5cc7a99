"""The queue between those who log and the one thread that writes.

Logging never waits for the disk: a row is a tuple in a bounded queue, and where the queue is full
it is shed and counted. Entries leave in the order they came. Whoever wants to know that an entry is
on disk leaves a future with it. Knows nothing of the store.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from whitebox_agent.buffer import Drop, RowBatch, Stream
from whitebox_agent.models import Model
from whitebox_wire.errors import WhiteboxError
from whitebox_wire.messages import DropReason


class ClosedError(WhiteboxError):
    """The agent was closed before this call."""


@dataclass(slots=True)
class Row:
    """One inference: values in the order of the model's encoder, and its times in milliseconds."""

    model: Model
    values: tuple[object, ...]
    id: str
    time_ms: int
    received_ms: int


@dataclass(slots=True)
class Mark:
    """A place in the queue: everything before it is on disk, and folded where `fold` asks so."""

    fold: bool


Done = Future[None]
# One row, the batches of one call, or a mark.
Call = Row | tuple[RowBatch, ...] | Mark


@dataclass(slots=True)
class Entry:
    """One call and its rows; whoever waits for the disk has left `done`."""

    call: Call
    rows: int = 0
    done: Done | None = None


class RowQueue:
    def __init__(self, rows_max: int, wake_rows: int) -> None:
        """Hold at most `rows_max` rows; wake the writer early from `wake_rows` on."""
        self._rows_max = rows_max
        self._wake_rows = wake_rows
        self._lock = threading.Lock()
        self._arrived = threading.Condition(self._lock)
        self._entries: list[Entry] = []
        self._rows = 0
        self._waiters = 0
        self._shed: Counter[tuple[str, Stream, DropReason]] = Counter()
        self._reason = DropReason.QUEUE_FULL
        self._closed = False

    def row(self, row: Row) -> bool:
        """Queue one row; False when it was shed."""
        accepted = self._put(Entry(row, 1))
        if not accepted:
            self._shed_rows(row.model.spec.model_id, Stream.INFERENCES, 1)
        return accepted

    def batches(
        self, batches: tuple[RowBatch, ...], done: Done | None = None, *, told: bool = False
    ) -> bool:
        """Queue the batches of one call (at least one), all or, where this is False, none.

        `done` is set when all are on disk, or with a StoreError when none will be. Who waits, or
        is `told` of what does not fit, may come again; other callers' rows are counted as shed.
        """
        rows = sum(batch.rows for batch in batches)
        accepted = self._put(Entry(batches, rows, done))
        if not accepted and done is None and not told:
            self._shed_rows(batches[0].model_id, batches[0].stream, rows)
        return accepted

    def mark(self, *, fold: bool) -> Done:
        """A future that is set when everything queued so far is on disk (and folded)."""
        done: Done = Future()
        self._put(Entry(Mark(fold), done=done))
        return done

    def _put(self, entry: Entry) -> bool:
        with self._lock:
            if self._closed:
                raise ClosedError(
                    "the agent is closed",
                    hint="log before close(); a forked process needs an agent of its own",
                )
            # An empty queue takes any one call: its rows are in memory already.
            if entry.rows and self._rows and self._rows + entry.rows > self._rows_max:
                return False
            first = not self._entries
            self._entries.append(entry)
            self._rows += entry.rows
            self._waiters += entry.done is not None
            if first or self._urgent():
                self._arrived.notify()
        return True

    def _shed_rows(self, model_id: str, stream: Stream, rows: int) -> None:
        with self._lock:
            self._shed[model_id, stream, self._reason] += rows

    def _urgent(self) -> bool:
        return self._closed or self._waiters > 0 or self._rows >= self._wake_rows

    def take(self, idle_s: float, gather_s: float) -> tuple[Sequence[Entry], Sequence[Drop]]:
        """All entries and what was shed since the last call.

        Waits up to `idle_s` for a first entry, then `gather_s` for company unless somebody waits.
        The rows count against the bound until `release`.
        """
        with self._arrived:
            self._arrived.wait_for(lambda: self._entries or self._closed, idle_s)
            if self._entries:
                self._arrived.wait_for(self._urgent, gather_s)
            entries, self._entries = self._entries, []
            self._waiters = 0
            shed, self._shed = self._shed, Counter()
        return entries, [
            Drop(model_id, stream, reason, rows)
            for (model_id, stream, reason), rows in shed.items()
        ]

    def release(self, rows: int) -> None:
        """These rows are on disk (or refused) and make room."""
        with self._lock:
            self._rows -= rows

    def put_back(self, entries: Sequence[Entry], shed: Sequence[Drop]) -> None:
        """Entries that could not be written come first again; their rows were not released."""
        with self._lock:
            self._entries = [*entries, *self._entries]
            self._waiters = sum(entry.done is not None for entry in self._entries)
            for drop in shed:
                self._shed[drop.model_id, drop.stream, drop.reason] += drop.rows

    def blame(self, reason: DropReason) -> None:
        """Say why the queue is full, if it is: what is shed from now on is counted under this."""
        with self._lock:
            self._reason = reason

    def close(self) -> None:
        """Take nothing more, and wake the writer."""
        with self._lock:
            self._closed = True
            self._arrived.notify_all()

    def abandon(self) -> None:
        """Close in a forked child, whose parent's threads may hold the lock for ever."""
        self._lock = threading.Lock()
        self._arrived = threading.Condition(self._lock)
        self._entries, self._closed = [], True

    def pause(self, seconds: float) -> None:
        """Wait so long, or until closed."""
        with self._arrived:
            self._arrived.wait_for(lambda: self._closed, seconds)

    @property
    def rows(self) -> int:
        """How many rows are queued or on their way to the disk."""
        return self._rows

    @property
    def closed(self) -> bool:
        return self._closed
