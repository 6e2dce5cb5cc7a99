"""A request for the InferenceLog to rows in the recorder's queue, and the answer to it.

Transports decode and encode; what a request means is here. An answer is made at once and given when
the promise of its request is kept.
"""

from __future__ import annotations

import concurrent.futures
from dataclasses import dataclass

from whitebox_agent.recorder.logbook import Logbook
from whitebox_agent.recorder.queue import Done
from whitebox_wire.errors import WhiteboxError
from whitebox_wire.messages import Durability, RecordAnswer, RecordLabelsRequest, RecordRequest

DURABLE_S = 10.0


class UncertainError(WhiteboxError):
    """The rows are in the queue and not on disk yet: they may get there, or not."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Rows that are in the queue; `done` is None where the caller does not wait for the disk."""

    answer: RecordAnswer
    done: Done | None

    def wait(self) -> RecordAnswer:
        """The answer, when it is true.

        Raises:
            StoreError: the store cannot be written, and none of the rows is in it.
            UncertainError: it takes too long.
        """
        if self.done is not None:
            wait_until_durable(self.done)
        return self.answer


def wait_until_durable(done: Done) -> None:
    """Return when rows are on disk; raises as `Taken.wait`."""
    try:
        done.result(DURABLE_S)
    except concurrent.futures.TimeoutError:
        raise UncertainError("the rows are not on disk yet; they may be") from None


def take(logbook: Logbook, request: RecordRequest | RecordLabelsRequest) -> Taken:
    """Queue the rows or labels of a request, all or none.

    Raises:
        UnknownModelError: the agent has no spec of the model.
        DataError: the rows do not fit it.
        QueueFullError: try again later.
        ClosedError: the agent ends.
    """
    done: Done | None = None
    if request.durability is Durability.DURABLE:
        done = concurrent.futures.Future()
    if isinstance(request, RecordLabelsRequest):
        logbook.record_labels(request.batch, done)
        return Taken(RecordAnswer(len(request.batch.ids)), done)
    notes = logbook.record(request, done)
    return Taken(RecordAnswer(request.batch.rows, tuple(notes)), done)
