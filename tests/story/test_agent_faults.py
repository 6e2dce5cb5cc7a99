"""An agent on a device where things break: the disk is full or fails, the store is damaged, the
clock is wrong. Real processes, real faults; what could not be kept is counted.
"""

from __future__ import annotations

import os
import random
import resource
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import grpc
import pytest

from tests.chaos.damage import cut, flip, zero
from tests.chaos.model import FIRST_S, HOUR_S, Call, write_spec
from tests.chaos.power import can_mount, disk
from tests.chaos.verdict import hub_sums
from tests.chaos.world import Process
from whitebox_agent import Agent, Config, register
from whitebox_agent.buffer import StoreError
from whitebox_agent.buffer.sqlite import read_books
from whitebox_wire.codec import encode_record_request
from whitebox_wire.messages import DropReason, RecordRequest, RowLedger

WAIT_S = 30.0
HEALED_S = 5.0
RECORD = "/whitebox_wire.v1.InferenceLog/Record"
YEAR_MS = 365 * 86_400_000


@dataclass
class Device:
    """An agent's process, its store, and a client beside it."""

    folder: Path
    store: Path
    agent: Process
    number: int = 0

    def record(self, calls: int = 1) -> int:
        """Log so many calls more; how many of their rows were acknowledged."""
        rows = 0
        with grpc.insecure_channel(self.agent.said["listen"]) as channel:
            method = channel.unary_unary(RECORD)
            for _ in range(calls):
                call = Call(0, self.number)
                self.number += 1
                with suppress(grpc.RpcError):
                    method(encode_record_request(RecordRequest(call.batch)), timeout=WAIT_S)
                    rows += call.batch.rows
        return rows

    def record_until(self, accepted: bool, within_s: float = WAIT_S) -> int:
        """Log calls until one is accepted, or refused; how many rows were acknowledged."""
        deadline, rows = time.monotonic() + within_s, 0
        while time.monotonic() < deadline:
            one = self.record()
            rows += one
            if bool(one) is accepted:
                return rows
        raise AssertionError(f"no call was {'accepted' if accepted else 'refused'} in time")

    def wait_until_folded(self, rows: int) -> None:
        deadline = time.monotonic() + WAIT_S
        while self.ledger.folded < rows:
            assert time.monotonic() < deadline, f"not folded in time: {self.ledger}"
            time.sleep(0.05)

    @property
    def ledger(self) -> RowLedger:
        for _ in range(100):
            with suppress(StoreError, IndexError):
                return read_books(self.store).ledgers[0].inferences
            time.sleep(0.05)
        raise AssertionError("the books cannot be read")


StartDevice = Callable[..., Device]


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


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Process]:
    store = str(tmp_path / "hub.db")
    arguments = ["--store", store, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"]
    process = Process(["-m", "whitebox_hub.cli", "serve", *arguments], tmp_path)
    register(write_spec(tmp_path), process.said["http"])
    yield process
    if process.ended is None:
        process.kill()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MiB; where none can be mounted, a folder (see `fill`)."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    mounted = subprocess.run(command, check=False, capture_output=True).returncode == 0
    yield folder
    if mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path, pid: int) -> Callable[[], object]:
    """Leave no byte free in the folder for the process; gives what frees it again."""
    if not os.path.ismount(folder):
        limits = ((folder / "agent.db").stat().st_size, resource.RLIM_INFINITY)
        free = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
        return lambda: resource.prlimit(pid, resource.RLIMIT_FSIZE, free)
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            with suppress(OSError):
                while file.write(bytes(size)):
                    pass
    return filler.unlink


def test_a_full_disk_stops_no_prediction_and_recording_resumes_when_there_is_space(
    start_device: StartDevice, small_disk: Path
) -> None:
    """D6: rows are refused while nothing fits, folded all the same, and taken again by itself."""
    device = start_device(small_disk / "agent.db")
    acknowledged = device.record(20)

    free = fill(small_disk, device.agent.pid)
    acknowledged += device.record_until(accepted=False) + device.record(5)
    device.wait_until_folded(acknowledged)
    free()
    acknowledged += device.record_until(accepted=True, within_s=HEALED_S)
    acknowledged += device.record(20)

    device.wait_until_folded(acknowledged)
    assert device.agent.stop() == 0
    assert device.ledger.balances


