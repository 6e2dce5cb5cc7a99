"""What every measurement is given: how thorough to be, beside whom, where, and whom to tell."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.peers import Worker
from tests.bench.progress import progress

ROUNDS_QUICK = 1

Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Plan:
    """`folder` is empty and on a disk; `whylogs` is None where the peers are not measured."""

    folder: Path
    whylogs: Worker | None
    quick: bool = False

    def rounds(self, thorough: int) -> int:
        return ROUNDS_QUICK if self.quick else thorough

    def stage(self, name: str) -> AbstractContextManager[Callable[[int, int], None]]:
        """Show that a stage runs; see `progress`."""
        return progress(name)
