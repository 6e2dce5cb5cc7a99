"""The baseline: what every window's features are compared with, worked out once for a reference.

Groups and their reference rows follow from the layout and the reference alone. Features are
compared with the training set; the prediction with the test set where it has predictions, since
a model fits its training rows too well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from whitebox_hub.statistics.bridge import BridgeLaws
from whitebox_hub.statistics.groups import GroupPlan, plan_groups
from whitebox_hub.statistics.numeric_cells import NumericCells, NumericSample
from whitebox_wire.layout import ClassPredictionBlock, Layout, NumericBlock, Section
from whitebox_wire.spec import ModelSpec, NumericBins
from whitebox_wire.vector import FloatArray, IntVector

Vectors = Mapping[Section, IntVector]


@dataclass(frozen=True, slots=True)
class NumericBaseline:
    """The numeric columns, features and then the prediction, and the reference's rows in them."""

    names: tuple[str, ...]
    sample: NumericSample
    laws: BridgeLaws


@dataclass(frozen=True)
class Baseline:
    """Rows of the reference: by group (shape [groups]), without a value, and all (both [features]).

    `plan` cuts every counted feature, then the prediction, into groups. `vector` is the features
    section of the reference, with the predictions it is compared with. Laws are simulated at their
    first use and kept, which is why this value has no slots.
    """

    spec: ModelSpec
    layout: Layout
    vector: IntVector
    plan: GroupPlan
    groups: FloatArray
    missing: FloatArray
    rows: FloatArray

    @staticmethod
    def of(
        spec: ModelSpec, layout: Layout, training: Vectors | None, test: Vectors | None
    ) -> Baseline | None:
        """The baseline of a model's data sets; None if neither has features."""
        vector = _reference(layout, training, test)
        if vector is None:
            return None
        plan = plan_groups((*layout.features, layout.prediction), vector)
        missing, rows = count_missing(layout, vector)
        return Baseline(spec, layout, vector, plan, plan.count(vector), missing, rows)

    @cached_property
    def numeric(self) -> NumericBaseline | None:
        """What distances of numeric columns need; None where there is no such column."""
        columns = numeric_columns(self.spec, self.layout)
        if not columns:
            return None
        blocks, bins = [c[1] for c in columns.values()], [c[0] for c in columns.values()]
        sample = NumericCells.of(blocks, bins).read(self.vector)
        return NumericBaseline(tuple(columns), sample, BridgeLaws.of(sample))


def numeric_columns(spec: ModelSpec, layout: Layout) -> dict[str, tuple[NumericBins, NumericBlock]]:
    """Bins and places of the numeric features, then of a numeric prediction, by name."""
    blocks = (*layout.features, layout.prediction)
    bins = (*(f.bins for f in spec.counted), spec.prediction.value)
    names = (*(f.name for f in spec.counted), spec.prediction.column)
    return {
        name: (cells, block)
        for name, cells, block in zip(names, bins, blocks, strict=True)
        if isinstance(cells, NumericBins) and isinstance(block, NumericBlock)
    }


def _reference(layout: Layout, training: Vectors | None, test: Vectors | None) -> IntVector | None:
    """The training set's features with the test set's predictions, as far as they exist."""
    before, tested = (
        vectors.get(Section.FEATURES) if vectors else None for vectors in (training, test)
    )
    if before is None or tested is None:
        return tested if before is None else before
    start, stop = _prediction_cells(layout)
    if not tested[start:stop].any():
        return before
    vector: IntVector = before.copy()
    vector[start:stop] = tested[start:stop]
    if isinstance(layout.prediction, NumericBlock):
        block = layout.prediction
        sums = [block.s1, block.s2, block.excess_low, block.excess_high]
        vector[sums] = tested[sums]
    return vector


def _prediction_cells(layout: Layout) -> tuple[int, int]:
    block = layout.prediction
    if isinstance(block, ClassPredictionBlock):
        return int(block.predicted.start), block.missing + 1
    return int(block.bins.start), block.invalid + 1


def count_missing(layout: Layout, vector: IntVector) -> tuple[FloatArray, FloatArray]:
    """For every feature its rows without a value and all its rows; float64, shape [features]."""
    if not layout.features:
        return np.empty(0), np.empty(0)
    counts = np.maximum(vector[: layout.features[-1].invalid + 1], 0).astype(np.float64)
    missing = counts[[block.missing for block in layout.features]]
    return missing, np.add.reduceat(counts, [block.bins.start for block in layout.features])
