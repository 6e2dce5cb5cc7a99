"""The standard health service, `grpc.health.v1`, for orchestrators and load balancers.

Its two messages have one field each, so they are read and written here by hand: the package that
brings them is bound to versions of gRPC and protobuf, and we run on more of them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

import grpc

HEALTH_SERVICE = "grpc.health.v1.Health"
# How often a watched status is looked at; a change by `stop` is told at once.
WATCH_S = 1.0

_SERVING, _NOT_SERVING, _SERVICE_UNKNOWN = 1, 2, 3
# The tags of field 1: a text in the request, an enum's number in the answer.
_TEXT_TAG, _ENUM_TAG = 0x0A, 0x08


class Health:
    def __init__(
        self, services: Sequence[str], problem: Callable[[], str], watches_max: int
    ) -> None:
        """Tell of `services` and, by the empty name, of the whole: fine while `problem()` is
        empty.
        """
        self._services = frozenset({"", *services})
        self._problem = problem
        self._watches_left = watches_max
        self._changed = threading.Condition()
        self._stopping = False

    def handlers(self) -> dict[str, grpc.RpcMethodHandler]:
        return {
            "Check": grpc.unary_unary_rpc_method_handler(self.check),
            "Watch": grpc.unary_stream_rpc_method_handler(self.watch),
        }

    def stop(self) -> None:
        """Say NOT_SERVING from now on, and end the watches after they have said so."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def check(self, data: bytes, context: grpc.ServicerContext) -> bytes:
        status = self._status(service_of(data))
        if status == _SERVICE_UNKNOWN:
            context.abort(grpc.StatusCode.NOT_FOUND, "there is no such service")
        return _answer(status)

    def watch(self, data: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        with self._changed:
            full = self._watches_left <= 0
            self._watches_left -= not full
        if full:
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many watches are open")
        try:
            yield from self._statuses(service_of(data), context)
        finally:
            with self._changed:
                self._watches_left += 1

    def _statuses(self, service: str | None, context: grpc.ServicerContext) -> Iterator[bytes]:
        told = None
        while context.is_active():
            stopping, status = self._stopping, self._status(service)
            if status != told:
                yield _answer(status)
                told = status
            if stopping:
                return
            with self._changed:
                self._changed.wait_for(lambda: self._stopping, WATCH_S)

    def _status(self, service: str | None) -> int:
        if service not in self._services:
            return _SERVICE_UNKNOWN
        return _NOT_SERVING if self._stopping or self._problem() else _SERVING


def service_of(data: bytes) -> str | None:
    r"""The service that a HealthCheckRequest names; None for what is none of ours.

    >>> service_of(b""), service_of(b"\x0a\x03abc"), service_of(b"\x0a\x09abc")
    ('', 'abc', None)
    """
    if not data:
        return ""
    # Lengths from 128 on take a second byte, and our services' names are shorter.
    if data[0] != _TEXT_TAG or len(data) < 2 or data[1] != len(data) - 2:
        return None
    try:
        return data[2:].decode()
    except UnicodeDecodeError:
        return None


def _answer(status: int) -> bytes:
    return bytes((_ENUM_TAG, status))
