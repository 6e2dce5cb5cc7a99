"""Measures of rates: the share of a feature's rows that are missing, invalid, unseen, out of range.

Each is tested exactly for being higher than in the reference. Unseen are categories that training
never held; out of range, among rows with a number, those in cells below the lowest or above the
highest cell that holds a row of the reference. The rows of a window, its `volume`, have no test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from whitebox_hub.monitor import ModelContext
from whitebox_hub.monitor.measure import NO_REFERENCE, Key, Measure
from whitebox_hub.statistics.groups import IntArray
from whitebox_hub.statistics.proportion import excess_p_values
from whitebox_wire.layout import CategoricalBlock, FeatureBlock, NumericBlock
from whitebox_wire.vector import FloatArray, IntVector

RATE_METRICS = frozenset(
    {"missing_rate", "invalid_rate", "unseen_rate", "out_of_range_rate", "volume"}
)
_NOTHING = "no rows in this window"


@dataclass(frozen=True, slots=True)
class _Rate:
    """Hits and tries of some features in a window and in the reference, and the p-values."""

    metric: str
    names: Sequence[str]
    hits: FloatArray
    rows: FloatArray
    before: FloatArray
    known: FloatArray
    p_values: FloatArray


def measure_rates(context: ModelContext, live: IntVector) -> dict[Key, Measure]:
    """All rates of every feature, and the volume."""
    volume = max(int(live[context.layout.rows]), 0)
    result: dict[Key, Measure] = {
        ("volume", None): Measure(volume, float(volume), untested="volume has no test")
    }
    blocks = context.layout.features
    if not blocks:
        return result
    reference = context.baseline.vector if context.baseline else np.zeros_like(live)
    now, before = (np.maximum(v[: blocks[-1].invalid + 1], 0) for v in (live, reference))
    names = [f.name for f in context.spec.counted]
    for rate in (
        _of_cells("missing_rate", names, blocks, [b.missing for b in blocks], now, before),
        _of_cells("invalid_rate", names, blocks, [b.invalid for b in blocks], now, before),
        _unseen(names, blocks, now, before),
        _out_of_range(names, blocks, now, before),
    ):
        result |= _measures(rate)
    return result


def _of_cells(
    metric: str,
    names: Sequence[str],
    blocks: Sequence[FeatureBlock],
    cells: Sequence[int],
    now: IntVector,
    before: IntVector,
) -> _Rate:
    """A rate of one cell of each feature among all its cells."""
    at = np.array(cells, np.intp)
    hits, known_hits = now[at].astype(np.float64), before[at].astype(np.float64)
    rows, known = _totals(blocks, now), _totals(blocks, before)
    p_values = excess_p_values(hits, rows, known_hits, known)
    return _Rate(metric, names, hits, rows, known_hits, known, p_values)


def _totals(blocks: Sequence[FeatureBlock], counts: IntVector) -> FloatArray:
    """All rows of each block, missing and invalid ones too: cells from its first to `invalid`."""
    ends = np.array([(b.bins.start, b.invalid + 1) for b in blocks], np.intp).ravel()
    # A place beyond the last cell is no place for reduceat.
    padded = np.append(counts.astype(np.float64), 0.0)
    return np.add.reduceat(padded, ends)[::2] if ends.size else np.empty(0)


def _unseen(
    names: Sequence[str], blocks: Sequence[FeatureBlock], now: IntVector, before: IntVector
) -> _Rate:
    found = [(n, b) for n, b in zip(names, blocks, strict=True) if isinstance(b, CategoricalBlock)]
    some, cells = [b for _, b in found], [b.unseen for _, b in found]
    return _of_cells("unseen_rate", [n for n, _ in found], some, cells, now, before)


def _out_of_range(
    names: Sequence[str], blocks: Sequence[FeatureBlock], now: IntVector, before: IntVector
) -> _Rate:
    found = [(n, b) for n, b in zip(names, blocks, strict=True) if isinstance(b, NumericBlock)]
    ends = np.array([(b.bins.start, b.bins.stop) for _, b in found], np.intp).ravel()
    hits, rows, known = (np.zeros(len(found)) for _ in range(3))
    if found:
        low, high = _range(before, ends)
        place = np.arange(now.size)
        first, last = np.zeros(now.size, np.intp), np.full(now.size, now.size)
        for column, (_, block) in enumerate(found):
            first[block.bins], last[block.bins] = low[column], high[column]
        counts = now.astype(np.float64)
        outside = np.where((place < first) | (place > last), counts, 0.0)
        hits, rows, known = (np.add.reduceat(a, ends)[::2] for a in (outside, counts, before * 1.0))
    # No row of the reference lies outside, by choice of either end: with k hits there are k + 1
    # ways to have them below and above, and each is as probable as k on one side.
    none = np.zeros(len(found))
    p_values = np.minimum(excess_p_values(hits, rows, none, known) * (hits + 1), 1.0)
    return _Rate("out_of_range_rate", [n for n, _ in found], hits, rows, none, known, p_values)


def _range(before: IntVector, ends: IntArray) -> tuple[IntArray, IntArray]:
    """The first and last cell of each column that hold a row; all cells where none does."""
    filled, place = before > 0, np.arange(before.size)
    low = np.minimum.reduceat(np.where(filled, place, before.size), ends)[::2]
    high = np.maximum.reduceat(np.where(filled, place, -1), ends)[::2]
    empty = high < low
    return np.where(empty, 0, low), np.where(empty, before.size, high)


def _measures(rate: _Rate) -> dict[Key, Measure]:
    columns = zip(
        rate.names,
        rate.hits.tolist(),
        rate.rows.tolist(),
        rate.before.tolist(),
        rate.known.tolist(),
        rate.p_values.tolist(),
        strict=True,
    )
    return {(rate.metric, name): _measure(*column) for name, *column in columns}


def _measure(hits: float, rows: float, before: float, known: float, p_value: float) -> Measure:
    if not rows:
        return Measure(0, problem=_NOTHING)
    if not known:
        return Measure(int(rows), hits / rows, untested=NO_REFERENCE)
    return Measure(int(rows), hits / rows, before / known, p_value)
