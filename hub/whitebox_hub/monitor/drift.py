"""Measures of drift: how far a window's features and predictions lie from the reference.

Distances between shares are taken of groups, missing values among those of categories, and are
significant by the G test of the same groups. Distances between numbers
are taken of the fine cells and are significant by their own laws. One vectorised pass for all
columns. `data_drift` and `prediction_drift` are PSI; a distance of the prediction goes by its
column's name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from whitebox_hub.monitor import ModelContext
from whitebox_hub.monitor.measure import NO_REFERENCE, Key, Measure
from whitebox_hub.statistics.bridge import REFERENCE_SHARE
from whitebox_hub.statistics.bridge import ROWS_MIN as BRIDGE_ROWS_MIN
from whitebox_hub.statistics.chi_square import chi_square
from whitebox_hub.statistics.contingency import ROWS_MIN
from whitebox_hub.statistics.groups import IntArray
from whitebox_hub.statistics.gtest import g_test
from whitebox_hub.statistics.hellinger import hellinger
from whitebox_hub.statistics.jensen_shannon import jensen_shannon
from whitebox_hub.statistics.ks import ks_distance
from whitebox_hub.statistics.l_infinity import l_infinity
from whitebox_hub.statistics.merge import merge
from whitebox_hub.statistics.psi import psi
from whitebox_hub.statistics.total_variation import total_variation
from whitebox_hub.statistics.wasserstein import wasserstein
from whitebox_wire.vector import FloatArray, IntVector

Distance = Callable[[FloatArray, FloatArray, IntArray], FloatArray]

_OF_GROUPS: dict[str, Distance] = {
    "data_drift": psi,
    "jensen_shannon": jensen_shannon,
    "hellinger": hellinger,
    "total_variation": total_variation,
    "l_infinity": l_infinity,
    "chi_square": chi_square,
}
GROUP_METRICS = frozenset({*_OF_GROUPS, "prediction_drift"})
NUMBER_METRICS = frozenset({"ks", "wasserstein"})


def measure_groups(context: ModelContext, live: IntVector) -> dict[Key, Measure]:
    """Distances between the shares of groups, of every feature and of the prediction."""
    names = [*(f.name for f in context.spec.counted), context.spec.prediction.column]
    keys = [_key(metric, name, names) for metric in _OF_GROUPS for name in names]
    baseline = context.baseline
    if baseline is None:
        rows = max(int(live[context.layout.rows]), 0)
        return dict.fromkeys(keys, Measure(rows, problem=NO_REFERENCE))
    plan, counts = baseline.plan, baseline.plan.count(live)
    merged = merge(plan, baseline.groups, counts)
    reference, joined = merged.sum(baseline.groups), merged.sum(counts)
    test = g_test(merged, reference, joined)
    known, rows_of = plan.total(baseline.groups), plan.total(counts)
    problems = [
        "" if enough else _too_few(int(rows), int(before))
        for enough, rows, before in zip(test.enough, rows_of, known, strict=True)
    ]
    result: dict[Key, Measure] = {}
    for metric, distance in _OF_GROUPS.items():
        values = distance(reference, joined, plan.offsets)
        said = _measures(rows_of, values, test.p_value, problems)
        result |= zip((_key(metric, name, names) for name in names), said, strict=True)
    return result


def _key(metric: str, name: str, names: Sequence[str]) -> Key:
    if metric == "data_drift" and name == names[-1]:
        return "prediction_drift", None
    return metric, name


def _too_few(rows: int, reference_rows: int) -> str:
    if reference_rows < ROWS_MIN:
        return f"the reference has {reference_rows} rows with a value; {ROWS_MIN} are needed"
    if rows < ROWS_MIN:
        return f"{rows} rows with a value; {ROWS_MIN} are needed"
    return f"{rows} rows are too few for so many categories"


def measure_numbers(context: ModelContext, live: IntVector) -> dict[Key, Measure]:
    """KS and Wasserstein (in the reference's standard deviations) of every numeric column."""
    if context.baseline is None:
        rows = max(int(live[context.layout.rows]), 0)
        names = [f.name for f in context.spec.counted]
        keys = [(metric, name) for metric in sorted(NUMBER_METRICS) for name in names]
        return dict.fromkeys(keys, Measure(rows, problem=NO_REFERENCE))
    numeric = context.baseline.numeric
    if numeric is None:
        return {}
    reference, laws = numeric.sample, numeric.laws
    sample = reference.cells.read(live)
    known, rows_of, deviation = reference.rows, sample.rows, reference.deviations
    distance = ks_distance(reference, sample)
    lengths = wasserstein(reference, sample)
    lengths = np.divide(lengths, deviation, out=np.zeros_like(lengths), where=deviation > 0)
    result: dict[Key, Measure] = {}
    for metric, values, p_values, few in (
        ("ks", distance, laws.ks_p_values(sample, distance), BRIDGE_ROWS_MIN),
        (
            "wasserstein",
            lengths,
            laws.wasserstein_p_values(sample),
            round(BRIDGE_ROWS_MIN / REFERENCE_SHARE),
        ),
    ):
        problems = [
            _no_law(int(rows), int(before), few, varies=bool(varies), judged=bool(judged))
            for rows, before, varies, judged in zip(
                rows_of, known, deviation > 0, ~np.isnan(p_values), strict=True
            )
        ]
        said = _measures(rows_of, values, p_values, problems)
        result |= zip(((metric, name) for name in numeric.names), said, strict=True)
    return result


def _no_law(rows: int, reference_rows: int, few: int, *, varies: bool, judged: bool) -> str:
    """Why numbers cannot be compared; empty if they can."""
    if reference_rows < few:
        return f"the reference has {reference_rows} rows with a value; {few} are needed"
    if rows < BRIDGE_ROWS_MIN:
        return f"{rows} rows with a value; {BRIDGE_ROWS_MIN} are needed"
    if not varies:
        return "the reference does not vary: watch data_drift"
    return "" if judged else f"{rows} rows are too few for a value so heavy"


def _measures(
    rows: FloatArray, values: FloatArray, p_values: FloatArray, problems: Sequence[str]
) -> list[Measure]:
    """A measure for each column; those with a problem have no value."""
    return [
        Measure(count, problem=problem) if problem else Measure(count, value, 0.0, p)
        for count, value, p, problem in zip(
            rows.astype(np.int64).tolist(),
            values.tolist(),
            p_values.tolist(),
            problems,
            strict=True,
        )
    ]
