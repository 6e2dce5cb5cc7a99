"""The unary calls of the InferenceLog, and our errors as gRPC statuses."""

from __future__ import annotations

from collections.abc import Callable

import grpc

from whitebox_agent.buffer import StoreError
from whitebox_agent.ingest.taking import UncertainError, take
from whitebox_agent.recorder.logbook import Logbook, QueueFullError
from whitebox_agent.recorder.queue import ClosedError
from whitebox_wire.codec import (
    decode_record_labels_request,
    decode_record_request,
    encode_record_labels_response,
    encode_record_response,
)
from whitebox_wire.errors import UnknownModelError, WhiteboxError

SERVICE = "whitebox_wire.v1.InferenceLog"
# The first that fits counts. Whatever else is the caller's fault is an invalid argument.
_CODES: tuple[tuple[type[WhiteboxError], grpc.StatusCode], ...] = (
    (UnknownModelError, grpc.StatusCode.NOT_FOUND),
    (QueueFullError, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (UncertainError, grpc.StatusCode.DEADLINE_EXCEEDED),
    (StoreError, grpc.StatusCode.UNAVAILABLE),
    (ClosedError, grpc.StatusCode.UNAVAILABLE),
    (WhiteboxError, grpc.StatusCode.INVALID_ARGUMENT),
)

Handler = Callable[[bytes], bytes]


def status_of(error: WhiteboxError) -> grpc.StatusCode:
    """By whose fault a request was refused, in gRPC's words."""
    return next(code for kind, code in _CODES if isinstance(error, kind))


class InferenceLog:
    """`Record` and `RecordLabels`."""

    def __init__(self, logbook: Logbook) -> None:
        self._logbook = logbook

    def handlers(self) -> dict[str, grpc.RpcMethodHandler]:
        methods = {"Record": self.record, "RecordLabels": self.record_labels}
        return {
            name: grpc.unary_unary_rpc_method_handler(_answered(method))
            for name, method in methods.items()
        }

    def record(self, data: bytes) -> bytes:
        return encode_record_response(take(self._logbook, decode_record_request(data)).wait())

    def record_labels(self, data: bytes) -> bytes:
        taken = take(self._logbook, decode_record_labels_request(data))
        return encode_record_labels_response(taken.wait())


def _answered(handler: Handler) -> Callable[[bytes, grpc.ServicerContext], bytes]:
    """The handler, with our errors told as gRPC statuses."""

    def answered(data: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            return handler(data)
        except WhiteboxError as error:
            context.abort(status_of(error), str(error))
        raise AssertionError  # abort raises

    return answered
