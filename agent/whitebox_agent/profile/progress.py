"""How far a profile has come, told to whoever asked, at most ten times a second."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

INTERVAL_S = 0.1


@dataclass(frozen=True, slots=True)
class Progress:
    """Rows done in one stage; `rows_total` is None while nobody has counted them."""

    stage: str
    rows: int
    rows_total: int | None = None


class Meter:
    """Counts rows by stage and tells a listener."""

    def __init__(self, listener: Callable[[Progress], None] | None) -> None:
        self._listener = listener
        self._stage, self._rows = "", 0
        self._total: int | None = None
        self._told_s, self._told_rows = -math.inf, 0

    def begin(self, stage: str, rows_total: int | None) -> None:
        """End the stage before, whose last rows are told if they were not, and begin another."""
        if self._rows != self._told_rows:
            self._tell(time.monotonic())
        self._stage, self._rows, self._total = stage, 0, rows_total
        self._told_s, self._told_rows = -math.inf, 0

    def add(self, rows: int) -> None:
        """Count rows; the first, the last and some between are told."""
        self._rows += rows
        now = time.monotonic()
        if now - self._told_s >= INTERVAL_S or self._rows == self._total:
            self._tell(now)

    def _tell(self, now_s: float) -> None:
        self._told_s, self._told_rows = now_s, self._rows
        if self._listener:
            self._listener(Progress(self._stage, self._rows, self._total))