def test_on_a_full_disk_logging_in_process_goes_on_and_what_is_shed_is_the_disks_fault(
    small_disk: Path, tmp_path: Path
) -> None:
    """D6, D8: `log` answers 0 and raises nothing; the rows are counted as `disk_full`."""
    config = Config(
        store_path=str(small_disk / "agent.db"),
        specs=(str(write_spec(tmp_path)),),
        queue_rows_max=100,
    )
    row = {"age": 40.0, "pay": 50.0, "job": "nurse", "prediction": "yes", "score": 0.5}
    with Agent(config) as agent:
        agent.log("chaos", row)
        assert agent.flush()
        free = fill(small_disk, os.getpid())
        shed = 0
        deadline = time.monotonic() + WAIT_S
        while shed < 1_000 and time.monotonic() < deadline:
            with suppress(StoreError):
                agent.flush()
            shed += sum(not agent.log("chaos", row, id="x" * 200) for _ in range(2_000))
        free()
        while not _flushed(agent):
            assert time.monotonic() < deadline, "recording did not resume"
        [ledger] = agent.books().ledgers

    assert shed >= 1_000
    assert ledger.inferences.balances
    assert ledger.inferences.dropped[DropReason.DISK_FULL] > 0
    assert sum(ledger.inferences.dropped.values()) == shed


def _flushed(agent: Agent) -> bool:
    try:
        return agent.flush()
    except StoreError:
        return False


def test_an_agent_starts_on_a_full_disk_and_folds_what_lies_there(
    start_device: StartDevice, small_disk: Path
) -> None:
    """D6: a device that comes up with no byte free is no crash loop."""
    device = start_device(small_disk / "agent.db")
    acknowledged = device.record(20)
    device.agent.kill()
    free = fill(small_disk, 0) if os.path.ismount(small_disk) else lambda: None

    again = start_device(device.store)
    again.wait_until_folded(acknowledged)
    free()

    again.number = device.number
    assert again.record_until(accepted=True, within_s=HEALED_S)
    assert again.agent.stop() == 0


@pytest.mark.parametrize("limit", [0, 4_096, 200_000])
def test_files_that_may_not_grow_are_as_a_full_disk(
    start_device: StartDevice, tmp_path: Path, limit: int
) -> None:
    """D6: another error than a full disk's, the same answer."""
    device = start_device(tmp_path / "agent.db")
    acknowledged = device.record(20)

    resource.prlimit(device.agent.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    acknowledged += device.record(10)
    free = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.prlimit(device.agent.pid, resource.RLIMIT_FSIZE, free)
    acknowledged += device.record_until(accepted=True, within_s=HEALED_S)

    device.wait_until_folded(acknowledged)
    assert device.agent.stop() == 0
    assert device.ledger.balances


def test_a_disk_whose_fsync_fails_ends_nothing_and_loses_no_acknowledged_row(
    start_device: StartDevice, tmp_path: Path
) -> None:
    """D1, D6: the disk is an image that lies on a disk without space: writing it back fails."""
    assert can_mount(tmp_path), "this test mounts images: run it as root"
    under = tmp_path / "under"
    under.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(under)], check=True)
    try:
        with disk(under / "disk.img", tmp_path / "disk") as mounted:
            device = start_device(mounted / "agent.db")
            acknowledged = device.record(20)
            with (under / "filler").open("wb", buffering=0) as file, suppress(OSError):
                while file.write(bytes(4_096)):
                    pass
            acknowledged += device.record_until(accepted=False)
            device.record(5)
            assert device.agent.ended is None
            (under / "filler").unlink()
            device.agent.kill()
        with disk(under / "disk.img", tmp_path / "disk", make=False) as mounted:
            again = start_device(mounted / "agent.db")
            ledger = again.ledger
            assert ledger.balances
            assert ledger.recorded >= acknowledged
            assert DropReason.CORRUPTION not in ledger.dropped
            assert again.record_until(accepted=True, within_s=HEALED_S)
            again.agent.kill()
    finally:
        subprocess.run(["umount", "-l", str(under)], check=True)


