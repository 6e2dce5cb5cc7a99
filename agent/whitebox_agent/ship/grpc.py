"""The hub over gRPC: unary calls with deadlines; retrying is the shipper's business, not gRPC's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import grpc

from whitebox_agent.ship import HubError
from whitebox_wire.codec import (
    decode_get_response,
    decode_response,
    encode_get_request,
    encode_request,
)
from whitebox_wire.errors import MalformedError
from whitebox_wire.messages import ExportRequest, ExportResponse, SpecRef

EXPORT_DEADLINE_S = 10.0
SPEC_DEADLINE_S = 10.0
_OPTIONS = (
    ("grpc.enable_retries", 0),
    # After an outage of the network the next try must not wait for gRPC's own back-off.
    ("grpc.max_reconnect_backoff_ms", 5_000),
    ("grpc.max_receive_message_length", 16 * 1024 * 1024),
)
_REFUSED = {grpc.StatusCode.INVALID_ARGUMENT}
Answer = TypeVar("Answer")


class GrpcHub:
    """A channel to one hub. Connects when first used, and again whenever it must."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._channel = grpc.insecure_channel(address, options=_OPTIONS)
        self._export = self._channel.unary_unary("/whitebox_wire.v1.Ingest/Export")
        self._get = self._channel.unary_unary("/whitebox_wire.v1.Specs/Get")

    def export(self, request: ExportRequest) -> ExportResponse:
        answer = self._call(self._export, encode_request(request), EXPORT_DEADLINE_S)
        return _read(decode_response, answer)

    def spec(self, wanted: SpecRef) -> bytes | None:
        try:
            answer = self._call(self._get, encode_get_request(wanted), SPEC_DEADLINE_S)
        except _NotFoundError:
            return None
        return _read(decode_get_response, answer)

    def close(self) -> None:
        self._channel.close()

    def _call(self, method: Callable[..., bytes], data: bytes, deadline_s: float) -> bytes:
        try:
            return method(data, timeout=deadline_s)
        except grpc.RpcError as error:
            code = error.code()
            message = f"hub {self._address}: {code.name}: {error.details()}"
            if code is grpc.StatusCode.NOT_FOUND:
                raise _NotFoundError(message) from error
            raise HubError(
                message, hint="is the hub running there?", refused=code in _REFUSED
            ) from error


class _NotFoundError(HubError):
    """The hub has no such thing."""


def _read(decode: Callable[[bytes], Answer], data: bytes) -> Answer:
    try:
        return decode(data)
    except MalformedError as error:
        raise HubError(f"the hub's answer cannot be read: {error}") from error
