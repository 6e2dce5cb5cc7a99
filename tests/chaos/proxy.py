"""A TCP proxy that misbehaves when told to: it delays, cuts in the middle, and falls silent.

Runs in a thread of its own. Knows nothing of what passes through it.
"""

from __future__ import annotations

import asyncio
import enum
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

CHUNK_BYTES = 16 * 1024
SILENT_S = 0.05


class Fault(enum.Enum):
    NONE = "none"
    DELAY = "delay"
    CUT = "cut"
    HALF_OPEN = "half-open"
    REFUSE = "refuse"


@dataclass
class Proxy:
    """Set `fault` at any time; connections that are open feel it too."""

    target: str
    rng: random.Random
    fault: Fault = Fault.NONE
    address: str = ""
    cuts: int = 0
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    async def _serve(self, ready: threading.Event, stop: asyncio.Event) -> None:
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        await stop.wait()
        server.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = self.target.rpartition(":")
        try:
            if self.fault is Fault.REFUSE:
                return
            far_reader, far_writer = await asyncio.open_connection(host, int(port))
        except OSError:
            return
        else:
            pumps = [
                asyncio.ensure_future(self._pump(reader, far_writer)),
                asyncio.ensure_future(self._pump(far_reader, writer)),
            ]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pumps:
                pump.cancel()
            far_writer.close()
        finally:
            writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                if self.fault is Fault.DELAY:
                    await asyncio.sleep(self.rng.uniform(0.01, 0.3))
                while self.fault is Fault.HALF_OPEN:  # noqa: ASYNC110  # set by another thread
                    await asyncio.sleep(SILENT_S)
                if self.fault is Fault.CUT:
                    # Part of a frame arrives, and then the connection is gone.
                    writer.write(data[: self.rng.randrange(len(data) + 1)])
                    self.cuts += 1
                    return
                writer.write(data)
                await writer.drain()


@contextmanager
def proxied(target: str, rng: random.Random) -> Iterator[Proxy]:
    """A proxy to `target` (host:port) while the context lasts."""
    proxy = Proxy(target, rng)
    loop, ready, stop = proxy._loop, threading.Event(), asyncio.Event()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(proxy._serve(ready, stop))
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.1))
        loop.close()

    thread = threading.Thread(target=run, name="chaos-proxy", daemon=True)
    thread.start()
    ready.wait()
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
