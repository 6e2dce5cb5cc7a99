"""The agent over a long time and under load: latency of `log`, memory, 30 days offline, restarts.

`python tests/bench/agent.py [--soak SECONDS]` prints the figures beside their goals and writes them
to build/agent.json. Needs Linux, whose kernel is asked for resident sizes.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import grpc
import numpy as np

from tests.bench.data import dicts
from tests.bench.model import FLOATS, MODEL_ID, Rows, Subject
from tests.bench.process import Daemon, running
from tests.bench.spec_file import write_spec_file
from whitebox_agent import Agent, Config
from whitebox_agent.buffer import Buffer, Fold, RowBatch, Stream, Sum
from whitebox_agent.buffer.sqlite import open_sqlite
from whitebox_agent.clock import Clock
from whitebox_agent.fold import take_column
from whitebox_agent.models import Models
from whitebox_agent.recorder.queue import RowQueue
from whitebox_agent.recorder.writer import Writer, WriterLimits
from whitebox_agent.window import ShipPolicy
from whitebox_wire.codec import encode_record_request, spec_digest
from whitebox_wire.layout import Section
from whitebox_wire.messages import Column, RecordRequest, WindowKey
from whitebox_wire.vector import IntVector

ROOT = Path(__file__).resolve().parents[2]
MIB = 1024 * 1024
DAYS, MODELS, MINUTE_S, MINUTE_ROWS = 30, 3, 60, 20
FIRST_S = 1_767_225_600
CALL_ROWS, DEADLINE_S = 1_000, 30.0


@dataclass(frozen=True, slots=True)
class Goal:
    text: str
    unit: str
    most: float


GOALS = {
    "log_p99_us": Goal("log() in process under load, p99", "us", 100),
    "log_p50_us": Goal("log() in process under load, median", "us", 100),
    "idle_rss_mib": Goal("daemon, idle", "MiB", 60),
    "loaded_rss_mib": Goal("daemon under load, peak", "MiB", 120),
    "soak_growth_mib": Goal("daemon under load, growth in the second half", "MiB", 4),
    "offline_store_mib": Goal(f"{DAYS} days offline, {MODELS} models by the minute", "MiB", 64),
    "offline_outbox_mib": Goal("of that the sums", "MiB", 64),
    "restart_s": Goal("restart with that outbox, to the first row on disk", "s", 2),
}


def measure_offline(folder: Path) -> Iterator[tuple[str, float]]:
    """Fold a month of minutes with no hub, and open the store again."""
    subject = Subject.of(FLOATS)
    path = folder / "offline.db"
    with open_sqlite(path, "edge", 1) as buffer:
        _fill(buffer, subject)
        yield "offline_outbox_mib", buffer.outbox.size() / MIB
    yield "offline_store_mib", sum(p.stat().st_size for p in folder.glob("offline.db*")) / MIB
    config = Config(store_path=str(path), specs=(str(write_spec_file(subject, folder)),))
    row = dicts(Rows.of(FLOATS, 1).features)[0]
    start = time.perf_counter()
    with Agent(config) as agent:
        agent.log(MODEL_ID, row, prediction="yes")
        assert agent.flush(DEADLINE_S)
        yield "restart_s", time.perf_counter() - start


def _fill(buffer: Buffer, subject: Subject) -> None:
    """Sums of some rows a minute, as the writer makes and coarsens them."""
    size, digest = subject.fold.layout.sizes[Section.FEATURES], spec_digest(subject.spec_bytes)
    pool = _minutes(subject)
    clock = Clock(lambda: FIRST_S * 1_000, lambda: 0)
    writer = Writer(
        RowQueue(1, 1), buffer, Models(buffer.specs), policy=ShipPolicy(), limits=WriterLimits(),
        clock=clock,
    )  # fmt: skip
    for hour in range(DAYS * 24):
        batches = [
            RowBatch(f"m{model}", Stream.INFERENCES, MINUTE_ROWS * 60, b"", 0)
            for model in range(MODELS)
        ]
        buffer.rows.append(batches, ())
        sums = []
        for minute in range(60):
            start_s = FIRST_S + hour * 3_600 + minute * MINUTE_S
            for model in range(MODELS):
                key = WindowKey(f"m{model}", digest, 0, start_s, Section.FEATURES)
                vector = pool[(hour + minute + model) % len(pool)]
                sums.append(Sum(key, MINUTE_S, MINUTE_ROWS, size, vector, start_s * 1_000))
        buffer.rows.fold(Fold(buffer.rows.waiting(10**9), sums, now_ms=start_s * 1_000))
        writer._relieve_outbox()


def _minutes(subject: Subject) -> list[IntVector]:
    rows = Rows.of(FLOATS, 64 * MINUTE_ROWS).batch(subject)
    columns = rows.columns
    found = []
    for at in range(0, rows.rows, MINUTE_ROWS):
        part = {name: _part(column, at) for name, column in columns.items()}
        batch = replace(rows, rows=MINUTE_ROWS, columns=part, ids=(), times_ms=None)
        found.append(subject.fold.features(batch))
    return found


def _part(column: Column, at: int) -> Column:
    return take_column(column, slice(at, at + MINUTE_ROWS))


def measure_log(folder: Path, seconds: float = 15.0) -> Iterator[tuple[str, float]]:
    """Log one row after another, 2,000 a second, while the writer commits and folds."""
    subject, rows = Subject.of(FLOATS), Rows.of(FLOATS, 1_000)
    config = Config(
        store_path=str(folder / "log.db"), specs=(str(write_spec_file(subject, folder)),)
    )
    features, times = dicts(rows.features), []
    with Agent(config) as agent:
        number, deadline = 0, time.perf_counter() + seconds
        while time.perf_counter() < deadline:
            for _ in range(20):
                row = features[number % len(features)]
                start = time.perf_counter_ns()
                agent.log(MODEL_ID, row, prediction="yes", id=f"r{number}")
                times.append(time.perf_counter_ns() - start)
                number += 1
            time.sleep(0.01)
    middle, high = np.percentile(times[1_000:], (50, 99)).tolist()
    yield "log_p50_us", middle / 1e3
    yield "log_p99_us", high / 1e3


def measure_memory(folder: Path, seconds: float) -> Iterator[tuple[str, float]]:
    """A daemon before, while and after rows come in batches as fast as they are taken."""
    subject = Subject.of(FLOATS)
    spec = write_spec_file(subject, folder)
    batch = Rows.of(FLOATS, CALL_ROWS).batch(subject)
    command: tuple[str, ...] = ("whitebox-agent", "run", "--store", str(folder / "soak.db"))
    command += ("--spec", str(spec))
    command += ("--listen", "127.0.0.1:0", "--http", "127.0.0.1:0")
    with running(command, folder) as daemon:
        time.sleep(2.0)
        yield "idle_rss_mib", daemon.memory_mib("VmRSS")
        sizes = list(_soak(daemon, encode_record_request(RecordRequest(batch)), seconds))
        yield "loaded_rss_mib", daemon.memory_mib("VmHWM")
        half = len(sizes) // 2
        yield "soak_growth_mib", max(sizes[half:]) - max(sizes[:half])


def _soak(daemon: Daemon, request: bytes, seconds: float) -> Iterator[float]:
    deadline = time.monotonic() + seconds
    with grpc.insecure_channel(daemon.said("listen").split(",")[0]) as channel:
        record = channel.unary_unary("/whitebox_wire.v1.InferenceLog/Record")
        while time.monotonic() < deadline:
            for _ in range(20):
                record(request, timeout=DEADLINE_S)
            yield daemon.memory_mib("VmRSS")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--soak", type=float, default=180.0, help="seconds under load")
    options = parser.parse_args()
    figures: dict[str, float] = {}
    measures: tuple[Callable[[Path], Iterator[tuple[str, float]]], ...] = (
        measure_log,
        measure_offline,
        lambda folder: measure_memory(folder, options.soak),
    )
    for measure in measures:
        with tempfile.TemporaryDirectory() as folder:
            for name, value in measure(Path(folder)):
                figures[name] = value
                goal = GOALS[name]
                verdict = "reached" if value <= goal.most else "MISSED"
                print(
                    f"{goal.text:55} {value:9.2f} {goal.unit:4} goal {goal.most:g}  {verdict}",
                    flush=True,
                )
    target = ROOT / "build" / "agent.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(figures, indent=2) + "\n")
    return 0
