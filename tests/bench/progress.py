"""Showing that a stage of a bench runs, how far it is, and how long it took."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress(stage: str) -> Iterator[Callable[[int, int], None]]:
    """What is given hears how much is done of how much; only who looks on at a terminal sees it."""
    live, start = sys.stderr.isatty(), time.monotonic()

    def told(done: int, total: int) -> None:
        if live:
            print(f"\r{stage:<44}{done:>5} of {total}", end="", file=sys.stderr, flush=True)

    told(0, 1)
    yield told
    end = "\r" if live else ""
    seconds = time.monotonic() - start
    print(f"{end}{stage:<44}{seconds:>9.1f} s", file=sys.stderr, flush=True)
