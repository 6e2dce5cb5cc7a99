"""What every measurement is given: how thorough to be, beside whom, where, and whom to tell."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.peers import Worker

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

    @contextmanager
    def stage(self, name: str) -> Iterator[Callable[[int, int], None]]:
        """Show that a stage runs, how far it is where somebody looks on, and how long it took."""
        live, start = sys.stderr.isatty(), time.monotonic()

        def told(done: int, total: int) -> None:
            if live:
                print(f"\r{name:<44}{done:>5} of {total}", end="", file=sys.stderr, flush=True)

        told(0, 1)
        yield told
        end = "\r" if live else ""
        seconds = time.monotonic() - start
        print(f"{end}{name:<44}{seconds:>9.1f} s", file=sys.stderr, flush=True)
