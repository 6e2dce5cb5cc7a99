"""Measures of the features section: drift of every feature and of the prediction, missing rates.

One vectorised pass over all columns. Features are compared with the training set; the prediction
with the test set where it has predictions, since a model fits its training rows too well.
"""

from __future__ import annotations

import numpy as np

from whitebox_hub.monitor import ModelContext
from whitebox_hub.monitor.measure import NO_REFERENCE, Key, Measure
from whitebox_hub.statistics.groups import plan_groups
from whitebox_hub.statistics.gtest import ROWS_MIN, g_test
from whitebox_hub.statistics.merge import merge
from whitebox_hub.statistics.proportion import excess_p_values
from whitebox_hub.statistics.psi import psi
from whitebox_wire.layout import ClassPredictionBlock, Layout, Section
from whitebox_wire.vector import FloatArray, IntVector


def measure_features(context: ModelContext, live: IntVector) -> dict[Key, Measure]:
    """All measures of one window's features section."""
    return measure_drift(context, live) | measure_missing(context, live)


def reference_features(context: ModelContext) -> IntVector | None:
    """The training set's features with the test set's predictions, as far as they exist."""
    training, test = (
        dataset.get(Section.FEATURES) if dataset else None
        for dataset in (context.training, context.test)
    )
    if training is None or test is None:
        return test if training is None else training
    start, stop = _prediction_cells(context.layout)
    if not test[start:stop].any():
        return training
    return np.concatenate((training[:start], test[start:]))


def _prediction_cells(layout: Layout) -> tuple[int, int]:
    block = layout.prediction
    if isinstance(block, ClassPredictionBlock):
        return int(block.predicted.start), block.missing + 1
    return int(block.bins.start), block.invalid + 1


def measure_drift(context: ModelContext, live: IntVector) -> dict[Key, Measure]:
    """PSI and the G test's p-value of every feature and of the prediction."""
    keys: list[Key] = [("data_drift", f.name) for f in context.spec.counted]
    keys.append(("prediction_drift", None))
    vector = reference_features(context)
    if vector is None:
        rows = max(int(live[context.layout.rows]), 0)
        return dict.fromkeys(keys, Measure(rows, problem=NO_REFERENCE))
    plan = plan_groups((*context.layout.features, context.layout.prediction), vector)
    reference, counts = plan.count(vector), plan.count(live)
    known, rows_of = plan.total(reference), plan.total(counts)
    merged = merge(plan, reference, rows_of)
    reference, counts = merged.sum(reference), merged.sum(counts)
    values = psi(reference, counts, plan.offsets)
    test = g_test(merged, reference, counts)
    columns = zip(
        keys,
        known.astype(int).tolist(),
        rows_of.astype(int).tolist(),
        test.enough.tolist(),
        values.tolist(),
        test.p_value.tolist(),
        strict=True,
    )
    return {
        key: Measure(rows, value, 0.0, p)
        if enough
        else Measure(rows, problem=_too_few(rows, before))
        for key, before, rows, enough, value, p in columns
    }


def _too_few(rows: int, reference_rows: int) -> str:
    if reference_rows < ROWS_MIN:
        return f"the reference has {reference_rows} rows with a value; {ROWS_MIN} are needed"
    if rows < ROWS_MIN:
        return f"{rows} rows with a value; {ROWS_MIN} are needed"
    return f"{rows} rows are too few for so many categories"


def measure_missing(context: ModelContext, live: IntVector) -> dict[Key, Measure]:
    """The share of rows without a value, and the p-value of its being higher than before."""
    names = [f.name for f in context.spec.counted]
    if not names:
        return {}
    missing, rows = _missing(context.layout, live)
    dataset = context.training or context.test
    vector = dataset.get(Section.FEATURES) if dataset else None
    before, known = (
        (np.zeros_like(rows),) * 2 if vector is None else _missing(context.layout, vector)
    )
    p_values = excess_p_values(missing, rows, before, known)
    result: dict[Key, Measure] = {}
    for i, name in enumerate(names):
        key, n, m = ("missing_rate", name), int(rows[i]), int(known[i])
        if not n:
            result[key] = Measure(0, problem="no rows in this window")
            continue
        rate = float(missing[i] / n)
        if m:
            result[key] = Measure(n, rate, float(before[i] / m), float(p_values[i]))
        else:
            result[key] = Measure(n, rate, untested=NO_REFERENCE)
    return result


def _missing(layout: Layout, vector: IntVector) -> tuple[FloatArray, FloatArray]:
    """For every feature its missing rows and all its rows; float64, shape [features]."""
    counts = np.maximum(vector[: layout.features[-1].invalid + 1], 0)
    starts = [block.bins.start for block in layout.features]
    missing = counts[[block.missing for block in layout.features]]
    return missing.astype(np.float64), np.add.reduceat(counts, starts).astype(np.float64)
