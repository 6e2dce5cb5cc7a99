"""A meter tells of progress now and then, and always of the last rows of a stage."""

from __future__ import annotations

import pytest

from whitebox_agent.profile import Progress, progress
from whitebox_agent.profile.progress import Meter


def test_many_small_chunks_are_told_as_a_few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "INTERVAL_S", 3_600.0)
    told: list[Progress] = []
    meter = Meter(told.append)

    meter.begin("reading", None)
    for _ in range(1_000):
        meter.add(2)
    meter.begin("counting", 4)
    for _ in range(4):
        meter.add(1)

    assert told == [
        Progress("reading", 2),
        Progress("reading", 2_000),
        Progress("counting", 1, 4),
        Progress("counting", 4, 4),
    ]


def test_nobody_needs_to_listen() -> None:
    meter = Meter(None)

    meter.begin("reading", 1)
    meter.add(1)
