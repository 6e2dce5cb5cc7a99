"""An agent, its hub and what lies between, as real processes that can be hurt; and a client.

The client keeps what it was told of each call and nothing else: which calls were acknowledged,
which were not. A call that failed is never repeated, so a window can hold its rows once at most.
"""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import grpc

from tests.chaos.model import Call, write_spec
from tests.chaos.proxy import Proxy, proxied
from tests.chaos.relay import Relay, relayed
from whitebox_agent import register
from whitebox_agent.buffer import Books, StoreError
from whitebox_agent.buffer.sqlite import read_books
from whitebox_wire.codec import encode_record_labels_request, encode_record_request
from whitebox_wire.messages import RecordLabelsRequest, RecordRequest

START_S = 30.0
CALL_S = 5.0
DRAIN_S = 60.0
_SERVICE = "/whitebox_wire.v1.InferenceLog"
_HERE = Path(__file__).parent


class Process:
    """A command of this project; `said` is its ready line's words."""

    def __init__(self, arguments: list[str], folder: Path, **settings: str) -> None:
        with (folder / "log.txt").open("a") as log:
            self._popen = subprocess.Popen(
                [sys.executable, *arguments],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, **settings},
            )
        assert self._popen.stdout is not None
        line = self._popen.stdout.readline()
        self.said = dict(word.split("=", 1) for word in line.split() if "=" in word)
        if not self.said:
            self.kill()
            told = (folder / "log.txt").read_text()[-2_000:]
            raise AssertionError(f"{arguments} ended before it was ready: {told}")

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def ended(self) -> int | None:
        return self._popen.poll()

    def kill(self) -> None:
        self._popen.kill()
        self._end()

    def stop(self) -> int:
        self._popen.terminate()
        return self._end()

    def _end(self) -> int:
        status = self._popen.wait(START_S)
        assert self._popen.stdout is not None
        self._popen.stdout.close()
        return status


@dataclass
class Client:
    """Logs call after call in a thread of its own until it is told to stop."""

    address: str
    seed: int
    pause_s: float = 0.01
    acknowledged: set[int] = field(default_factory=set)
    unsure: set[int] = field(default_factory=set)
    labelled: set[int] = field(default_factory=set)
    labels_unsure: set[int] = field(default_factory=set)
    number: int = 0
    _stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        options = (("grpc.max_reconnect_backoff_ms", 200),)
        with grpc.insecure_channel(self.address, options=options) as channel:
            while not self._stopping.is_set():
                self._call(channel, Call(self.seed, self.number))
                self.number += 1
                self._stopping.wait(self.pause_s)

    def _call(self, channel: grpc.Channel, call: Call) -> None:
        record = channel.unary_unary(f"{_SERVICE}/Record")
        request = encode_record_request(RecordRequest(call.batch))
        if not self._is_acknowledged(record, request):
            self.unsure.add(call.number)
            return
        self.acknowledged.add(call.number)
        if call.number % 3:
            return
        labels = channel.unary_unary(f"{_SERVICE}/RecordLabels")
        request = encode_record_labels_request(RecordLabelsRequest(call.labels))
        sure = self._is_acknowledged(labels, request)
        (self.labelled if sure else self.labels_unsure).add(call.number)

    def _is_acknowledged(self, method: grpc.UnaryUnaryMultiCallable, request: bytes) -> bool:
        try:
            method(request, timeout=CALL_S)
        except grpc.RpcError:
            # The agent is away: it is not asked again before it can be there.
            self._stopping.wait(0.05)
            return False
        return True

    def stop(self) -> None:
        self._stopping.set()


class World:
    """One agent and one hub, and the faults between them."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.rng = random.Random(seed)
        self.store = folder / "agent" / "agent.db"
        self.store.parent.mkdir()
        self.spec = write_spec(folder)
        self.shift = folder / "clock-ms"
        self.hub = self._start_hub("127.0.0.1:0")
        register(self.spec, self.hub.said["http"])
        self.hub_address = self.hub.said["grpc"]
        self.proxy: Proxy
        self.relay: Relay
        self.agent: Process
        self.client = Client(f"unix:{folder}/agent.sock", seed)
        self.kills = 0

    def _start_hub(self, address: str) -> Process:
        store = str(self.folder / "hub.db")
        arguments = ["--store", store, "--http", "127.0.0.1:0", "--grpc", address]
        return Process(["-m", "whitebox_hub.cli", "serve", *arguments], self.folder)

    def start_agent(self) -> None:
        self.agent = Process(
            [
                *(str(_HERE / "shifted.py"), str(self.shift), "run"),
                *("--store", str(self.store), "--spec", str(self.spec), "--agent-id", "edge"),
                *("--listen", self.client.address, "--hub", self.proxy.address),
                *("--http", "127.0.0.1:0"),
            ],
            self.folder,
            WHITEBOX_AGENT_SETTLE_MS="0",
            WHITEBOX_AGENT_FOLD_INTERVAL_MS="200",
        )

    def kill_agent(self) -> None:
        self.kills += 1
        self.agent.kill()

    def kill_hub(self) -> None:
        self.kills += 1
        self.hub.kill()

    def start_hub(self) -> None:
        self.hub = self._start_hub(self.hub_address)

    def fill_disk(self, full: bool) -> None:
        """Let no file of the agent's grow beyond what it has, as on a disk without space."""
        limit = resource.RLIM_INFINITY
        if full:
            limit = self.rng.choice((4_096, self.store.stat().st_size))
        resource.prlimit(self.agent.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    def set_clock(self, off_ms: int) -> None:
        self.shift.write_text(str(off_ms))

    def books(self) -> Books | None:
        with suppress(StoreError):
            return read_books(self.store)
        return None

    def drain(self) -> Books:
        """Wait until everything that was recorded has arrived at the hub."""
        deadline = time.monotonic() + DRAIN_S
        while time.monotonic() < deadline:
            assert self.agent.ended is None, "the agent has ended by itself"
            books = self.books()
            if (
                books
                and not books.outbox_items
                and all(
                    not ledger.inferences.pending and not ledger.labels.pending
                    for ledger in books.ledgers
                )
            ):
                return books
            time.sleep(0.1)
        raise AssertionError(f"not everything has arrived after {DRAIN_S} s: {self.books()}")


@contextmanager
def running_world(folder: Path, seed: int) -> Iterator[World]:
    """A world whose client logs while the context lasts."""
    world = World(folder, seed)
    with ExitStack() as stack:
        stack.callback(lambda: world.hub.kill())  # noqa: PLW0108  # there will be another hub
        world.relay = stack.enter_context(relayed(world.hub_address, random.Random(seed)))
        world.proxy = stack.enter_context(proxied(world.relay.address, random.Random(seed)))
        world.start_agent()
        stack.callback(lambda: world.agent.kill())  # noqa: PLW0108  # there will be another agent
        logging = threading.Thread(target=world.client.run, name="chaos-client")
        logging.start()
        stack.callback(logging.join)
        stack.callback(world.client.stop)
        yield world
