"""What the alert tests share: a monitor, and findings written as a line of letters."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from whitebox_hub.alert import Alert, Judged, Place
from whitebox_hub.monitor import Finding, Monitor, Verdict

HOUR_S = 3_600
VERDICTS = {"v": Verdict.VIOLATED, "o": Verdict.OK, "-": Verdict.NOT_ENOUGH_DATA}


def place(window: int) -> Place:
    return Place(window * HOUR_S, HOUR_S, b"d")


def finding(letter: str, window: int = 0, feature: str | None = "age") -> Finding:
    """V is violated, o is good, - says nothing; the value tells which window it was."""
    value = None if letter == "-" else window + 0.5
    return Finding("w", feature, VERDICTS[letter], 100, value, 0.1, reason=f"window {window}")


def judged(window: int, letter: str, feature: str | None = "age") -> Judged:
    return Judged(place(window), (finding(letter, window, feature),))


def line(letters: str, first: int = 0) -> Sequence[Judged]:
    """Windows one after another."""
    return [judged(first + i, letter) for i, letter in enumerate(letters)]


def timeless(alert: Alert | None) -> dict[str, object]:
    """What an alert says but for when the hub learnt of it."""
    if alert is None:
        return {}
    return {
        name: getattr(alert, name)
        for name in Alert.__slots__
        if name not in {"started_ms", "updated_ms", "resolved_ms"}
    }


@pytest.fixture
def monitor() -> Monitor:
    return Monitor("w", "income", "Drift", "data_drift", for_windows=1, resolve_windows=1)
