"""Measures of the target: PSI of the labels' true values against those of the reference.

The reference is the test set's labels, or the training set's where the test set has none.
"""

from __future__ import annotations

from whitebox_hub.monitor import ModelContext
from whitebox_hub.monitor.measure import Key, Measure
from whitebox_hub.statistics.contingency import ROWS_MIN
from whitebox_hub.statistics.groups import ColumnBlock, plan_groups
from whitebox_hub.statistics.gtest import g_test
from whitebox_hub.statistics.merge import merge
from whitebox_hub.statistics.psi import psi
from whitebox_wire.layout import ClassLabelBlock, ClassPredictionBlock, Layout, Section
from whitebox_wire.vector import IntVector

TARGET_METRICS = frozenset({"target_drift"})
_NO_TARGETS = "the reference has no labels to compare with"


def measure_targets(context: ModelContext, live: IntVector) -> dict[Key, Measure]:
    """Drift of the target."""
    block = target_block(context.layout)
    reference = reference_labels(context)
    if reference is None:
        return {("target_drift", None): Measure(_rows(block, live), problem=_NO_TARGETS)}
    plan = plan_groups([block], reference)
    before, now = plan.count(reference), plan.count(live)
    merged = merge(plan, before, now)
    before, now = merged.sum(before), merged.sum(now)
    test, rows = g_test(merged, before, now), int(now.sum())
    if test.enough[0]:
        value = float(psi(before, now, plan.offsets)[0])
        return {("target_drift", None): Measure(rows, value, 0.0, float(test.p_value[0]))}
    problem = f"{rows} rows with a target, {int(before.sum())} in the reference; {ROWS_MIN} needed"
    return {("target_drift", None): Measure(rows, problem=problem)}


def target_block(layout: Layout) -> ColumnBlock:
    """The cells of the target; those of a class stand like those of a predicted one."""
    labels = layout.labels
    if isinstance(labels, ClassLabelBlock):
        return ClassPredictionBlock(
            labels.targets, labels.unknown_target, labels.missing_target, scores=()
        )
    return labels.target


def reference_labels(context: ModelContext) -> IntVector | None:
    """The labels of the reference that hold a target, if any do."""
    block = target_block(context.layout)
    for dataset in (context.test, context.training):
        vector = dataset.get(Section.LABELS) if dataset else None
        if vector is not None and _rows(block, vector):
            return vector
    return None


def _rows(block: ColumnBlock, vector: IntVector) -> int:
    cells = block.predicted if isinstance(block, ClassPredictionBlock) else block.bins
    return int(vector[cells].clip(0).sum())
