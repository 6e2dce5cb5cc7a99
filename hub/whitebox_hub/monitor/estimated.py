"""Measures that need no labels: estimated performance, and drift of all inputs together.

An estimate is tested where it is a mean over rows: are this window's rows harder than the
reference's (the accuracy and the absolute error)? The test is that of `means`. With no drift it
alarms at most 1.4 times as often as it says from 5e-2 to 1e-4, and 2.2 times at 1e-5 and 50 rows;
where few rows are hard, less often than it says. Drift of all inputs together is that of the loss
tree's leaves: a few kinds of rows that the model errs on differently.
"""

from __future__ import annotations

import numpy as np

from whitebox_hub.monitor import ModelContext
from whitebox_hub.monitor.estimates import (
    NO_SCORES,
    NO_TREE,
    Estimates,
    estimates_of,
    leaf_counts,
    metrics_of,
)
from whitebox_hub.monitor.measure import NO_REFERENCE, Key, Measure
from whitebox_hub.statistics.contingency import ROWS_MIN
from whitebox_hub.statistics.groups import GroupPlan
from whitebox_hub.statistics.gtest import g_test
from whitebox_hub.statistics.means import ROWS_MIN as MEAN_ROWS_MIN
from whitebox_hub.statistics.means import Mean, excess_mean_p_value
from whitebox_hub.statistics.merge import merge
from whitebox_hub.statistics.psi import psi
from whitebox_wire.spec import ModelKind
from whitebox_wire.vector import FloatArray, IntVector

PREFIX = "estimated_"
LEAF_DRIFT = "multivariate_drift"
_TESTED = {"accuracy", "mean_absolute_error"}
_FEW_ROWS = f"{MEAN_ROWS_MIN} rows are needed for a test"


def measure_estimates(context: ModelContext, live: IntVector) -> dict[Key, Measure]:
    """All measures of one window's features section that stand for labels."""
    regression = context.spec.kind is ModelKind.REGRESSION
    reference = context.estimate_reference
    said = estimates_of(context.spec, context.layout, live, reference.leaves)
    names = metrics_of(context.spec.kind)
    found: dict[Key, Measure]
    if said is None:
        rows = max(int(live[context.layout.rows]), 0)
        nothing = Measure(rows, problem=NO_TREE if regression else NO_SCORES)
        found = {(PREFIX + name, None): nothing for name in names}
    else:
        found = {(PREFIX + name, None): _measure(name, said, reference.estimates) for name in names}
    if regression:
        found[LEAF_DRIFT, None] = _leaf_drift(context, live)
    return found


def _measure(name: str, said: Estimates, before: Estimates | None) -> Measure:
    estimate = said.metrics.get(name)
    if estimate is None:
        return Measure(said.rows, problem=said.reasons[name])
    known = before.metrics.get(name) if before else None
    if before is None or known is None:
        return Measure(said.rows, estimate.value, untested=NO_REFERENCE)
    now, then = _error(said), _error(before)
    p_value = None
    if name in _TESTED and now and then:
        p_value = excess_mean_p_value(now, then)
    untested = _FEW_ROWS if name in _TESTED and p_value is None else ""
    return Measure(said.rows, estimate.value, known.value, p_value, untested=untested)


def _error(said: Estimates) -> Mean | None:
    """The mean of rows' expected errors, where there are numbers for it."""
    if said.error is None or said.error_square is None:
        return None
    return Mean(said.rows, said.error, said.error_square)


def _leaf_drift(context: ModelContext, live: IntVector) -> Measure:
    """PSI and the G test's p-value of the rows by leaf."""
    leaves, before = leaf_counts(context.layout, live), context.estimate_reference.leaves
    if leaves is None:
        return Measure(max(int(live[context.layout.rows]), 0), problem=NO_TREE)
    rows = int(leaves.sum())
    if before is None:
        return Measure(rows, problem=NO_REFERENCE)
    plan = _plan(leaves.size)
    merged = merge(plan, before, leaves)
    known, now = merged.sum(before), merged.sum(leaves)
    test = g_test(merged, known, now)
    if not test.enough[0]:
        return Measure(rows, problem=f"{rows} rows; {ROWS_MIN} are needed")
    return Measure(rows, float(psi(known, now, plan.offsets)[0]), 0.0, float(test.p_value[0]))


def _plan(leaves: int) -> GroupPlan:
    """Leaves as the groups of one column, in no order: any may be joined into the rest."""
    places: FloatArray = np.zeros(leaves)
    at = np.arange(leaves, dtype=np.intp)
    return GroupPlan(
        starts=at,
        kept=at,
        stop=leaves,
        offsets=np.zeros(1, np.intp),
        sizes=np.array([leaves], np.intp),
        ordered=np.zeros(1, np.bool_),
        floor=places,
    )