@pytest.mark.parametrize("kind", [flip, zero, cut], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("running", [True, False], ids=["running", "at rest"])
def test_a_damaged_store_records_again_within_seconds_and_what_is_lost_is_counted(
    start_device: StartDevice,
    hub: Process,
    tmp_path: Path,
    kind: Callable[[Path, int], None],
    *,
    running: bool,
) -> None:
    """D7: with nobody's help; the bad file is kept aside, and nothing is counted twice."""
    device = start_device(tmp_path / "agent.db", hub.said["grpc"])
    recorded = device.record(60)
    rng = random.Random(7)
    for _ in range(8):
        if not running:
            device.agent.kill()
        path = rng.choice([device.store, device.store.with_name("agent.db-wal")])
        if path.exists() and path.stat().st_size:
            kind(path, rng.randrange(path.stat().st_size))
        if not running:
            number = device.number
            device = start_device(device.store, hub.said["grpc"])
            device.number = number
        recorded += device.record_until(accepted=True, within_s=HEALED_S)

    # What a running agent holds in memory it does not read again: the last damage shows at a start.
    device.agent.kill()
    device = start_device(device.store, hub.said["grpc"])
    deadline = time.monotonic() + WAIT_S
    while device.ledger.pending and time.monotonic() < deadline:
        time.sleep(0.1)
    assert device.agent.stop() == 0
    assert hub.stop() == 0
    ledger = device.ledger
    assert ledger.balances
    assert not ledger.pending
    arrived = hub_sums(tmp_path / "hub.db")
    for number, sums in arrived.items():
        for section, vector in sums.items():
            assert vector.tolist() == Call(0, number).folded()[section].tolist()
    rows = sum(Call(0, number).batch.rows for number in arrived)
    assert recorded - rows <= ledger.dropped.get(DropReason.CORRUPTION, 0)
    assert len(list(tmp_path.glob("agent.db.damaged-*"))) <= 6


@pytest.mark.parametrize("off_ms", [40 * YEAR_MS, -40 * YEAR_MS, -7_200_000])
def test_a_clock_that_is_wrong_and_is_set_loses_nothing_and_places_rows_by_the_hubs_time(
    start_device: StartDevice, hub: Process, tmp_path: Path, off_ms: int
) -> None:
    """D9: rows that the device stamps lie in the hour that it is for the hub."""
    clock = tmp_path / "clock-ms"
    clock.write_text(str(off_ms))
    device = start_device(tmp_path / "agent.db", hub.said["grpc"], clock)
    deadline = time.monotonic() + WAIT_S
    while read_books(device.store).acknowledged_ms is None and time.monotonic() < deadline:
        time.sleep(0.05)
    before_s = time.time() // HOUR_S * HOUR_S

    with grpc.insecure_channel(device.agent.said["listen"]) as channel:
        method = channel.unary_unary(RECORD)
        for number in range(10):
            clock.write_text(str(off_ms + number * 86_400_000))
            call = Call(0, number)
            timeless = RecordRequest(replace(call.batch, times_ms=None))
            method(encode_record_request(timeless), timeout=WAIT_S)

    while device.ledger.pending and time.monotonic() < deadline:
        time.sleep(0.05)
    rows = sum(Call(0, number).batch.rows for number in range(10))
    assert device.ledger == RowLedger(rows, rows, rows, 0)
    assert device.agent.stop() == 0
    assert hub.stop() == 0
    starts = {FIRST_S + HOUR_S * number for number in hub_sums(tmp_path / "hub.db")}
    assert starts <= {before_s, before_s + HOUR_S}
