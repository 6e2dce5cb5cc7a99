"""Training values of one column in bounded memory: all of them, or a fair sample.

Which values are kept depends on their places in the data alone (each place has a fixed random
rank, and the lowest ranks stay), so the same rows give the same sample however they are chunked.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from whitebox_wire.vector import FloatArray

Ranks = npt.NDArray[np.uint64]


class Sample:
    """Up to `size_max` of the values added, each with the same chance to stay."""

    def __init__(self, size_max: int) -> None:
        self.seen = 0
        self._size_max = size_max
        self._values: list[FloatArray] = []
        self._ranks: list[Ranks] = []
        # Values of this rank or above are not among the lowest any more.
        self._limit = np.uint64(2**64 - 1)
        self._held = 0

    @property
    def complete(self) -> bool:
        """Whether every value is still here."""
        return self.seen <= self._size_max

    def add(self, values: FloatArray) -> None:
        """Add finite values (float64, shape [n]) in the data's order; the array is kept."""
        first = self.seen
        self.seen += values.size
        if self.complete:
            self._values.append(values)
            self._held = self.seen
            return
        if not self._ranks:
            self._ranks = [place_ranks(0, first)]
            self._values = [np.concatenate((*self._values, values[:0]))]
        ranks = place_ranks(first, values.size)
        low = ranks < self._limit
        self._values.append(values[low])
        self._ranks.append(ranks[low])
        self._held += int(np.count_nonzero(low))
        if self._held > self._size_max + self._size_max // 4:
            self._shrink()

    def sorted(self) -> FloatArray:
        """The values kept, rising: float64, shape [n <= size_max]."""
        if not self.complete and self._held > self._size_max:
            self._shrink()
        return np.sort(np.concatenate((*self._values, np.empty(0))))

    def _shrink(self) -> None:
        values, ranks = np.concatenate(self._values), np.concatenate(self._ranks)
        lowest = np.argpartition(ranks, self._size_max)
        self._limit = ranks[lowest[self._size_max]]
        kept = lowest[: self._size_max]
        self._values, self._ranks = [values[kept]], [ranks[kept]]
        self._held = self._size_max


def place_ranks(first: int, count: int) -> Ranks:
    """The ranks of places `first` to `first + count`: splitmix64 of the place (Steele, 2014)."""
    rank: Ranks = np.arange(first + 1, first + count + 1, dtype=np.uint64)
    rank *= np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        rank ^= rank >> np.uint64(shift)
        rank *= np.uint64(factor)
    rank ^= rank >> np.uint64(31)
    return rank
