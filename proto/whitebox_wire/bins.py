"""Bin edges from training values, and the text by which a category is known.

Edges are made once, where the training data lies. An edge that is not a heavy value's own is moved
to the roundest number within a twentieth of its neighbours' distance, so that a quantile is not
itself a training value; and no edge is the column's minimum or maximum unless more than 1/60 of
the rows share it. Pure: the caller sorts and samples.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from whitebox_wire.features import NAME_BYTES_MAX, CategoricalBins, NumericBins
from whitebox_wire.vector import FloatArray

CELLS_MAX = 128
EQUAL_MASS_CELLS = 60
TAIL_CELLS = 8
# A feature of no more distinct values than this is binned value by value.
DISTINCT_MAX = 100
VOCABULARY_MAX = 500
# A normal distribution's inter-quartile range, and its 5 % to 95 % range, in standard deviations.
_NORMAL_IQR = 1.349
_NORMAL_90 = 3.29
# Fixed-point units (2**20 / scale) stay finite from here on; a smaller spread reads as none.
_SCALE_MIN, _SCALE_MAX = 1e-300, 1e308


def category_text(value: object) -> str:
    """The text of a category, the same for every way of writing one value.

    >>> [category_text(v) for v in ("a", 1, 1.0, 2.5, True)]
    ['a', '1', '1', '2.5', 'true']
    """
    if isinstance(value, str):
        # Lone surrogates are no Unicode and would not survive the wire.
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return str(int(number)) if number.is_integer() else repr(number)
    return category_text(str(value))


def categorical_bins(counts: Mapping[str, int], *, boolean: bool = False) -> CategoricalBins:
    """The most frequent categories, up to `VOCABULARY_MAX`; ties in order of their text.

    Texts of more than 256 bytes are never in a vocabulary; they count as `other`.

    >>> categorical_bins({"a": 1, "b": 5, "x" * 300: 9})
    CategoricalBins(vocabulary=('b', 'a'), complete=False, boolean=False)
    """
    short = (text for text in counts if len(text.encode()) <= NAME_BYTES_MAX)
    kept = tuple(sorted(short, key=lambda text: (-counts[text], text))[:VOCABULARY_MAX])
    return CategoricalBins(kept, complete=len(kept) == len(counts), boolean=boolean)


def numeric_bins(values: FloatArray) -> NumericBins:
    """Bins of finite training values (float64, sorted, shape [n >= 1]).

    Up to 100 distinct values get a cell each. More get 60 cells of equal mass, the widest of
    them halved by width while cells remain, and 8 tail cells on either side that double in
    width; a value that holds more than 1/60 of the mass gets a cell of its own.

    >>> numeric_bins(np.array([1.0, 2.0, 2.0, 4.0])).edges
    (0.5, 1.5, 3.0, 5.0)
    """
    distinct, counts = np.unique(values, return_counts=True)
    heavy = distinct[counts > values.size / EQUAL_MASS_CELLS]
    centre, scale = _centre_and_scale(values)
    # Sums and differences of the largest floats overflow; what is not finite is left out.
    with np.errstate(over="ignore", invalid="ignore"):
        if distinct.size <= DISTINCT_MAX:
            edges = _value_edges(distinct)
        else:
            core = _mass_edges(distinct, counts, heavy)
            edges = _with_tails(_halve_widest(core), scale)
    edges = np.unique(edges[np.isfinite(edges)] + 0.0)
    told = np.isin(edges, distinct[[0, -1]]) & ~np.isin(edges, heavy)
    return NumericBins(tuple(edges[~told].tolist()), centre, scale)


def coarsened(
    bins: NumericBins | CategoricalBins, values: FloatArray, cells: int
) -> NumericBins | CategoricalBins:
    """Bins of at most so many cells, whose bounds are among those of finer ones.

    Cells of numbers hold about equal mass of `values` (float64, sorted; unused for categories, of
    which the first, the most frequent, stay).

    >>> coarsened(CategoricalBins(("a", "b", "c")), np.empty(0), 4)
    CategoricalBins(vocabulary=('a', 'b'), complete=False, boolean=False)
    >>> coarsened(NumericBins((1.0, 2.0, 3.0, 9.0), 0.0, 1.0), np.arange(10.0), 3).edges
    (3.0, 9.0)
    """
    if bins.cells <= cells:
        return bins
    if isinstance(bins, CategoricalBins):
        return CategoricalBins(bins.vocabulary[: cells - 2], False, bins.boolean)
    edges = np.array(bins.edges)
    below = np.searchsorted(values, edges, side="left")
    marks = values.size * np.arange(1, cells) / cells
    nearest = np.abs(below[None, :] - marks[:, None]).argmin(axis=1)
    return NumericBins(tuple(edges[np.unique(nearest)].tolist()), bins.centre, bins.scale)


def _centre_and_scale(values: FloatArray) -> tuple[float, float]:
    """Median and robust standard deviation, rounded: they are units, not statistics."""
    at = np.rint((values.size - 1) * np.array((0.05, 0.25, 0.5, 0.75, 0.95))).astype(np.intp)
    low, quarter, median, three, high = values[at].tolist()
    with np.errstate(over="ignore", invalid="ignore"):
        deviation = float(values.std())
    candidates = ((three - quarter) / _NORMAL_IQR, (high - low) / _NORMAL_90, deviation)
    # A spread far below the values' own precision is none.
    least = abs(median) * 1e-12
    scale = next((c for c in candidates if least < c < math.inf), abs(median) or 1.0)
    scale = float(f"{min(max(scale, _SCALE_MIN), _SCALE_MAX):.2e}")
    return round_to(median, scale / 10), scale


def round_to(value: float, within: float) -> float:
    """The roundest decimal no further than `within` from a value.

    >>> round_to(3.14159, 0.05), round_to(123456.7, 40.0)
    (3.1, 123460.0)
    """
    if not (math.isfinite(value) and 0 < within < math.inf):
        return value
    digits = -math.floor(math.log10(min(2 * within, sys.float_info.max)))
    try:
        rounded = round(value, digits) + 0.0  # not minus zero
    except OverflowError:  # beyond the largest float
        return value
    return rounded if abs(rounded - value) <= within else value


def _middle(low: FloatArray, high: FloatArray) -> FloatArray:
    """Half-way between; the halves are added where the sum would overflow."""
    whole = low + high
    result: FloatArray = np.where(np.isfinite(whole), whole / 2, low / 2 + high / 2)
    return result


def _value_edges(distinct: FloatArray) -> FloatArray:
    """Edges half-way between values, and one beyond either end."""
    if distinct.size == 1:
        return np.array([distinct[0], np.nextafter(distinct[0], np.inf)])
    gaps = np.diff(distinct)
    middle = _middle(distinct[:-1], distinct[1:])
    low, high = distinct[0] - gaps[0] / 2, distinct[-1] + gaps[-1] / 2
    room = np.concatenate((gaps[:1], gaps, gaps[-1:])) / 4
    edges = np.concatenate(([low], middle, [high]))
    rounded = np.array([round_to(e, r) for e, r in zip(edges.tolist(), room.tolist(), strict=True)])
    # Values a few bits apart leave no room between them: then the upper value is the edge.
    inner = (rounded[1:-1] > distinct[:-1]) & (rounded[1:-1] <= distinct[1:])
    rounded[1:-1] = np.where(inner, rounded[1:-1], distinct[1:])
    rounded[0] = min(rounded[0], distinct[0])
    rounded[-1] = max(rounded[-1], np.nextafter(distinct[-1], np.inf))
    return rounded


def _mass_edges(
    distinct: FloatArray, counts: npt.NDArray[np.integer], heavy: FloatArray
) -> FloatArray:
    """Edges of cells of equal mass; heavy values keep both of their edges exactly."""
    total = int(counts.sum())
    below = np.cumsum(counts) - counts
    marks = total * np.arange(1, EQUAL_MASS_CELLS) / EQUAL_MASS_CELLS
    # The first distinct value with at least the wanted mass below it. The smallest value of
    # all is never an edge, and a mark within a heavy value is met by that value's own edges.
    places = np.clip(np.searchsorted(below, marks, side="left"), 1, distinct.size - 1)
    light = places[~np.isin(distinct[places - 1], heavy)]
    heavy_edges = np.concatenate((heavy, np.nextafter(heavy, np.inf)))
    edges = np.union1d(distinct[light], heavy_edges)
    return _round_edges(edges, np.isin(edges, heavy_edges))


def _round_edges(edges: FloatArray, exact: npt.NDArray[np.bool_]) -> FloatArray:
    """Move every edge that is not exact by at most a twentieth of the nearer gap."""
    gaps = np.diff(edges, prepend=-np.inf, append=np.inf)
    room = np.minimum(gaps[:-1], gaps[1:]) / 20
    moved = [
        edge if keep else round_to(edge, within)
        for edge, keep, within in zip(edges.tolist(), exact.tolist(), room.tolist(), strict=True)
    ]
    return np.unique(np.array(moved))


def _halve_widest(edges: FloatArray) -> FloatArray:
    """Halve the widest inner cell until only the tails' cells are left to give."""
    inner = edges.tolist()
    while 1 < len(inner) <= CELLS_MAX - 2 * TAIL_CELLS:
        widths = np.diff(inner)
        at = int(np.argmax(widths))
        low, high = np.array(inner[at]), np.array(inner[at + 1])
        middle = round_to(float(_middle(low, high)), float(widths[at]) / 20)
        if not inner[at] < middle < inner[at + 1]:
            break
        inner.insert(at + 1, middle)
    return np.array(inner)


def _with_tails(core: FloatArray, scale: float) -> FloatArray:
    """Add cells outside the core: the first a third of a scale wide, each next one double."""
    finite = min(TAIL_CELLS - 1, (CELLS_MAX - 1 - core.size) // 2)
    step = round_to(scale / 3, scale / 30)
    reach = step * (2.0 ** np.arange(1, finite + 1) - 1)
    return np.concatenate((core[0] - reach[::-1], core, core[-1] + reach))
