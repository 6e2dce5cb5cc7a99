"""A relay in front of a hub's Ingest that sends exports again, and old ones in between.

Whoever asks gets the answer to what was sent last; what the hub answers to the rest is thrown away.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import grpc

CALL_S = 10.0
REMEMBERED = 50
_SERVICES = {"whitebox_wire.v1.Ingest": ("Export",), "whitebox_wire.v1.Specs": ("Get",)}


@dataclass
class Relay:
    address: str
    rng: random.Random
    seen: deque[bytes] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    repeated: int = 0

    def old(self) -> list[bytes]:
        """A few of the exports seen so far, in any order."""
        chosen = self.rng.sample(list(self.seen), min(self.rng.randrange(3), len(self.seen)))
        self.repeated += len(chosen)
        return chosen


@contextmanager
def relayed(hub: str, rng: random.Random) -> Iterator[Relay]:
    """A relay to the hub at host:port while the context lasts."""
    relay = Relay("", rng)
    options = (("grpc.max_reconnect_backoff_ms", 500),)
    with ThreadPoolExecutor(4) as workers, grpc.insecure_channel(hub, options=options) as channel:
        server = grpc.server(workers)
        for service, methods in _SERVICES.items():
            handlers = {
                method: grpc.unary_unary_rpc_method_handler(
                    _handler(relay, channel.unary_unary(f"/{service}/{method}"), method)
                )
                for method in methods
            }
            server.add_generic_rpc_handlers(
                (grpc.method_handlers_generic_handler(service, handlers),)
            )
        relay.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        try:
            yield relay
        finally:
            server.stop(None).wait()


def _handler(relay: Relay, call: grpc.UnaryUnaryMultiCallable, method: str) -> object:
    def handle(data: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            if method == "Export":
                for old in relay.old():
                    with suppress(grpc.RpcError):
                        call(old, timeout=CALL_S)
                relay.seen.append(data)
                answer: bytes = call(data, timeout=CALL_S)
                for old in relay.old():
                    with suppress(grpc.RpcError):
                        call(old, timeout=CALL_S)
                return answer
            return bytes(call(data, timeout=CALL_S))
        except grpc.RpcError as error:
            context.abort(error.code(), error.details() or "")
        raise AssertionError

    return handle
