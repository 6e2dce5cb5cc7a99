"""Measures of features whose live counts carry privacy noise, in place of the exact ones.

Drift as PSI, and the rates of missing and invalid values, have tests that know the noise
(statistics/noise.py). Other distances and rates do not: they say so and give no value, since noise
would read as drift. The number of rows ships exactly, so rates are of a known whole.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from whitebox_hub.monitor import ModelContext
from whitebox_hub.monitor.baseline import Baseline
from whitebox_hub.monitor.measure import Key, Measure
from whitebox_hub.statistics.noise import Noised, noised_drift, noised_excess
from whitebox_wire.layout import FeatureBlock
from whitebox_wire.vector import ONE, IntVector

UNSUPPORTED = "its counts carry privacy noise: watch data_drift, missing_rate or invalid_rate"
_DROWNED = (
    "the privacy noise (about {:.0f} rows a cell) drowns {} rows: add up more devices or time"
)


def measure_noised(
    context: ModelContext, live: IntVector, asked: Collection[Key]
) -> dict[Key, Measure]:
    """Of the measures asked for, those of noised features as they are to be read."""
    result: dict[Key, Measure] = {}
    for column, feature in enumerate(context.spec.counted):
        block = context.layout.features[column]
        variance = _variance(block, live)
        if variance > 0.0:
            for key in asked:
                if key[1] == feature.name:
                    result[key] = _measure(context, live, key[0], column, variance)
    return result


def carrying_noise(context: ModelContext, live: IntVector) -> frozenset[str]:
    """The features whose counts in a features section carry noise."""
    features = zip(context.spec.counted, context.layout.features, strict=True)
    return frozenset(feature.name for feature, block in features if _variance(block, live) > 0.0)


def _variance(block: FeatureBlock, live: IntVector) -> float:
    """The variance of the noise in each of a feature's cells, over all devices."""
    place = block.noise_variance
    return 0.0 if place is None else float(live[place]) / ONE


def _measure(
    context: ModelContext, live: IntVector, metric: str, column: int, variance: float
) -> Measure:
    rows, baseline = max(int(live[context.layout.rows]), 0), context.baseline
    block = context.layout.features[column]
    places = {"missing_rate": block.missing, "invalid_rate": block.invalid}
    if metric == "data_drift" and baseline is not None:
        return _drift(baseline, live, column, variance)
    if metric in places and baseline is not None and rows:
        return _rate(baseline, live, rows, places[metric], column, variance)
    return Measure(rows, problem=UNSUPPORTED)


def _drift(baseline: Baseline, live: IntVector, column: int, variance: float) -> Measure:
    plan = baseline.plan
    start = int(plan.offsets[column])
    groups = slice(start, start + int(plan.sizes[column]))
    cells = np.diff(np.append(plan.starts, plan.stop))[plan.kept[groups]]
    noised = Noised(baseline.groups[groups], plan.sums(live)[groups], cells * variance)
    found = noised_drift(noised, plan.floor[groups], ordered=bool(plan.ordered[column]))
    rows = int(noised.rows)
    if found is None:
        return Measure(rows, problem=_DROWNED.format(variance**0.5, rows))
    return Measure(rows, found.psi, 0.0, found.p_value)


def _rate(
    baseline: Baseline, live: IntVector, rows: int, place: int, column: int, variance: float
) -> Measure:
    hits, known = float(live[place]), float(baseline.rows[column])
    before = max(float(baseline.vector[place]), 0.0)
    value = min(max(hits / rows, 0.0), 1.0)
    if not known:
        return Measure(rows, value, untested="the reference has no rows")
    p_value = noised_excess(hits, float(rows), variance, before, known)
    return Measure(rows, value, before / known, p_value)
