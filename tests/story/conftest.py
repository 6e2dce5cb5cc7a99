"""Real processes for the stories: hubs and agents as a user starts them, and real data."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.chaos.device import Device, StartDevice
from tests.chaos.model import write_spec
from tests.chaos.world import Process
from whitebox_agent import profile, register

DATA = Path(__file__).parents[2] / "deploy" / "demo" / "data"
READY_S = 30.0
ROWS = 12_000


@dataclass(frozen=True, slots=True)
class Running:
    """A process that has said it is ready, and what it said: `http`, `grpc`, `listen` and so on."""

    process: subprocess.Popen[str]
    said: dict[str, str]

    def stop(self) -> int:
        """SIGTERM, and its exit status."""
        self.process.terminate()
        return self.process.wait(READY_S)

    def kill(self) -> None:
        """SIGKILL: no chance to put anything in order."""
        self.process.kill()
        self.process.wait(READY_S)


Start = Callable[..., Running]


@pytest.fixture
def start() -> Iterator[Start]:
    """`start("whitebox_hub.cli", "serve", ...)`: a process that is ready. All end with the test."""
    started: list[Running] = []

    def run(module: str, *arguments: str, **settings: str) -> Running:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **settings},
        )
        assert process.stdout is not None
        line = process.stdout.readline()
        said = dict(word.split("=", 1) for word in line.split() if "=" in word)
        started.append(Running(process, said))
        assert said, f"{module} ended before it was ready"
        return started[-1]

    yield run
    for running in started:
        if running.process.poll() is None:
            running.kill()
        assert running.process.stdout is not None
        running.process.stdout.close()


@pytest.fixture
def start_hub(start: Start, tmp_path: Path) -> Start:
    """`start_hub()`: a hub with its store at hub.db, on free ports or (`grpc=`) a known one."""

    def run(grpc: str = "127.0.0.1:0") -> Running:
        store = str(tmp_path / "hub.db")
        return start(
            "whitebox_hub.cli",
            *("serve", "--store", store, "--http", "127.0.0.1:0", "--grpc", grpc),
        )

    return run


@pytest.fixture
def wait_for() -> Callable[[Callable[[], bool]], None]:
    """`wait_for(is_so)`: ask until it is so; fails after `READY_S`."""

    def wait(is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_S
        while not is_so():
            assert time.monotonic() < deadline, "it did not come about in time"
            time.sleep(0.05)

    return wait


@pytest.fixture(scope="session")
def live() -> pd.DataFrame:
    """Rows of the census with a rule's prediction, ids, and times over eight weeks of 2016."""
    return _with_predictions(pd.read_parquet(DATA / "live.parquet").iloc[:ROWS])


@pytest.fixture(scope="session")
def spec_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model `employment` with weekly windows, profiled from the reference."""
    training = _with_predictions(pd.read_parquet(DATA / "reference.parquet").iloc[:ROWS])
    made = profile(
        training,
        model_id="employment",
        kind="binary",
        target="employed",
        scores="score",
        exclude=("split", "year", "id", "time"),
        types={"SEX": "categorical", "MAR": "categorical"},
        granularity="1W",
        # Rows are to be found in their own windows, however few.
        minimum_rows=0,
    )
    return made.save(tmp_path_factory.mktemp("spec") / "employment.spec")


def _with_predictions(frame: pd.DataFrame) -> pd.DataFrame:
    """The rule: people of working age are employed, with more certainty the nearer to 42."""
    frame = frame.reset_index(drop=True)
    score = np.clip(1.2 - np.abs(frame["AGEP"] - 42) / 40, 0.02, 0.98)
    eight_weeks_s = 8 * 7 * 86_400
    return frame.assign(
        prediction=(score > 0.5).astype(int),
        score=score,
        id=[f"r{i}" for i in range(len(frame))],
        time=1_451_606_400 + np.arange(len(frame)) * (eight_weeks_s / len(frame)),
    )


@pytest.fixture
def registered(spec_file: Path) -> Callable[[Running], Running]:
    """Register the model with a hub and give the hub back."""

    def give(hub: Running) -> Running:
        register(spec_file, hub.said["http"])
        return hub

    return give


@pytest.fixture
def start_device(tmp_path: Path) -> Iterator[StartDevice]:
    """`start_device(store=..., hub=...)`: a device whose agent folds at once."""
    started: list[Process] = []
    spec = write_spec(tmp_path)

    def start(store: Path, hub: str = "", clock: Path | None = None) -> Device:
        shifted = Path(__file__).parents[1] / "chaos" / "shifted.py"
        arguments = [str(shifted), str(clock)] if clock else ["-m", "whitebox_agent.cli"]
        arguments += ["run", "--store", str(store), "--spec", str(spec), "--agent-id", "edge"]
        arguments += [
            "--http",
            "127.0.0.1:0",
            "--listen",
            "127.0.0.1:0",
            *(("--hub", hub) if hub else ()),
        ]
        times = {"SETTLE_MS": "0", "FOLD_INTERVAL_MS": "100", "PARTIAL_INTERVAL_S": "1"}
        settings = {f"WHITEBOX_AGENT_{name}": value for name, value in times.items()}
        started.append(Process(arguments, tmp_path, **settings))
        return Device(tmp_path, store, started[-1])

    yield start
    for process in started:
        if process.ended is None:
            process.kill()
