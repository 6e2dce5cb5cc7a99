"""What one window says of one feature: counts, moments, quantiles, under Whitebox's names.

Minimum, maximum and quantiles are read from cells: extremes are raw values and never leave a
device. The minimum is the lower edge of the lowest cell that holds a row and the maximum the
upper edge of the highest, so the true ones lie between them; the two outer cells are open, and
for them the outermost finite edge is given, which the true extreme lies beyond.
What no row speaks of is None.

Of a feature with privacy noise the moments are not sent: mean, sum and variance are read from the
cells too, each row standing at its cell's middle, and `noise_deviation` says how far every count
may be off (one standard deviation). Minimum and maximum are None, since noise fills every cell.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from whitebox_hub.statistics.finite import finite
from whitebox_wire.layout import CategoricalBlock, NumericBlock
from whitebox_wire.spec import NumericBins
from whitebox_wire.vector import ONE, FloatArray, IntVector, Moments, moments

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class NumericSummary:
    """`variance` and `standard_deviation` divide by n - 1; `quantiles` go with `QUANTILES`."""

    missing_count: int
    non_missing_count: int
    invalid_count: int
    mean: float | None
    sum: float | None
    standard_deviation: float | None
    variance: float | None
    minimum: float | None
    maximum: float | None
    quantiles: tuple[float, ...] | None
    noise_deviation: float | None = None


@dataclass(frozen=True, slots=True)
class CategoricalSummary:
    """`counts` go with the vocabulary. `unseen_count` rows hold what training never held."""

    missing_count: int
    non_missing_count: int
    invalid_count: int
    other_count: int
    unseen_count: int
    counts: tuple[int, ...]
    noise_deviation: float | None = None


def numeric_summary(vector: IntVector, block: NumericBlock, bins: NumericBins) -> NumericSummary:
    """Summarise a numeric block, in the data's own units."""
    cells = np.maximum(vector[block.bins], 0)
    noise = noise_deviation(vector, block)
    edges = np.array(bins.edges)
    said = moments(vector, block, bins) if noise is None else _of_cells(vector, block, cells, edges)
    variance = finite(said.variance)
    filled = np.flatnonzero(cells)
    known = filled.size > 0 and noise is None
    return NumericSummary(
        missing_count=max(said.missing, 0),
        non_missing_count=int(cells.sum()),
        invalid_count=max(said.invalid, 0),
        mean=finite(said.mean),
        sum=finite(said.sum) if filled.size else None,
        standard_deviation=None if variance is None else math.sqrt(variance),
        variance=variance,
        minimum=float(edges[max(filled[0] - 1, 0)]) if known else None,
        maximum=float(edges[min(filled[-1], edges.size - 1)]) if known else None,
        quantiles=tuple(quantiles(cells, edges, QUANTILES).tolist()) if filled.size else None,
        noise_deviation=noise,
    )


def noise_deviation(vector: IntVector, block: NumericBlock | CategoricalBlock) -> float | None:
    """The standard deviation of the privacy noise in each of a block's counts; None if exact."""
    place = block.noise_variance
    variance = 0 if place is None else int(vector[place])
    return math.sqrt(variance / ONE) if variance > 0 else None


def _of_cells(
    vector: IntVector, block: NumericBlock, cells: IntVector, edges: FloatArray
) -> Moments:
    """Moments of rows that stand at the middles of their cells, in outer ones at the edge."""
    ends = np.concatenate((edges[:1], edges, edges[-1:]))
    middles = ends[:-1] / 2 + ends[1:] / 2
    rows = int(cells.sum())
    with np.errstate(over="ignore", invalid="ignore"):
        total = float((cells * middles).sum())
        mean = total / rows if rows > 0 else math.nan
        square = float((cells * (middles - mean) ** 2).sum())
    return Moments(
        rows=rows,
        missing=int(vector[block.missing]),
        invalid=int(vector[block.invalid]),
        sum=total,
        mean=mean,
        variance=square / (rows - 1) if rows > 1 else math.nan,
    )


def categorical_summary(vector: IntVector, block: CategoricalBlock) -> CategoricalSummary:
    """Summarise a categorical block."""
    cells = np.maximum(vector[block.bins], 0).tolist()
    return CategoricalSummary(
        missing_count=max(int(vector[block.missing]), 0),
        non_missing_count=sum(cells),
        invalid_count=max(int(vector[block.invalid]), 0),
        other_count=cells[-2],
        unseen_count=cells[-1],
        counts=tuple(cells[:-2]),
        noise_deviation=noise_deviation(vector, block),
    )


def quantiles(cells: IntVector, edges: FloatArray, at: Sequence[float]) -> FloatArray:
    """Quantiles by linear interpolation within cells; `cells` has one more item than `edges`.

    A quantile within an open outer cell is the outermost edge. There must be a row.

    >>> quantiles(np.array([0, 2, 2, 0]), np.array([0.0, 1.0, 3.0]), [0.25, 0.5, 0.75])
    array([0.5, 1. , 2. ])
    """
    below = np.cumsum(cells)
    marks = np.asarray(at) * below[-1]
    cell = np.minimum(np.searchsorted(below, marks), cells.size - 1)
    ends = np.concatenate((edges[:1], edges, edges[-1:]))
    low, high = ends[cell], ends[cell + 1]
    part = (marks - (below - cells)[cell]) / np.maximum(cells[cell], 1)
    part = np.clip(part, 0.0, 1.0)
    # Weighted ends, since the distance of two finite edges need not be finite.
    result: FloatArray = low * (1.0 - part) + high * part
    return result
