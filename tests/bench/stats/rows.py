"""The rows of the experiments: what columns are drawn from, always the same for the same seeds.

Rows are float64 of shape [rows, columns]; a categorical column holds the places of its categories.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from whitebox_wire.vector import FloatArray

SEED = 20_260_101
REFERENCE_ROWS = 20_000
SHARES = (0.5, 0.3, 0.15, 0.04, 0.01)
CATEGORIES = ("a", "b", "c", "d", "e")

Shape = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Law:
    """What columns are drawn from."""

    name: str
    draw: Callable[[np.random.Generator, Shape], FloatArray]
    categorical: bool = False


def _zero_inflated(rng: np.random.Generator, shape: Shape) -> FloatArray:
    return np.where(rng.uniform(size=shape) < 0.6, 0.0, rng.lognormal(size=shape))


def _categories(rng: np.random.Generator, shape: Shape) -> FloatArray:
    places = np.searchsorted(np.cumsum(SHARES[:-1]), rng.uniform(size=shape), side="right")
    return places.astype(np.float64)


NORMAL = Law("normal", lambda rng, shape: rng.normal(size=shape))
LAWS = (
    NORMAL,
    Law("lognormal", lambda rng, shape: rng.lognormal(size=shape)),
    Law("zero-inflated", _zero_inflated),
    Law("categorical", _categories, categorical=True),
)


def draw(laws: Sequence[Law], rows: int, *seeds: int) -> FloatArray:
    """Rows of columns that follow the laws, one each; neighbours of one law are drawn at once.

    >>> draw([NORMAL] * 3, 4, 1).shape
    (4, 3)
    """
    rng = np.random.default_rng((SEED, *seeds))
    parts: list[FloatArray] = []
    start = 0
    for stop in range(1, len(laws) + 1):
        if stop == len(laws) or laws[stop] is not laws[start]:
            parts.append(laws[start].draw(rng, (rows, stop - start)))
            start = stop
    return np.hstack(parts)
