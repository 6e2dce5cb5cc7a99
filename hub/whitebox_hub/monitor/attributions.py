"""Measures of the explanations section: drift of the features' mean absolute SHAP values.

Attributions of several outputs are added up, each in its own output's units. The reference is the
training set's explanations, or the test set's where the training set has none.
"""

from __future__ import annotations

from collections.abc import Set

import numpy as np

from whitebox_hub.monitor import ModelContext
from whitebox_hub.monitor.measure import Key, Measure
from whitebox_hub.statistics.attribution import (
    ROWS_MIN,
    attribution_changes,
    attribution_distance,
    ndcg,
)
from whitebox_wire.layout import Section
from whitebox_wire.vector import ONE, FloatArray, IntVector

NO_EXPLANATIONS = "no explained rows yet"
NOT_SENT = "it has a noise budget, so its attributions do not leave the devices"
_NO_REFERENCE = "the reference has no explanations to compare with"


def measure_attributions(
    context: ModelContext, live: IntVector, _: Set[str] | None = None
) -> dict[Key, Measure]:
    """All measures of one window's explanations section."""
    names = [f.name for f in context.spec.counted]
    keys: list[Key] = [("attribution_ndcg", None), ("attribution_drift", None)]
    keys += [("attribution_change", name) for name in names]
    rows, now = _attributions(context, live)
    reference = _reference(context)
    problem = _problem(rows, reference[0] if reference else None)
    if problem or reference is None:
        return dict.fromkeys(keys, Measure(rows, problem=problem))
    before = reference[1]
    values = [ndcg(before, now), attribution_distance(before, now)]
    values += attribution_changes(before, now).tolist()
    said = {key: Measure(rows, value) for key, value in zip(keys, values, strict=True)}
    for name in context.spec.privacy.noised:
        said["attribution_change", name] = Measure(rows, problem=NOT_SENT)
    return said


def _problem(rows: int, known: int | None) -> str:
    if not rows:
        return NO_EXPLANATIONS
    if rows < ROWS_MIN:
        return f"{rows} explained rows; {ROWS_MIN} are needed"
    if known is None:
        return _NO_REFERENCE
    if known < ROWS_MIN:
        return f"the reference has {known} explained rows; {ROWS_MIN} are needed"
    return ""


def _reference(context: ModelContext) -> tuple[int, FloatArray] | None:
    for dataset in (context.training, context.test):
        vector = dataset.get(Section.EXPLANATIONS) if dataset else None
        if vector is not None:
            rows, means = _attributions(context, vector)
            if rows:
                return rows, means
    return None


def _attributions(context: ModelContext, vector: IntVector) -> tuple[int, FloatArray]:
    """Explained rows, and the mean absolute attribution of each counted feature."""
    block, policy = context.layout.explanations, context.spec.explanation
    if block is None or policy is None:
        return 0, np.zeros(len(context.spec.counted))
    rows = max(int(vector[block.rows]), 0)
    sums = np.array([np.maximum(vector[places], 0) / ONE for places in block.absolute])
    scales = np.array(policy.output_scales)[:, None]
    # Shares of the largest scale, so that no sum overflows; nothing here has a unit.
    totals: FloatArray = (sums * (scales / scales.max())).sum(axis=0)
    # Devices send none of a noised feature, so neither side has any: the others keep their order.
    totals[[f.name in context.spec.privacy.noised for f in context.spec.counted]] = 0.0
    return rows, totals / max(rows, 1)
