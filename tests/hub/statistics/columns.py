"""Columns of numbers and what becomes of them: the zoo on which cells are compared with rows.

Numbers are folded plainly, from the bins alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from whitebox_hub.statistics.numeric_cells import NumericCells, NumericSample
from whitebox_wire.layout import NumericBlock
from whitebox_wire.spec import NumericBins
from whitebox_wire.vector import CLIP, ONE, FloatArray, IntVector

Draw = Callable[[np.random.Generator, int], FloatArray]


def _bimodal(rng: np.random.Generator, rows: int) -> FloatArray:
    low, high = rng.normal(-3, 0.5, rows), rng.normal(2, 1, rows)
    return np.where(rng.uniform(size=rows) < 0.4, low, high)


def _zero_inflated(rng: np.random.Generator, rows: int) -> FloatArray:
    return np.where(rng.uniform(size=rows) < 0.6, 0.0, rng.lognormal(size=rows))


COLUMNS: dict[str, Draw] = {
    "normal": lambda rng, rows: rng.normal(10, 2, rows),
    "lognormal": lambda rng, rows: rng.lognormal(size=rows),
    "heavy tails": lambda rng, rows: rng.standard_t(3, rows),
    "bimodal": _bimodal,
    "uniform": lambda rng, rows: rng.uniform(size=rows),
    "exponential": lambda rng, rows: rng.exponential(size=rows),
    "integer": lambda rng, rows: rng.poisson(3, rows).astype(np.float64),
    "many integers": lambda rng, rows: rng.negative_binomial(1, 0.01, rows).astype(np.float64),
    "three values": lambda rng, rows: rng.choice([0.0, 1.0, 2.0], rows, p=[0.5, 0.3, 0.2]),
    "zero inflated": _zero_inflated,
}


def changes(rng: np.random.Generator, values: FloatArray) -> Iterator[tuple[str, FloatArray]]:
    """The values as they are, moved, stretched, with new tails; whole numbers stay whole."""
    deviation, whole = float(values.std()), bool((values == np.rint(values)).all())
    some = rng.uniform(size=values.size)

    def fit(changed: FloatArray) -> FloatArray:
        return np.rint(changed) if whole else changed

    yield "same", values
    for step in (0.1, 0.5, 2.0):
        yield f"shift by {step}", values + fit(np.array(max(step * deviation, float(whole))))
    for factor in (0.5, 1.2, 3.0):
        yield f"scale by {factor}", fit(values * factor)
    yield "tail excess", np.where(some < 0.05, fit(values * 20), values)
    yield "far values", np.where(some < 0.01, values + fit(np.array(50 * deviation)), values)
    yield "mixture", np.where(some < 0.2, values + fit(np.array(deviation)), values)


def block(bins: NumericBins) -> NumericBlock:
    """The block of a vector that holds one numeric column and nothing else."""
    start = bins.cells
    return NumericBlock(slice(0, start), *range(start, start + 6))


def fold(bins: NumericBins, values: FloatArray) -> IntVector:
    """The vector of `block(bins)`."""
    vector, at = np.zeros(bins.cells + 6, np.int64), block(bins)
    cells = np.searchsorted(bins.edges, values, side="right")
    vector[at.bins] = np.bincount(cells, minlength=bins.cells)
    z = np.clip((values - bins.centre) / bins.scale, -CLIP, CLIP)
    low, high = bins.edges[0] - values, values - bins.edges[-1]
    for place, terms in (
        (at.s1, z),
        (at.s2, z * z),
        (at.excess_low, np.clip(low / bins.scale, 0, CLIP)),
        (at.excess_high, np.clip(high / bins.scale, 0, CLIP)),
    ):
        vector[place] = np.rint(terms * ONE).sum()
    return vector


def samples(bins: NumericBins, *values: FloatArray) -> list[NumericSample]:
    """What the hub reads of columns that are folded by the same bins."""
    cells = NumericCells.of([block(bins)], [bins])
    return [cells.read(fold(bins, each)) for each in values]
