"""Power cuts: a file system's image is copied at a moment nobody chose, and that is what is left.

The agent's store lies on ext4 in a file that is mounted as a disk. What the kernel has not written
to that file yet is not in the copy, as after a cut of the power. The copy is mounted, the store in
it opened, and every row that was acknowledged before the copy began must be there. Needs root.
"""

from __future__ import annotations

import multiprocessing
import random
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from whitebox_agent.buffer import RowBatch, StoredSpec, StoreError, Stream
from whitebox_agent.buffer.sqlite import open_sqlite
from whitebox_wire.messages import DropReason

IMAGE_BYTES = 24 * 1024 * 1024
DIGEST = b"d" * 32


@contextmanager
def disk(image: Path, folder: Path, *, make: bool = True) -> Iterator[Path]:
    """The image mounted at `folder`, with a new ext4 in it if `make`.

    Raises:
        subprocess.CalledProcessError: this machine cannot.
    """
    if make:
        with image.open("wb") as file:
            file.truncate(IMAGE_BYTES)
        _run("mkfs.ext4", "-q", "-F", str(image))
    folder.mkdir(exist_ok=True)
    _run("mount", "-o", "loop", str(image), str(folder))
    try:
        yield folder
    finally:
        _run("umount", str(folder))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def can_mount(folder: Path) -> bool:
    """Whether this machine lets us mount images."""
    try:
        with disk(folder / "try.img", folder / "try"):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


@dataclass
class Writers:
    """Threads that append batches to a store; `acknowledged` are those that returned."""

    store: Path
    acknowledged: list[int] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        with open_sqlite(self.store, "edge", 1) as buffer:
            buffer.specs.keep(StoredSpec("m", DIGEST, b"spec", current=True))
            number = 0
            while not self._stop.is_set():
                body = number.to_bytes(4, "big") * 50
                buffer.rows.append([RowBatch("m", Stream.INFERENCES, 1, body, number)], [])
                self.acknowledged.append(number)
                number += 1

    def stop(self) -> None:
        self._stop.set()


def power_cuts(folder: Path, rng: random.Random, cuts: int) -> str:
    """Cut the power so many times; what there is to say of it.

    Raises:
        AssertionError: a row that was acknowledged is not there, or is there and counted as lost.
    """
    kept, extra = 0, 0
    with disk(folder / "disk.img", folder / "disk") as mounted, ThreadPoolExecutor(1) as pool:
        for cut in range(cuts):
            writers = Writers(mounted / f"{cut}.db")
            writing = pool.submit(writers.run)
            time.sleep(rng.uniform(0.05, 0.5))
            before = len(writers.acknowledged)
            shutil.copyfile(folder / "disk.img", folder / "cut.img")
            writers.stop()
            writing.result()
            found = _found(folder, f"{cut}.db") if before else []
            assert found[:before] == writers.acknowledged[:before], f"cut {cut}: rows are missing"
            kept, extra = kept + before, extra + len(found) - before
            for path in mounted.glob(f"{cut}.db*"):
                path.unlink()
    return f"cuts={cuts} acknowledged rows kept={kept}, rows that came while copying={extra}"


def killed_writers(folder: Path, rng: random.Random, cuts: int) -> str:
    """As `power_cuts`, but the process is killed and the file system lives on."""
    spawning = multiprocessing.get_context("spawn")
    kept = 0
    for cut in range(cuts):
        ours, theirs = spawning.Pipe(duplex=False)
        store = folder / f"{cut}.db"
        process = spawning.Process(target=_write_and_tell, args=(store, theirs))
        process.start()
        assert ours.recv() == 0
        time.sleep(rng.uniform(0.05, 0.5))
        process.kill()
        process.join()
        theirs.close()
        acknowledged = 1
        with suppress(EOFError):
            while ours.poll():
                acknowledged = ours.recv() + 1
        found = _batches(store)
        assert found[:acknowledged] == list(range(acknowledged)), f"cut {cut}: rows are missing"
        kept += acknowledged
    return f"cuts={cuts} acknowledged rows kept={kept}, by kill -9"


def _write_and_tell(store: Path, told: Connection) -> None:
    writers = Writers(store)
    writers.acknowledged = _Telling(told)
    writers.run()


class _Telling(list[int]):
    def __init__(self, told: Connection) -> None:
        super().__init__()
        self._told = told

    def append(self, number: int) -> None:
        self._told.send(number)


def _found(folder: Path, name: str) -> list[int]:
    """The batches in the copy, in order, as an agent that starts after the cut sees them."""
    with disk(folder / "cut.img", folder / "cut", make=False) as mounted:
        return _batches(mounted / name)


def _batches(store: Path) -> list[int]:
    try:
        with open_sqlite(store, "edge", 1) as buffer:
            books = buffer.books.read()
            waiting = buffer.rows.waiting(1_000_000)
    except StoreError as error:
        raise AssertionError(f"the store cannot be opened: {error}") from error
    for ledger in books.ledgers:
        assert ledger.inferences.balances
        assert DropReason.CORRUPTION not in ledger.inferences.dropped
    return [int.from_bytes(batch.body[:4], "big") for batch in waiting]
