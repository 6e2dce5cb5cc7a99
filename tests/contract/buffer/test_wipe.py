"""Rows that were folded are gone from every file of the store, not only from its tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.buffer.conftest import batch, opened
from whitebox_agent.buffer import Fold

KIND = b"\x07raw-row-%06d"


def all_bytes(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))


@pytest.mark.parametrize("copies", [1, 40, 4_000], ids=["short", "a page", "many pages"])
def test_no_byte_of_a_folded_row_is_left_after_a_wipe(path: Path, copies: int) -> None:
    bodies = [KIND % i * copies for i in range(50)]
    with opened(path) as buffer:
        for body in bodies:
            buffer.rows.append([batch(body=body)], [])
        assert all(body[:14] in all_bytes(path) for body in bodies)
        for _ in range(5):
            buffer.rows.fold(Fold(buffer.rows.waiting(50), (), now_ms=7))

        buffer.rows.wipe()

        assert not any(body[:14] in all_bytes(path) for body in bodies)
        assert not buffer.rows.waiting(1)


def test_rows_that_are_not_folded_stay_through_a_wipe(path: Path) -> None:
    with opened(path) as buffer:
        buffer.rows.append([batch(body=b"first"), batch(body=b"second")], [])
        buffer.rows.fold(Fold(buffer.rows.waiting(1), (), now_ms=7))

        buffer.rows.wipe()

        assert [each.body for each in buffer.rows.waiting(100)] == [b"second"]
