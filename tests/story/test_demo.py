"""The demo as its user runs it: what it writes and says, and that nothing outlives it."""

from __future__ import annotations

import doctest
import importlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN = ROOT / "deploy" / "demo" / "run.py"
# Enough for alerts, and over in seconds.
ROWS = 20_000
PROCESSES = 4
DEADLINE_S = 60.0

Demo = subprocess.Popen[str]
StartDemo = Callable[..., Demo]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[StartDemo]:
    """Starts demos that write to tmp_path, and stops what a failed test leaves of them."""
    started: list[Demo] = []

    def _start(*options: str) -> Demo:
        command = [sys.executable, str(RUN), "--rows", str(ROWS), "--out", str(tmp_path), *options]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True))
        return started[-1]

    yield _start
    for demo in started:
        demo.terminate()
        demo.communicate()


def _pids(folder: Path) -> list[int]:
    """The ids of the demo's children, once it has started all of them."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        try:
            pids = [int(pid) for pid in (folder / "pids").read_text().split()]
        except FileNotFoundError:
            pids = []
        if len(pids) == PROCESSES:
            return pids
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_demo_ends_well_with_every_row_in_the_hub_and_an_alert(
    start: StartDemo, tmp_path: Path
) -> None:
    demo = start()

    pids = _pids(tmp_path)
    said, complaints = demo.communicate(timeout=DEADLINE_S)

    assert demo.returncode == 0, complaints
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["rows_recorded"] == report["rows_in_hub"] == report["labels_joined"] == ROWS
    assert report["shipped_bytes"] <= report["raw_bytes"] / 10
    assert sum(week["labelled_rows"] for week in report["metrics_by_window"]) == ROWS
    assert all(alert["drivers"] for alert in report["alerts"])
    assert report["alerts"]
    assert f"{len(report['alerts'])} alerts to pull" in said
    assert max(map(len, said.split("WHERE TO LOOK NEXT")[0].splitlines())) <= 100
    assert not any(map(_lives, pids))


def test_a_device_that_dies_ends_the_demo_with_the_end_of_its_log(
    start: StartDemo, tmp_path: Path
) -> None:
    demo = start()
    pids = _pids(tmp_path)

    os.kill(pids[1], signal.SIGKILL)

    _, complaints = demo.communicate(timeout=DEADLINE_S)
    assert demo.returncode == 1
    died = f"boston was ended by signal 9; the end of {tmp_path}/boston.log"
    assert f"demo failed: {died}" in complaints
    assert not any(map(_lives, pids))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_stopped_leaves_nothing_running(
    start: StartDemo, tmp_path: Path, number: signal.Signals
) -> None:
    demo = start()
    pids = _pids(tmp_path)

    demo.send_signal(number)

    said, _ = demo.communicate(timeout=DEADLINE_S)
    assert (demo.returncode, said.splitlines()[-1]) == (130, "stopped; nothing was left running")
    assert not any(map(_lives, pids))


def test_a_kept_demo_answers_until_the_next_one_ends_it(start: StartDemo, tmp_path: Path) -> None:
    kept = start("--keep")
    said, _ = kept.communicate(timeout=DEADLINE_S)
    assert kept.returncode == 0
    [address] = set(re.findall(r"curl '(http://[^/]+)", said))
    with urllib.request.urlopen(f"{address}/v1/alerts?model_id=employment") as answer:
        assert json.load(answer) == json.loads((tmp_path / "report.json").read_text())["alerts"]

    following = start()
    said, _ = following.communicate(timeout=DEADLINE_S)

    assert following.returncode == 0
    assert f"ended {PROCESSES} processes that an earlier demo had kept running" in said
    with pytest.raises(urllib.error.URLError, match="refused"):
        urllib.request.urlopen(f"{address}/v1/health")


@pytest.mark.parametrize("name", ["census", "device", "report", "story", "years"])
def test_the_examples_in_the_demos_modules_hold(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)
    module = importlib.import_module(f"deploy.demo.{name}")

    outcome = doctest.testmod(module, optionflags=doctest.ELLIPSIS)

    assert outcome.attempted > 0
    assert outcome.failed == 0


def test_rows_that_the_hub_lacks_are_a_fault_of_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)
    outcome = importlib.import_module("deploy.demo.outcome")
    device = importlib.import_module("deploy.demo.device")
    years = importlib.import_module("deploy.demo.years")
    boston = device.Progress("boston", 9, 9, 9, 0, 900, recorded=9, finished=True)

    run = outcome.Outcome(
        devices=[boston],
        totals={"rows": 8, "labelled_rows": 8},
        agents={},
        alerts=[],
        performance=[],
        drift=[],
        reference=years.quality([]),
        ids_in_hub=0,
        hub="",
        seconds=1.0,
    )

    assert run.faults() == [
        "devices recorded 9 rows, the hub has 8",
        "the hub has no alert to pull",
    ]
