"""The baseline: what every window's features are compared with, worked out once for a reference.

Groups and their reference rows follow from the layout and the reference alone. Features are
compared with the training set; the prediction with the test set where it has predictions, since
a model fits its training rows too well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from whitebox_hub.statistics.groups import GroupPlan, plan_groups
from whitebox_wire.layout import ClassPredictionBlock, Layout, Section
from whitebox_wire.vector import FloatArray, IntVector

Vectors = Mapping[Section, IntVector]


@dataclass(frozen=True, slots=True)
class Baseline:
    """Rows of the reference: by group (shape [groups]), without a value, and all (both [features]).

    `plan` cuts every counted feature, then the prediction, into groups.
    """

    plan: GroupPlan
    groups: FloatArray
    missing: FloatArray
    rows: FloatArray

    @staticmethod
    def of(layout: Layout, training: Vectors | None, test: Vectors | None) -> Baseline | None:
        """The baseline of a model's data sets; None if neither has features."""
        vector = _reference(layout, training, test)
        if vector is None:
            return None
        plan = plan_groups((*layout.features, layout.prediction), vector)
        return Baseline(plan, plan.count(vector), *count_missing(layout, vector))


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
    return np.concatenate((before[:start], tested[start:]))


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
