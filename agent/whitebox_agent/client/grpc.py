"""The line to the agent over gRPC: one `RecordStream` at a time."""

from __future__ import annotations

from collections.abc import Iterator

import grpc

from whitebox_agent.client import AgentGoneError

_METHOD = "/whitebox_wire.v1.InferenceLog/RecordStream"
_OPTIONS = (
    ("grpc.enable_retries", 0),
    # An agent that was restarted must not wait for gRPC's own back-off.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
)


class GrpcLine:
    """A channel to one agent, which connects when it is first used and whenever it must."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._channel = grpc.insecure_channel(address, options=_OPTIONS)
        self._call = self._channel.stream_stream(_METHOD)

    def connect(self, timeout_s: float) -> None:
        ready = grpc.channel_ready_future(self._channel)
        try:
            ready.result(timeout_s)
        except grpc.FutureTimeoutError:
            raise AgentGoneError(
                f"no agent answers at {self._address}", hint="is whitebox-agent running there?"
            ) from None
        finally:
            ready.cancel()

    def talk(self, requests: Iterator[bytes]) -> Iterator[bytes]:
        try:
            yield from self._call(requests)
        except grpc.RpcError as error:
            raise AgentGoneError(
                f"agent {self._address}: {error.code().name}: {error.details()}"
            ) from error

    def close(self) -> None:
        self._channel.close()
