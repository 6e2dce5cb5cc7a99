"""Populations to draw columns of: cells of a reference drawn from one, and its shares of the cells.

A window of any size is a multinomial draw by the shares, so thousands cost little.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import stats

from whitebox_wire.bins import categorical_bins, numeric_bins
from whitebox_wire.spec import CategoricalBins, NumericBins
from whitebox_wire.vector import FloatArray, IntVector


class Column(NamedTuple):
    """Bins made of a reference, its rows in them, and the population's shares."""

    bins: NumericBins | CategoricalBins
    reference: IntVector
    shares: FloatArray


Population = Callable[[np.random.Generator, int], Column]


def numeric(values: FloatArray, below: Callable[[FloatArray], FloatArray]) -> Column:
    """A column of a sample and of its population's P(X < x)."""
    bins = numeric_bins(np.sort(values))
    edges = np.array(bins.edges)
    reference = np.bincount(np.searchsorted(edges, values, "right"), minlength=bins.cells)
    return Column(bins, reference, np.diff(np.concatenate(([0.0], below(edges), [1.0]))))


def normal(rng: np.random.Generator, rows: int) -> Column:
    return numeric(rng.normal(size=rows), stats.norm.cdf)


def lognormal(rng: np.random.Generator, rows: int) -> Column:
    return numeric(rng.lognormal(sigma=1.5, size=rows), stats.lognorm(1.5).cdf)


def zero_inflated(rng: np.random.Generator, rows: int) -> Column:
    positive = stats.lognorm(1.0)
    values = np.where(rng.uniform(size=rows) < 0.6, 0.0, rng.lognormal(size=rows))
    return numeric(values, lambda x: np.where(x > 0, 0.6 + 0.4 * positive.cdf(x), 0.0))


def categorical(shares: FloatArray) -> Population:
    """Columns whose vocabulary is what a reference happened to hold."""

    def draw(rng: np.random.Generator, rows: int) -> Column:
        counts = rng.multinomial(rows, shares)
        bins = categorical_bins({str(i): n for i, n in enumerate(counts.tolist()) if n})
        kept = [int(text) for text in bins.vocabulary]
        other = counts > 0
        other[kept] = False
        cells = [
            np.concatenate((of[kept], [of[other].sum(), of[counts == 0].sum()]))
            for of in (counts, shares)
        ]
        return Column(bins, *cells)

    return draw


def zipf(size: int, power: float) -> FloatArray:
    shares: FloatArray = np.arange(1.0, size + 1) ** -power
    return shares / np.sum(shares)


POPULATIONS: dict[str, Population] = {
    "normal": normal,
    "lognormal": lognormal,
    "zero inflated": zero_inflated,
    "three categories": categorical(np.array([0.5, 0.3, 0.2])),
    "some rare categories": categorical(np.array([0.6, 0.3, 0.09, 0.008, 0.0015, 0.0005])),
    "three hundred categories": categorical(zipf(300, 1.5)),
    "more categories than a vocabulary holds": categorical(zipf(2_000, 1.1)),
}
