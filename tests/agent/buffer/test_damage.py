"""D7: whatever file of a store is damaged, it goes on at once, and nothing is counted twice.

A world in small: a store, a hub that counts each export once and loses requests and answers, and
calls whose rows have a cell of their own in every vector. Random damage falls on it at rest or
while it is open.
"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from tests.chaos.damage import damage
from whitebox_agent.buffer import (
    Buffer,
    DamagedError,
    Fold,
    Landing,
    Remembered,
    RowBatch,
    StoredSpec,
    Stream,
    Sum,
)
from whitebox_agent.buffer.sqlite import open_sqlite
from whitebox_agent.buffer.sqlite.bookmark import Bookmark, Position
from whitebox_wire.layout import Section, SectionSize
from whitebox_wire.messages import DropReason, RowLedger, WindowKey
from whitebox_wire.vector import IntVector

CALLS_MAX = 500
ROWS = 3
SIZE = SectionSize(CALLS_MAX - 2, 2)
DIGEST = b"d" * 32
NOW_MS = 10**9
TRIES = 4
SEEDS_EACH = 10

Answer = TypeVar("Answer")


@dataclass
class World:
    rng: random.Random
    calls: int = 0
    positions: Counter[int] = field(default_factory=Counter)
    counted: IntVector = field(default_factory=lambda: np.zeros(CALLS_MAX, np.int64))

    def append(self, buffer: Buffer) -> None:
        body = self.calls.to_bytes(2, "big") * self.rng.randint(10, 3_000)
        buffer.rows.append([RowBatch("m", Stream.INFERENCES, ROWS, body, 1_000)], [])
        self.calls += 1

    def fold(self, buffer: Buffer) -> None:
        waiting = buffer.rows.waiting(self.rng.choice([3, 9, 30]))
        sums, remembered = [], []
        for batch in waiting:
            call = int.from_bytes(batch.body[:2], "big")
            vector = np.zeros(CALLS_MAX, np.int64)
            vector[call] = ROWS
            start_s = 3_600 * self.rng.randint(0, 30)
            key = WindowKey("m", DIGEST, 0, start_s, Section.FEATURES)
            sums.append(Sum(key, 3_600, ROWS, SIZE, vector, ready_ms=100))
            remembered.append(Remembered("m", f"r{call}", DIGEST, start_s, b"record", NOW_MS))
        buffer.rows.fold(Fold(waiting, sums, remembered, now_ms=1_000))

    def ship(self, buffer: Buffer) -> None:
        """One export; its request or its answer may be lost."""
        bytes_max, empty = self.rng.choice([500, 5_000, NOW_MS]), self.rng.random() < 0.2
        flight = buffer.outbox.take_off(NOW_MS, bytes_max, empty=empty)
        fate = self.rng.random()
        if flight is None or fate < 0.15:
            return
        last = self.positions[flight.epoch]
        assert flight.sequence in (last, last + 1)
        if flight.sequence == last + 1:
            self.positions[flight.epoch] += 1
            for item in flight.items:
                self.counted += item.vector
        if fate > 0.3:
            buffer.outbox.land(flight, Landing(flight.items, now_ms=5))

    def live(self, buffer: Buffer, steps: int) -> None:
        for _ in range(steps):
            mended(self.rng.choice([self.append] * 3 + [self.fold, self.ship]), buffer)

    def drain(self, buffer: Buffer) -> RowLedger:
        while mended(lambda b: b.rows.waiting(1), buffer):
            mended(self.fold, buffer)
        while mended(lambda b: b.books.read(), buffer).outbox_items:
            mended(self.ship, buffer)
        mended(lambda b: b.books.audit(), buffer)
        return buffer.books.read().ledgers[0].inferences


def mended(do: Callable[[Buffer], Answer], buffer: Buffer) -> Answer:
    """Do something, again where the store had to be made anew first."""
    for _ in range(TRIES - 1):
        with suppress(DamagedError):
            return do(buffer)
    return do(buffer)


def killed(folder: Path, to: Path) -> Path:
    """The files of a store that is open, as a kill leaves them; the store's path among them."""
    to.mkdir()
    for path in folder.iterdir():
        if path.is_file():
            shutil.copyfile(path, to / path.name)
    return to / "agent.db"


@pytest.mark.parametrize("first", range(0, 40, SEEDS_EACH))
def test_after_any_damage_everything_is_counted_once_or_counted_as_lost(
    tmp_path: Path, first: int
) -> None:
    for seed in range(first, first + SEEDS_EACH):
        folder = tmp_path / str(seed)
        folder.mkdir()
        world = World(random.Random(seed))
        with ExitStack() as stack:
            path = folder / "agent.db"
            buffer = stack.enter_context(open_sqlite(path, "edge", seed + 1))
            buffer.specs.keep(StoredSpec("m", DIGEST, b"spec", current=True))
            world.append(buffer)
            world.live(buffer, world.rng.randint(5, 250))
            if world.rng.random() < 0.5:
                path = killed(folder, folder / "copy")
                stack.close()
                done = damage(path, world.rng)
                buffer = stack.enter_context(open_sqlite(path, "edge", seed + 1))
            else:
                done = damage(path, world.rng)
            world.live(buffer, world.rng.randint(0, 60))
            ledger = world.drain(buffer)

        told = f"seed {seed}: {done}: {ledger}"
        assert world.counted.max() <= ROWS, f"counted twice: {told}"
        assert ledger.balances, told
        assert not ledger.pending, told
        lost = ledger.dropped.get(DropReason.CORRUPTION, 0)
        assert int(world.counted.sum()) >= ledger.acknowledged, told
        assert ROWS * world.calls - int(world.counted.sum()) <= lost, f"lost in silence: {told}"


def test_a_damaged_store_is_kept_aside_but_not_more_than_two(tmp_path: Path) -> None:
    path = tmp_path / "agent.db"
    for _ in range(4):
        with open_sqlite(path, "edge", 1):
            pass
        path.write_bytes(bytes(8_192))

    with open_sqlite(path, "edge", 1):
        pass

    assert len(list(tmp_path.glob("agent.db.damaged-*"))) == 2


def test_a_bookmark_with_a_damaged_slot_gives_the_other(tmp_path: Path) -> None:
    bookmark = Bookmark(tmp_path / "books")
    bookmark.write(Position(format=2, commits=6, sequence=1))
    bookmark.write(Position(format=2, commits=7, sequence=2))
    assert bookmark.read() == Position(format=2, commits=7, sequence=2)

    with (tmp_path / "books").open("r+b") as file:
        file.seek(70_000)
        file.write(b"?")
        file.seek(64 * 1024 + 20)
        file.write(b"?")

    assert bookmark.read() == Position(format=2, commits=6, sequence=1)
    bookmark.close()
