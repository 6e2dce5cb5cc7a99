"""The composition root: opens the store, starts ingest, tick, gRPC and HTTP, and ends them in turn.

The only module that names adapters. At the end new work is refused first, what was accepted is
committed and answered, and the store closes last.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from whitebox_hub.api.application import build_api
from whitebox_hub.config import Config, host_and_port
from whitebox_hub.ingest.accept import Accepter, IngestLimits
from whitebox_hub.ingest.grpc import Services, serve_grpc
from whitebox_hub.ingest.specs import SpecBook
from whitebox_hub.loop.ticker import Ticker
from whitebox_hub.store import Store
from whitebox_hub.store.contexts import ContextBook
from whitebox_hub.store.feed import AlertFeed
from whitebox_hub.store.sqlite import open_sqlite
from whitebox_wire.errors import ConfigError

DAY_S = 86_400
HTTP_DRAIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the hub really listens, after a port 0 was given a number."""

    http: str
    grpc: str


def clock_ms() -> int:
    return time.time_ns() // 1_000_000


def open_store(path: str) -> AbstractContextManager[Store]:
    return open_sqlite(path)


@asynccontextmanager
async def running(config: Config, now_ms: Callable[[], int] = clock_ms) -> AsyncIterator[Addresses]:
    """A whole hub while the context lasts.

    Raises:
        StoreError: the store cannot be opened.
        ConfigError: an address is taken.
    """
    async with AsyncExitStack() as stack:
        store = stack.enter_context(open_store(config.store_path))
        specs = SpecBook(store.records)
        accepter = Accepter(store.sketches, store.fleet, specs, _limits(config), now_ms)
        contexts = ContextBook(store.records, config.alarm_interval_days * DAY_S)
        feed = AlertFeed(store.judgements)
        ticker = Ticker(store, contexts, feed, config.tick_interval_ms / 1_000, now_ms)
        for worker in (accepter, ticker):
            task = asyncio.create_task(worker.run())
            stack.push_async_callback(_finish, worker, task)
        host, port = host_and_port(config.grpc_address)
        services = Services(accepter, specs)
        grpc_port = await stack.enter_async_context(serve_grpc(services, host, port))
        stack.callback(specs.close)
        api = build_api(
            store=store,
            specs_known=specs,
            accepter=accepter,
            contexts=contexts,
            feed=feed,
            ticks=ticker.status,
            now_ms=now_ms,
        )
        http_host, http_port = host_and_port(config.http_address)
        http = await stack.enter_async_context(_serve_http(api, http_host, http_port))
        stack.callback(feed.close)
        yield Addresses(http=http, grpc=_address(host, grpc_port))


async def serve(config: Config, ready: Callable[[Addresses], None]) -> None:
    """Run until SIGTERM or SIGINT, then drain."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(config) as addresses:
        ready(addresses)
        await stop.wait()


def _limits(config: Config) -> IngestLimits:
    return IngestLimits(
        queue_reports_max=config.ingest_queue_reports_max,
        queue_bytes_max=config.ingest_queue_bytes_max,
        group_wait_ms=config.ingest_group_wait_ms,
        retry_delay_ms=config.ingest_retry_delay_ms,
    )


async def _finish(worker: Accepter | Ticker, task: asyncio.Task[None]) -> None:
    worker.close()
    await task


@asynccontextmanager
async def _serve_http(api: web.Application, host: str, port: int) -> AsyncIterator[str]:
    runner = web.AppRunner(api, access_log=None, shutdown_timeout=HTTP_DRAIN_S)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise ConfigError(
                f"HTTP cannot listen on {host}:{port}: {error.strerror}",
                hint="is another hub running? try --http",
            ) from error
        yield f"http://{_address(host, runner.addresses[0][1])}"
    finally:
        await runner.cleanup()


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
