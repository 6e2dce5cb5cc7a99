"""What may happen to a file on a bad disk: a bit flips, a page is zeros, the end is missing."""

from __future__ import annotations

import random
from pathlib import Path

PAGE_BYTES = 4_096
# The files of a store; half of all damage goes where the data are.
_ENDINGS = ("", "-wal", ".books", ".reserve", ".lock")


def damage(store: Path, rng: random.Random) -> str:
    """Damage one of the store's files at random; what was done."""
    files = [store.with_name(store.name + ending) for ending in _ENDINGS]
    there = [path for path in files if path.exists() and path.stat().st_size]
    path = rng.choice(there[:2] if rng.random() < 0.6 else there)
    size = path.stat().st_size
    kind = rng.choice((flip, zero, cut))
    kind(path, rng.randrange(size))
    return f"{kind.__name__} {path.name}"


def flip(path: Path, at: int) -> None:
    """Flip one bit of the byte at `at`."""
    with path.open("r+b") as file:
        file.seek(at)
        [byte] = file.read(1)
        file.seek(at)
        file.write(bytes([byte ^ (1 << at % 8)]))


def zero(path: Path, at: int) -> None:
    """Write zeros over the page that holds `at`."""
    start = at // PAGE_BYTES * PAGE_BYTES
    with path.open("r+b") as file:
        file.seek(start)
        file.write(bytes(min(PAGE_BYTES, path.stat().st_size - start)))


def cut(path: Path, at: int) -> None:
    """Cut the file off at `at`."""
    with path.open("r+b") as file:
        file.truncate(at)
