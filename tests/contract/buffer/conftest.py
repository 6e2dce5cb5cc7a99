"""What the contract tests of an agent's store share. An adapter joins in `BUFFERS`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest

from whitebox_agent.buffer import (
    Buffer,
    Flight,
    Remembered,
    RowBatch,
    StoredSpec,
    Stream,
    Sum,
)
from whitebox_agent.buffer.sqlite import open_sqlite
from whitebox_wire.layout import Section, SectionSize
from whitebox_wire.messages import RowLedger, WindowKey

BUFFERS = {"sqlite": open_sqlite}
EPOCH = 2**64 - 7
DIGEST = b"d" * 32
SIZE = SectionSize(3, 2)
BIG = 10**9
LABELS = Section.LABELS


@pytest.fixture(params=list(BUFFERS))
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"{request.param}.db"


def opened(path: Path, epoch: int = EPOCH) -> AbstractContextManager[Buffer]:
    return BUFFERS[path.stem](path, "edge-1", epoch)


@pytest.fixture
def buffer(path: Path) -> Iterator[Buffer]:
    with opened(path) as found:
        found.specs.keep(StoredSpec("m", DIGEST, b"spec", current=True))
        yield found


def batch(rows: int = 5, stream: Stream = Stream.INFERENCES, body: bytes = b"rows") -> RowBatch:
    return RowBatch("m", stream, rows, body, received_ms=1_000)


def sum_of(
    cells: Sequence[int], *, rows: int = 5, start_s: int = 0, section: Section = Section.FEATURES
) -> Sum:
    key = WindowKey("m", DIGEST, 0, start_s, section)
    return Sum(key, 3_600, rows, SIZE, np.array(cells), ready_ms=100)


def remembered(id_: str, start_s: int = 0, expires_ms: int = 9_000) -> Remembered:
    return Remembered("m", id_, DIGEST, start_s, b"record", expires_ms)


def inferences(buffer: Buffer) -> RowLedger:
    return buffer.books.read().ledgers[0].inferences


def take_off(buffer: Buffer, *, now_ms: int = BIG, bytes_max: int = BIG) -> Flight:
    flight = buffer.outbox.take_off(now_ms, bytes_max, empty=False)
    assert flight is not None
    return flight
