"""Bin edges from training values, and the text by which a category is known.

Edges are made once, where the training data lies. Inner edges are moved to the roundest number
within a twentieth of their neighbours' distance, so that a quantile edge is not itself a training
value, and no edge is ever the column's minimum or maximum. Pure: the caller sorts and samples.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from whitebox_wire.spec import CategoricalBins, NumericBins
from whitebox_wire.vector import FloatArray

CELLS_MAX = 128
EQUAL_MASS_CELLS = 60
TAIL_CELLS = 8
# A feature of no more distinct values than this is binned value by value.
DISTINCT_MAX = 100
VOCABULARY_MAX = 500
# A normal distribution's inter-quartile range in standard deviations.
_NORMAL_IQR = 1.349


def category_text(value: object) -> str:
    """The text of a category, the same for every way of writing one value.

    >>> [category_text(v) for v in ("a", 1, 1.0, 2.5, True)]
    ['a', '1', '1', '2.5', 'true']
    """
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return str(int(number)) if number.is_integer() else repr(number)
    return str(value)


def categorical_bins(counts: Mapping[str, int], *, boolean: bool = False) -> CategoricalBins:
    """The most frequent categories, up to `VOCABULARY_MAX`; ties in order of their text."""
    ranked = sorted(counts, key=lambda text: (-counts[text], text))
    kept = tuple(ranked[:VOCABULARY_MAX])
    return CategoricalBins(kept, complete=len(kept) == len(ranked), boolean=boolean)


def numeric_bins(values: FloatArray) -> NumericBins:
    """Bins of finite training values (float64, sorted, shape [n >= 1]).

    Up to 100 distinct values get a cell each. More get 60 cells of equal mass, the widest of
    them halved by width while cells remain, and 8 tail cells on either side that double in
    width; a value that holds more than 1/60 of the mass gets a cell of its own.
    """
    distinct, counts = np.unique(values, return_counts=True)
    centre, scale = _centre_and_scale(values)
    if distinct.size <= DISTINCT_MAX:
        edges = _value_edges(distinct)
    else:
        core = _halve_widest(_mass_edges(distinct, counts), CELLS_MAX - 2 * TAIL_CELLS)
        edges = _with_tails(core, scale)
    return NumericBins(tuple(edges.tolist()), centre, scale)


def _centre_and_scale(values: FloatArray) -> tuple[float, float]:
    """Median and robust standard deviation, rounded: they are units, not statistics."""
    low, quarter, median, three, high = np.quantile(values, (0.05, 0.25, 0.5, 0.75, 0.95))
    with np.errstate(over="ignore"):
        deviation = float(values.std())
    candidates = ((three - quarter) / _NORMAL_IQR, (high - low) / 3.29, deviation)
    fallback = abs(float(median)) or 1.0
    scale = next((float(c) for c in candidates if fallback * 1e-12 < c < math.inf), fallback)
    scale = float(f"{scale:.2e}")
    return round_to(float(median), scale / 10), scale


def round_to(value: float, within: float) -> float:
    """The roundest decimal no further than `within` from a value.

    >>> round_to(3.14159, 0.05), round_to(123456.7, 40.0)
    (3.1, 123460.0)
    """
    if within <= 0 or not math.isfinite(value):
        return value
    digits = -math.floor(math.log10(2 * within))
    return round(value, digits) + 0.0  # not minus zero


def _value_edges(distinct: FloatArray) -> FloatArray:
    """Edges half-way between values, and one beyond either end."""
    if distinct.size == 1:
        return np.array([distinct[0], np.nextafter(distinct[0], np.inf)])
    middle = (distinct[:-1] + distinct[1:]) / 2
    low = distinct[0] - (middle[0] - distinct[0])
    high = distinct[-1] + (distinct[-1] - middle[-1])
    edges = np.concatenate(([low], middle, [high]))
    gaps = np.diff(distinct)
    room = np.concatenate((gaps[:1], gaps, gaps[-1:])) / 4
    rounded = np.array([round_to(e, r) for e, r in zip(edges, room, strict=True)])
    # Values a few bits apart leave no room between them: then the upper value is the edge.
    inner = (rounded[1:-1] > distinct[:-1]) & (rounded[1:-1] <= distinct[1:])
    rounded[1:-1] = np.where(inner, rounded[1:-1], distinct[1:])
    rounded[0] = min(rounded[0], distinct[0])
    rounded[-1] = max(rounded[-1], np.nextafter(distinct[-1], np.inf))
    return np.unique(rounded)


def _mass_edges(distinct: FloatArray, counts: np.ndarray) -> FloatArray:  # type: ignore[type-arg]  # counts of np.unique
    """Edges of cells of equal mass; heavy values keep both of their edges exactly."""
    total = counts.sum()
    below = np.cumsum(counts) - counts
    marks = total * np.arange(1, EQUAL_MASS_CELLS) / EQUAL_MASS_CELLS
    # The first distinct value with at least the wanted mass below it. The smallest value of
    # all is never an edge.
    places = np.searchsorted(below, marks, side="left")
    quantiles = np.unique(distinct[np.clip(places, 1, distinct.size - 1)])
    heavy = distinct[counts > total / EQUAL_MASS_CELLS]
    heavy_edges = np.concatenate((heavy, np.nextafter(heavy, np.inf)))
    edges = np.union1d(quantiles, heavy_edges)
    return _round_edges(edges, np.isin(edges, heavy_edges))


def _round_edges(edges: FloatArray, exact: np.ndarray) -> FloatArray:  # type: ignore[type-arg]  # a mask
    """Move every edge that is not exact by at most a twentieth of the nearer gap."""
    gaps = np.diff(edges, prepend=-np.inf, append=np.inf)
    room = np.minimum(gaps[:-1], gaps[1:]) / 20
    moved = [
        float(e) if keep else round_to(float(e), float(r))
        for e, r, keep in zip(edges, room, exact, strict=True)
    ]
    return np.unique(np.array(moved))


def _halve_widest(edges: FloatArray, cells: int) -> FloatArray:
    """Halve the widest inner cell until `cells` (with two outer ones) are there."""
    inner = edges.tolist()
    while len(inner) + 1 < cells and len(inner) > 1:
        widths = np.diff(inner)
        at = int(np.argmax(widths))
        middle = round_to(inner[at] + widths[at] / 2, widths[at] / 20)
        if not inner[at] < middle < inner[at + 1]:
            break
        inner.insert(at + 1, middle)
    return np.array(inner)


def _with_tails(core: FloatArray, scale: float) -> FloatArray:
    """Add cells outside the core: the first a third of a scale wide, each next one double."""
    step = round_to(scale / 3, scale / 30)
    reach = step * (2.0 ** np.arange(1, TAIL_CELLS) - 1)
    edges = np.concatenate((core[0] - reach[::-1], core, core[-1] + reach))
    return np.unique(edges)
