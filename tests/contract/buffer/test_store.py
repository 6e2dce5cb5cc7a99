"""What every agent's store promises of itself: one user, kept specs, an end for strangers."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.contract.buffer.conftest import (
    BIG,
    DIGEST,
    EPOCH,
    batch,
    opened,
    remembered,
    sum_of,
    take_off,
)
from whitebox_agent.buffer import (
    Buffer,
    Fold,
    StoredSpec,
    StoreError,
)
from whitebox_agent.buffer.sqlite import read_books


def test_everything_is_there_after_reopening_and_the_stream_goes_on(path: Path) -> None:
    with opened(path) as buffer:
        buffer.specs.keep(StoredSpec("m", DIGEST, b"spec", current=True))
        buffer.rows.append([batch(5)], [])
        buffer.rows.fold(Fold((), [sum_of([1] * 5)], remembered=[remembered("a")]))
        flight = take_off(buffer)

    with opened(path, epoch=1) as buffer:
        assert take_off(buffer).epoch == flight.epoch == EPOCH
        assert take_off(buffer).sequence == 1
        assert len(buffer.rows.waiting(5)) == 1
        assert set(buffer.rows.recall("m", ["a"])) == {"a"}
        assert [s.spec_bytes for s in buffer.specs.all()] == [b"spec"]


def test_one_spec_of_a_model_is_current_and_old_ones_are_kept(buffer: Buffer) -> None:
    buffer.specs.keep(StoredSpec("m", b"e" * 32, b"newer", current=True))
    buffer.specs.keep(StoredSpec("n", b"f" * 32, b"other", current=True))

    assert {s.spec_bytes: s.current for s in buffer.specs.all()} == {
        b"spec": False,
        b"newer": True,
        b"other": True,
    }
    buffer.specs.keep(StoredSpec("m", DIGEST, b"spec", current=True))
    assert {s.spec_bytes for s in buffer.specs.all() if s.current} == {b"spec", b"other"}


def test_old_specs_that_nothing_refers_to_are_forgotten_when_they_are_many(buffer: Buffer) -> None:
    buffer.rows.fold(Fold((), [sum_of([1] * 5)]))

    for number in range(100):
        digest = number.to_bytes(32, "big")
        buffer.specs.keep(StoredSpec("m", digest, b"spec", current=True))

    kept = buffer.specs.all()
    assert len(kept) <= 40
    assert DIGEST in {spec.digest for spec in kept}
    assert [spec.digest for spec in kept if spec.current] == [digest]


def test_a_second_agent_is_kept_away_from_a_store_in_use(path: Path) -> None:
    with opened(path):
        with pytest.raises(StoreError, match="in use by another agent"), opened(path):
            pass

        assert read_books(path).agent_id == "edge-1"


def test_books_of_no_store_are_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        read_books(tmp_path / "none.db")


def test_a_store_of_another_format_is_refused(path: Path) -> None:
    with opened(path):
        pass
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("PRAGMA user_version = 99")
    # Where the bookmark says otherwise, the number is a bit that flipped.
    path.with_name(f"{path.name}.books").unlink()

    with pytest.raises(StoreError, match="format 99"), opened(path):
        pass


def test_a_file_that_is_no_store_is_refused(path: Path) -> None:
    path.write_bytes(b"not a database, but long enough to look like a file" * 100)

    with pytest.raises(StoreError, match=str(path)), opened(path):
        pass


def test_asking_for_what_is_not_there_writes_nothing(path: Path) -> None:
    with opened(path) as buffer:
        before = {file: file.read_bytes() for file in path.parent.iterdir()}

        assert buffer.outbox.take_off(BIG, BIG, empty=False) is None
        assert buffer.rows.forget(now_ms=0, keep_max=100) == 0

        assert {file: file.read_bytes() for file in path.parent.iterdir()} == before
