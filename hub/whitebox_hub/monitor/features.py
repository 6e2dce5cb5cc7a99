"""Measures of the features section: drift of every feature and of the prediction, missing rates.

One vectorised pass over all columns, against the reference's baseline (baseline.py).
"""

from __future__ import annotations

from whitebox_hub.monitor import ModelContext
from whitebox_hub.monitor.baseline import count_missing
from whitebox_hub.monitor.measure import NO_REFERENCE, Key, Measure
from whitebox_hub.statistics.contingency import ROWS_MIN
from whitebox_hub.statistics.gtest import g_test
from whitebox_hub.statistics.merge import merge
from whitebox_hub.statistics.proportion import excess_p_values
from whitebox_hub.statistics.psi import psi
from whitebox_wire.vector import IntVector


def measure_features(context: ModelContext, live: IntVector) -> dict[Key, Measure]:
    """All measures of one window's features section."""
    return measure_drift(context, live) | measure_missing(context, live)


def measure_drift(context: ModelContext, live: IntVector) -> dict[Key, Measure]:
    """PSI and the G test's p-value of every feature and of the prediction."""
    keys: list[Key] = [("data_drift", f.name) for f in context.spec.counted]
    keys.append(("prediction_drift", None))
    baseline = context.baseline
    if baseline is None:
        rows = max(int(live[context.layout.rows]), 0)
        return dict.fromkeys(keys, Measure(rows, problem=NO_REFERENCE))
    plan, counts = baseline.plan, baseline.plan.count(live)
    merged = merge(plan, baseline.groups, counts)
    reference, joined = merged.sum(baseline.groups), merged.sum(counts)
    test = g_test(merged, reference, joined)
    columns = zip(
        keys,
        plan.total(baseline.groups).astype(int).tolist(),
        plan.total(counts).astype(int).tolist(),
        test.enough.tolist(),
        psi(reference, joined, plan.offsets).tolist(),
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
    missing, rows = count_missing(context.layout, live)
    baseline = context.baseline
    before, known = (rows * 0, rows * 0) if baseline is None else (baseline.missing, baseline.rows)
    columns = zip(
        names,
        missing.tolist(),
        rows.tolist(),
        before.tolist(),
        known.tolist(),
        excess_p_values(missing, rows, before, known).tolist(),
        strict=True,
    )
    return {("missing_rate", name): _missing_rate(*column) for name, *column in columns}


def _missing_rate(hits: float, rows: float, before: float, known: float, p_value: float) -> Measure:
    if not rows:
        return Measure(0, problem="no rows in this window")
    if not known:
        return Measure(int(rows), hits / rows, untested=NO_REFERENCE)
    return Measure(int(rows), hits / rows, before / known, p_value)
