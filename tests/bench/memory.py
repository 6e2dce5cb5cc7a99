"""The agent daemon's memory when it has nothing to do, alone and with a hub.

Real processes, started as a user starts them. Rows come over gRPC; when they are folded (and with a
hub: acknowledged) and the resident size stands still, the daemon is idle.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path

import grpc
import numpy as np

from tests.bench.model import SCORED, Rows, Subject
from tests.bench.plan import Figures, Plan
from tests.bench.process import Daemon, running
from tests.bench.report import START_MS
from tests.bench.spec_file import write_spec_file
from whitebox_agent import register
from whitebox_agent.buffer.sqlite import read_books
from whitebox_wire.codec import decode_record_response, encode_record_request
from whitebox_wire.messages import RecordRequest, RowLedger


@dataclass(frozen=True, slots=True)
class Burst:
    """Calls one after another, of so many rows each."""

    calls: int
    rows: int


BURSTS = {"idle": Burst(10, 10), "idle_after_load": Burst(20, 1_000)}
DEADLINE_S, POLL_S = 60.0, 0.1
# Sums need not wait for stragglers: nobody sends more.
_SETTINGS = {"WHITEBOX_AGENT_SETTLE_MS": "0"}
# The resident size stands still when it grew by less than this since so long ago.
STILL_MIB, STILL_S, STILL_S_QUICK = 0.1, 1.0, 0.2


def measure_memory(plan: Plan) -> Figures:
    """Resident sizes in MiB; Linux only, since its kernel is asked."""
    subject, folder = Subject.of(SCORED), plan.folder
    spec = write_spec_file(subject, folder)
    still_s = STILL_S_QUICK if plan.quick else STILL_S
    with plan.stage("idle memory of an agent"):
        # The first start of all may compile modules; the second is as every later one.
        with _agent(spec, folder / "warm.db", "--http", "127.0.0.1:0"):
            pass
        alone = _measure_agent(subject, spec, folder / "agent.db", "--http", "", still_s=still_s)
    serve = ["whitebox-hub", "serve", "--store", "hub.db"]
    serve += ["--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"]
    with plan.stage("idle memory of an agent with a hub"), running(serve, folder) as hub:
        register(spec, hub.said("http"))
        store = folder / "agent-with-hub.db"
        more = ("--http", "127.0.0.1:0", "--hub", hub.said("grpc"))
        with_hub = _measure_agent(subject, spec, store, *more, still_s=still_s)
    return {
        **{f"{name}_rss_mib": size for name, size in alone.items()},
        **{f"{name}_with_hub_rss_mib": size for name, size in with_hub.items()},
    }


def _measure_agent(
    subject: Subject, spec: Path, store: Path, *more: str, still_s: float
) -> Figures:
    """An agent's idle size after a few rows and after many, and the peak in between."""
    done: Callable[[RowLedger], int] = attrgetter("acknowledged" if "--hub" in more else "folded")
    sizes, rows = {}, 0
    with _agent(spec, store, *more) as agent:
        for name, burst in BURSTS.items():
            _record(subject, agent, burst, first=rows)
            rows += burst.calls * burst.rows
            _wait_until(store, done, rows)
            sizes[name] = _still_mib(agent, still_s)
        return sizes | {"peak": agent.memory_mib("VmHWM")}


def _agent(spec: Path, store: Path, *more: str) -> AbstractContextManager[Daemon]:
    run: Sequence[str] = ("whitebox-agent", "run", "--store", str(store), "--spec", str(spec))
    return running((*run, "--listen", "127.0.0.1:0", *more), store.parent, _SETTINGS)


def _record(subject: Subject, agent: Daemon, burst: Burst, *, first: int) -> None:
    """Send rows of a window that is long over, so that its sum ships soon."""
    times = np.full(burst.rows, START_MS, np.int64)
    batch = replace(Rows.of(SCORED, burst.rows).batch(subject), times_ms=times)
    with grpc.insecure_channel(agent.said("listen")) as channel:
        call = channel.unary_unary("/whitebox_wire.v1.InferenceLog/Record")
        for start in range(first, first + burst.calls * burst.rows, burst.rows):
            ids = tuple(f"inference-{i}" for i in range(start, start + burst.rows))
            answer = call(
                encode_record_request(RecordRequest(replace(batch, ids=ids))), timeout=DEADLINE_S
            )
            assert decode_record_response(answer).recorded_rows == burst.rows


def _wait_until(store: Path, done: Callable[[RowLedger], int], rows: int) -> None:
    """Poll the store's books until so many rows are done; TimeoutError when they never are."""
    deadline = time.monotonic() + DEADLINE_S
    while sum(done(ledger.inferences) for ledger in read_books(store).ledgers) < rows:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the agent is not done after {DEADLINE_S:.0f} s: {store}")
        time.sleep(POLL_S)


def _still_mib(agent: Daemon, still_s: float) -> float:
    """The resident size once it has stopped growing."""
    before = agent.memory_mib("VmRSS")
    for _ in range(int(DEADLINE_S / still_s)):
        time.sleep(still_s)
        now = agent.memory_mib("VmRSS")
        if now - before < STILL_MIB:
            break
        before = now
    return now
