"""An agent on a disk that is full or fails: real faults, and what was lost is counted."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.chaos.device import HEALED_S, WAIT_S, StartDevice
from tests.chaos.model import write_spec
from tests.chaos.power import can_mount, disk
from whitebox_agent import Agent, Config
from whitebox_agent.buffer import StoreError
from whitebox_wire.messages import DropReason


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
