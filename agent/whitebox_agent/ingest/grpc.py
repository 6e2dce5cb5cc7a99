"""The InferenceLog service: rows and labels from the processes on this device, over gRPC.

An answer says that the rows are on disk. Listens on Unix sockets and loopback addresses only.
"""

from __future__ import annotations

import concurrent.futures
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import grpc

from whitebox_agent.buffer import StoreError
from whitebox_agent.recorder.logbook import Logbook, QueueFullError
from whitebox_agent.recorder.queue import ClosedError, Done
from whitebox_wire.codec import (
    decode_record_labels_request,
    decode_record_request,
    encode_record_labels_response,
    encode_record_response,
)
from whitebox_wire.errors import ConfigError, UnknownModelError, WhiteboxError
from whitebox_wire.messages import RecordAnswer

logger = logging.getLogger(__name__)

UNIX = "unix:"
SERVICE = "whitebox_wire.v1.InferenceLog"
# Calls wait for the disk, not for the processor, so many share a group commit.
CALLS_MAX = 32
DURABLE_S = 10.0
# A parsed message takes up to thirty times its bytes, when it holds nothing but empty ids.
CALL_BYTES_MAX = 8 * 1024 * 1024
DRAIN_S = 5.0
_OPTIONS = (
    ("grpc.max_receive_message_length", CALL_BYTES_MAX),
    # Two agents on one port would share its connections silently.
    ("grpc.so_reuseport", 0),
)
# The first that fits counts. Whatever else is the caller's fault is an invalid argument.
_CODES: tuple[tuple[type[WhiteboxError], grpc.StatusCode], ...] = (
    (UnknownModelError, grpc.StatusCode.NOT_FOUND),
    (QueueFullError, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (StoreError, grpc.StatusCode.UNAVAILABLE),
    (ClosedError, grpc.StatusCode.UNAVAILABLE),
    (WhiteboxError, grpc.StatusCode.INVALID_ARGUMENT),
)

Handler = Callable[[bytes], bytes]


class InferenceLog:
    def __init__(self, logbook: Logbook) -> None:
        self._logbook = logbook

    def record(self, data: bytes) -> bytes:
        batch = decode_record_request(data)
        done: Done = concurrent.futures.Future()
        notes = self._logbook.record(batch, done)
        done.result(DURABLE_S)
        return encode_record_response(RecordAnswer(batch.rows, tuple(notes)))

    def record_labels(self, data: bytes) -> bytes:
        batch = decode_record_labels_request(data)
        done: Done = concurrent.futures.Future()
        self._logbook.record_labels(batch, done)
        done.result(DURABLE_S)
        return encode_record_labels_response(RecordAnswer(len(batch.ids)))


@contextmanager
def serve_grpc(logbook: Logbook, addresses: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Serve until the context ends; gives the addresses with their real ports.

    Raises:
        ConfigError: an address is taken.
    """
    service = InferenceLog(logbook)
    methods = {"Record": service.record, "RecordLabels": service.record_labels}
    handlers = grpc.method_handlers_generic_handler(
        SERVICE,
        {
            name: grpc.unary_unary_rpc_method_handler(_answered(method))
            for name, method in methods.items()
        },
    )
    workers = concurrent.futures.ThreadPoolExecutor(CALLS_MAX, "whitebox-grpc")
    server = grpc.server(workers, handlers=(handlers,), options=_OPTIONS)
    bound = tuple(_bind(server, address) for address in addresses)
    server.start()
    try:
        yield bound
    finally:
        server.stop(DRAIN_S).wait()
        workers.shutdown()


def _bind(server: grpc.Server, address: str) -> str:
    if address.startswith(UNIX):
        # A socket that a killed agent left behind; a running one holds the store's lock.
        Path(address.removeprefix(UNIX)).unlink(missing_ok=True)
    try:
        port = server.add_insecure_port(address)
    except RuntimeError as error:
        raise ConfigError(
            f"gRPC cannot listen on {address}", hint="is another agent running? try --listen"
        ) from error
    return address if address.startswith(UNIX) else f"{address.rpartition(':')[0]}:{port}"


def _answered(handler: Handler) -> Callable[[bytes, grpc.ServicerContext], bytes]:
    """The handler, with our errors told as gRPC statuses."""

    def answered(data: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            return handler(data)
        except WhiteboxError as error:
            code = next(code for kind, code in _CODES if isinstance(error, kind))
            context.abort(code, str(error))
        except concurrent.futures.TimeoutError:
            context.abort(grpc.StatusCode.UNAVAILABLE, "the rows are not on disk yet; they may be")
        raise AssertionError  # abort raises

    return answered
