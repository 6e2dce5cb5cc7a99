"""`RecordStream`: many requests on one call, answered in order as their rows reach the disk.

One thread reads and queues while the call's own thread waits for the disk and answers, so that a
commit takes what came during the last one. A bound on what is not answered yet makes the caller
wait (gRPC's flow control), not the agent grow. A stream that ends with status OK has answered every
request that it recorded: the caller may send the others again.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Iterator

import grpc

from whitebox_agent.ingest.grpc.calls import status_of
from whitebox_agent.ingest.taking import Taken, take
from whitebox_agent.recorder.logbook import Logbook
from whitebox_wire.codec import decode_stream_request, encode_stream_response
from whitebox_wire.errors import WhiteboxError
from whitebox_wire.messages import RecordAnswer, RecordFailure

logger = logging.getLogger(__name__)

UNANSWERED_MAX = 16

Outcome = Taken | RecordFailure


class Window:
    """What was read of one stream and is not answered yet, between its two threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._changed = threading.Condition()
        self._outcomes: deque[Outcome] = deque()
        self._reading = 0
        self._ended = False

    def reserve(self) -> bool:
        """Wait for room for one more request; False when none may be recorded any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or len(self._outcomes) < self._size)
            if not self._ended:
                self._reading = 1
            return not self._ended

    def put(self, outcome: Outcome) -> None:
        """What became of the request that room was reserved for."""
        with self._changed:
            self._reading = 0
            self._outcomes.append(outcome)
            self._changed.notify_all()

    def end(self) -> None:
        """Take no further request. What is under way is still answered."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def next(self) -> Outcome | None:
        """The oldest that is not answered; None after the last."""
        with self._changed:
            self._changed.wait_for(lambda: self._outcomes or (self._ended and not self._reading))
            if not self._outcomes:
                return None
            self._changed.notify_all()
            return self._outcomes.popleft()


class RecordStreams:
    """All streams that are open now."""

    def __init__(self, logbook: Logbook, streams_max: int) -> None:
        self._logbook = logbook
        self._streams_max = streams_max
        self._lock = threading.Lock()
        self._open: set[Window] = set()
        self._stopping = False

    def handlers(self) -> dict[str, grpc.RpcMethodHandler]:
        return {"RecordStream": grpc.stream_stream_rpc_method_handler(self.record)}

    def stop(self) -> None:
        """Let every stream end after what it has read."""
        with self._lock:
            self._stopping = True
            for window in self._open:
                window.end()

    def record(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        window = Window(UNANSWERED_MAX)
        with self._lock:
            refused = self._stopping or len(self._open) >= self._streams_max
            if not refused:
                self._open.add(window)
        if refused:
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many streams are open")
        threading.Thread(
            target=self._read, args=(requests, window), name="whitebox-stream", daemon=True
        ).start()
        try:
            while (outcome := window.next()) is not None:
                yield encode_stream_response(_answer(outcome))
        finally:
            window.end()
            with self._lock:
                self._open.discard(window)

    def _read(self, requests: Iterator[bytes], window: Window) -> None:
        try:
            for data in requests:
                if not window.reserve():
                    return
                window.put(self._take(data))
        except Exception as error:  # noqa: BLE001  # gRPC says no more when a call is cut
            logger.debug("stream cut error=%r", error)
        finally:
            window.end()

    def _take(self, data: bytes) -> Outcome:
        try:
            return take(self._logbook, decode_stream_request(data))
        except WhiteboxError as error:
            return _failure(error)


def _answer(outcome: Outcome) -> RecordAnswer | RecordFailure:
    if isinstance(outcome, RecordFailure):
        return outcome
    try:
        return outcome.wait()
    except WhiteboxError as error:
        return _failure(error)


def _failure(error: WhiteboxError) -> RecordFailure:
    return RecordFailure(status_of(error).value[0], str(error))
