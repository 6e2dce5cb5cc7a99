"""Windows of the reference, drawn again: many rows of a section's vector as if nothing had changed.

A column's cells are drawn by their shares in the reference (multinomial, seeded by the caller), one
column apart from the others: every measure is of one column. What only sums say is set to its
expectation, moved by what the drawn cells say, so distances of numbers vary as they would.
"""

from __future__ import annotations

import numpy as np

from whitebox_hub.statistics.numeric_cells import NumericCells
from whitebox_wire.layout import (
    ClassLabelBlock,
    ClassPredictionBlock,
    Layout,
    NumericBlock,
    RegressionLabelBlock,
)
from whitebox_wire.spec import ModelSpec, NumericBins
from whitebox_wire.vector import ONE, IntVector

# Sums stay below this, as everywhere.
_SUM_MAX = 2.0**62


def draw_features(
    spec: ModelSpec,
    layout: Layout,
    reference: IntVector,
    rows: int,
    windows: int,
    rng: np.random.Generator,
) -> IntVector:
    """Features sections of so many windows of so many rows: int64, shape [windows, cells]."""
    drawn = np.zeros((windows, reference.size), np.int64)
    drawn[:, layout.rows] = rows
    bins = [*(f.bins for f in spec.counted), spec.prediction.value]
    for block, cells in zip((*layout.features, layout.prediction), bins, strict=True):
        if isinstance(block, ClassPredictionBlock):
            _draw(drawn, reference, slice(block.predicted.start, block.missing + 1), rows, rng)
            continue
        _draw(drawn, reference, slice(block.bins.start, block.invalid + 1), rows, rng)
        if isinstance(block, NumericBlock) and isinstance(cells, NumericBins):
            _set_sums(drawn, reference, block, cells)
    return drawn


def draw_labels(
    layout: Layout, reference: IntVector, rows: int, windows: int, rng: np.random.Generator
) -> IntVector:
    """Labels sections of so many windows: targets, confusion and scores; no sums of errors."""
    drawn = np.zeros((windows, reference.size), np.int64)
    block = layout.labels
    drawn[:, block.rows] = rows
    if isinstance(block, RegressionLabelBlock):
        cells = slice(block.target.bins.start, block.target.invalid + 1)
        _draw(drawn, reference, cells, rows, rng)
        return drawn
    assert isinstance(block, ClassLabelBlock)  # there are two kinds
    _draw(drawn, reference, block.confusion, rows, rng)
    _draw(drawn, reference, slice(block.targets.start, block.missing_target + 1), rows, rng)
    for positives, negatives in zip(block.positives, block.negatives, strict=True):
        both = np.r_[positives, negatives]
        counts = np.zeros((windows, both.size), np.int64)
        _draw(counts, reference[both], slice(0, both.size), rows, rng)
        drawn[:, both] = counts
    return drawn


def _draw(
    drawn: IntVector, reference: IntVector, cells: slice, rows: int, rng: np.random.Generator
) -> None:
    """Draw one column's cells; those of a column without rows stay empty."""
    known = np.maximum(reference[cells], 0).astype(np.float64)
    total = known.sum()
    if total > 0:
        drawn[:, cells] = rng.multinomial(rows, known / total, size=len(drawn))


def _set_sums(
    drawn: IntVector, reference: IntVector, block: NumericBlock, bins: NumericBins
) -> None:
    """Sums of z and of excesses; of z squared nothing asks in a window."""
    cells = NumericCells.of([block], [bins])
    known = cells.read(reference)
    if not known.rows[0]:
        return
    means = known.means[0]
    counts = drawn[:, block.bins]
    rows = counts.sum(axis=1)
    apart = counts - rows[:, None] * (known.counts / known.rows[0])
    # Middles of the cells; an outer one's rows lie at its edge and their mean excess beyond it.
    edges = np.concatenate(([0.0], np.cumsum(cells.widths[1:])))
    middles = edges - cells.widths / 2
    beyond = [
        np.divide(mean * known.rows[0], max(known.counts[at], 1.0))
        for mean, at in ((means[2], 0), (means[3], -1))
    ]
    middles[0] -= beyond[0]
    middles[-1] += beyond[1]
    for place, values in (
        (block.s1, rows * means[0] + apart @ middles),
        (block.excess_low, counts[:, 0] * beyond[0]),
        (block.excess_high, counts[:, -1] * beyond[1]),
    ):
        drawn[:, place] = np.rint(np.clip(values * ONE, -_SUM_MAX, _SUM_MAX))
