"""Ingest and Specs over gRPC. Handlers decode, call the accepter or the spec book, and encode.

An acknowledgement leaves only with a durable commit behind it. Errors: a message that cannot be
read is INVALID_ARGUMENT and must not be sent again as it is; a store that cannot be written is
UNAVAILABLE and the same report may be sent again; an unknown spec is NOT_FOUND.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import grpc
import grpc.aio

from whitebox_hub.ingest.accept import Accepter
from whitebox_hub.ingest.specs import SpecBook
from whitebox_hub.store import StoreError
from whitebox_wire.codec import (
    decode_get_request,
    decode_request,
    decode_watch_request,
    encode_get_response,
    encode_response,
    encode_watch_response,
)
from whitebox_wire.codec.exports import REQUEST_BYTES_MAX
from whitebox_wire.errors import ConfigError, MalformedError

CALLS_MAX = 4_096
WATCH_S_MAX = 30.0
# What a watch leaves of its caller's deadline for the answer to travel.
WATCH_MARGIN_S = 0.5
DRAIN_S = 5.0
_OPTIONS = (
    ("grpc.max_receive_message_length", REQUEST_BYTES_MAX),
    ("grpc.max_concurrent_streams", 1_024),
    ("grpc.max_connection_idle_ms", 15 * 60_000),
    ("grpc.max_connection_age_ms", 20 * 60_000),
    ("grpc.max_connection_age_grace_ms", 60_000),
    ("grpc.keepalive_time_ms", 2 * 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 60_000),
    # Two hubs on one port would share its connections silently.
    ("grpc.so_reuseport", 0),
)

Handler = Callable[[bytes, grpc.aio.ServicerContext], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Services:
    accepter: Accepter
    specs: SpecBook

    async def export(self, data: bytes, _: grpc.aio.ServicerContext) -> bytes:
        request = decode_request(data)
        return encode_response(await self.accepter.submit(request, len(data)))

    async def get(self, data: bytes, context: grpc.aio.ServicerContext) -> bytes:
        wanted = decode_get_request(data)
        spec = await self.specs.spec_bytes(wanted)
        if spec is None:
            name = wanted.digest.hex() or f"of model {wanted.model_id!r}"
            await context.abort(grpc.StatusCode.NOT_FOUND, f"no spec {name} is registered")
            raise AssertionError  # abort raises
        return encode_get_response(spec)

    async def watch(self, data: bytes, context: grpc.aio.ServicerContext) -> bytes:
        known = decode_watch_request(data)
        left_s = context.time_remaining()
        wait_s = WATCH_S_MAX if left_s is None else min(left_s - WATCH_MARGIN_S, WATCH_S_MAX)
        return encode_watch_response(await self.specs.newer(known, max(wait_s, 0.0)))


def _answered(handler: Handler) -> Handler:
    """The handler, with our errors told as gRPC statuses."""

    async def answered(data: bytes, context: grpc.aio.ServicerContext) -> bytes:
        try:
            return await handler(data, context)
        except MalformedError as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except StoreError as error:
            await context.abort(grpc.StatusCode.UNAVAILABLE, str(error))
        raise AssertionError  # abort raises

    return answered


def _handlers(services: Services) -> list[grpc.GenericRpcHandler]:
    table: dict[str, dict[str, Handler]] = {
        "whitebox_wire.v1.Ingest": {"Export": services.export},
        "whitebox_wire.v1.Specs": {"Get": services.get, "Watch": services.watch},
    }
    return [
        grpc.method_handlers_generic_handler(
            service,
            {
                name: grpc.unary_unary_rpc_method_handler(_answered(method))
                for name, method in methods.items()
            },
        )
        for service, methods in table.items()
    ]


@asynccontextmanager
async def serve_grpc(services: Services, host: str, port: int) -> AsyncIterator[int]:
    """Serve until the context ends; gives the port. Calls under way get `DRAIN_S` to finish."""
    server = grpc.aio.server(options=_OPTIONS, maximum_concurrent_rpcs=CALLS_MAX)
    server.add_generic_rpc_handlers(tuple(_handlers(services)))
    try:
        bound = server.add_insecure_port(f"{host}:{port}")
    except RuntimeError as error:
        raise ConfigError(
            f"gRPC cannot listen on {host}:{port}", hint="is another hub running? try --grpc"
        ) from error
    await server.start()
    try:
        yield int(bound)
    finally:
        await asyncio.shield(server.stop(DRAIN_S))
