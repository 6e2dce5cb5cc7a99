"""The agent's gRPC server: InferenceLog and the standard health service, on this machine alone.

Listens on Unix sockets and loopback addresses only. Every call is bounded in bytes, in number and
in time; when the context ends, new calls are refused, those under way are answered, and a stream
ends in a way that tells its caller what was recorded and what was not.
"""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import grpc

from whitebox_agent.ingest.grpc.calls import SERVICE, InferenceLog
from whitebox_agent.ingest.grpc.health import HEALTH_SERVICE, Health
from whitebox_agent.ingest.grpc.stream import RecordStreams
from whitebox_agent.recorder.logbook import Logbook
from whitebox_wire.errors import ConfigError

__all__ = ["serve_grpc"]

UNIX = "unix:"
# Calls wait for the disk, not for the processor, so many share a group commit.
CALLS_MAX = 96
# Of these, calls that last: streams of rows, and watches of the health.
STREAMS_MAX = 64
WATCHES_MAX = 4
# A parsed message takes up to thirty times its bytes, when it holds nothing but empty ids.
CALL_BYTES_MAX = 8 * 1024 * 1024
DRAIN_S = 5.0
_OPTIONS = (
    ("grpc.max_receive_message_length", CALL_BYTES_MAX),
    # Two agents on one port would share its connections silently.
    ("grpc.so_reuseport", 0),
)


@contextmanager
def serve_grpc(
    logbook: Logbook, addresses: Sequence[str], problem: Callable[[], str], *, reflection: bool
) -> Iterator[tuple[str, ...]]:
    """Serve until the context ends; gives the addresses with their real ports.

    `problem` says why rows cannot be recorded now; empty when they can. With `reflection`, tools
    such as grpcurl can ask what there is to call.

    Raises:
        ConfigError: an address is taken, or reflection is asked for and not installed.
    """
    calls, streams = InferenceLog(logbook), RecordStreams(logbook, STREAMS_MAX)
    health = Health((SERVICE,), problem, WATCHES_MAX)
    handlers = (
        grpc.method_handlers_generic_handler(SERVICE, {**calls.handlers(), **streams.handlers()}),
        grpc.method_handlers_generic_handler(HEALTH_SERVICE, health.handlers()),
    )
    workers = concurrent.futures.ThreadPoolExecutor(CALLS_MAX, "whitebox-grpc")
    server = grpc.server(workers, handlers=handlers, options=_OPTIONS)
    if reflection:
        _add_reflection(server)
    bound = tuple(_bind(server, address) for address in addresses)
    server.start()
    try:
        yield bound
    finally:
        health.stop()
        ended = server.stop(DRAIN_S)
        streams.stop()
        ended.wait()
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


def _add_reflection(server: grpc.Server) -> None:
    try:
        from grpc_reflection.v1alpha import reflection
    except ImportError as error:
        raise ConfigError(
            "reflection needs a package that is not installed",
            hint="pip install 'whitebox-edge[reflection]'",
        ) from error
    reflection.enable_server_reflection((SERVICE, reflection.SERVICE_NAME), server)
