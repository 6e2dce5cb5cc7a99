"""The agent daemon's memory when it has nothing to do, alone and with a hub.

Real processes, started as a user starts them. Rows come over gRPC; when they are folded (and with a
hub: acknowledged) and the resident size stands still, the daemon is idle.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import grpc
import numpy as np

from tests.bench.model import FLOATS, Rows, Subject
from tests.bench.plan import Figures, Plan
from tests.bench.process import Daemon, running
from tests.bench.report import START_MS
from tests.bench.spec_file import write_spec_file
from whitebox_agent import register
from whitebox_agent.buffer.sqlite import read_books
from whitebox_wire.codec import decode_record_response, encode_record_request
from whitebox_wire.messages import RowLedger

CALLS, ROWS = 5, 1_000
DEADLINE_S, POLL_S = 60.0, 0.1
# Sums need not wait for stragglers: nobody sends more.
_SETTINGS = {"WHITEBOX_AGENT_SETTLE_MS": "0"}
# The resident size stands still when it grew by less than this since `STILL_S` ago.
STILL_MIB, STILL_S = 0.1, 1.0


def measure_memory(plan: Plan) -> Figures:
    """Resident sizes in MiB; Linux only, since its kernel is asked."""
    subject, folder = Subject.of(FLOATS), plan.folder
    spec = write_spec_file(subject, folder)
    store = folder / "agent.db"
    with plan.stage("idle memory of an agent"), _agent(spec, store) as agent:
        _record(subject, agent)
        _wait_until(store, lambda inferences: inferences.folded)
        alone, peak = _still_mib(agent), agent.memory_mib("VmHWM")
    store = folder / "agent-with-hub.db"
    serve = ["whitebox-hub", "serve", "--store", "hub.db"]
    serve += ["--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"]
    with plan.stage("idle memory of an agent with a hub"), running(serve, folder) as hub:
        register(spec, hub.said("http"))
        with _agent(spec, store, "--hub", hub.said("grpc")) as agent:
            _record(subject, agent)
            _wait_until(store, lambda inferences: inferences.acknowledged)
            with_hub = _still_mib(agent)
    return {"idle_rss_mib": alone, "peak_rss_mib": peak, "idle_with_hub_rss_mib": with_hub}


def _agent(spec: Path, store: Path, *more: str) -> AbstractContextManager[Daemon]:
    run: Sequence[str] = ("whitebox-agent", "run", "--store", str(store), "--spec", str(spec))
    return running((*run, "--listen", "127.0.0.1:0", *more), store.parent, _SETTINGS)


def _record(subject: Subject, agent: Daemon) -> None:
    """Send rows of a window that is long over, so that its sum ships soon."""
    times = np.full(ROWS, START_MS, np.int64)
    batch = replace(Rows.of(FLOATS, ROWS).batch(subject), times_ms=times)
    with grpc.insecure_channel(agent.said("listen")) as channel:
        call = channel.unary_unary("/whitebox_wire.v1.InferenceLog/Record")
        for number in range(CALLS):
            ids = tuple(f"inference-{number}-{i}" for i in range(ROWS))
            answer = call(encode_record_request(replace(batch, ids=ids)), timeout=DEADLINE_S)
            assert decode_record_response(answer).recorded_rows == ROWS


def _wait_until(store: Path, done: Callable[[RowLedger], int]) -> None:
    """Poll the store's books until so many rows are done; TimeoutError when they never are."""
    deadline = time.monotonic() + DEADLINE_S
    while sum(done(ledger.inferences) for ledger in read_books(store).ledgers) < CALLS * ROWS:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the agent is not done after {DEADLINE_S:.0f} s: {store}")
        time.sleep(POLL_S)


def _still_mib(agent: Daemon) -> float:
    """The resident size once it has stopped growing."""
    before = agent.memory_mib("VmRSS")
    for _ in range(int(DEADLINE_S / STILL_S)):
        time.sleep(STILL_S)
        now = agent.memory_mib("VmRSS")
        if now - before < STILL_MIB:
            break
        before = now
    return now
