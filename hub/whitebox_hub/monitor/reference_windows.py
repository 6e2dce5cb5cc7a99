"""The rule of reference windows: is a metric more than three deviations from its usual value?

NannyML takes mean and deviation over chunks of the reference. A reference here is sums, so its
windows are drawn again from them, at the size of the window that is judged: the band follows the
number of rows, where bands of another size cry wolf on small windows and sleep on large ones. The
limit: it is the spread of chance alone. What varies in the reference itself from day to night is in
its sums as a mixture, and no part of the band; then use segments, or a higher threshold.

Sizes go in steps of a fifth; the bands of a metric and a size are drawn once and kept.
"""

from __future__ import annotations

import numpy as np

from whitebox_hub.monitor import ModelContext
from whitebox_hub.monitor.features import measure_features
from whitebox_hub.monitor.labels import measure_labels
from whitebox_hub.monitor.measure import Band, Key
from whitebox_hub.monitor.resample import draw_features, draw_labels
from whitebox_hub.monitor.targets import reference_labels
from whitebox_wire.layout import Section

WINDOWS = 100
STEPS_PER_DOUBLING = 4
_SEED = 1_931


def bands(context: ModelContext, section: Section, metric: str, rows: int) -> dict[Key, Band]:
    """Mean and deviation of a metric over windows of about so many rows, where it has a value."""
    size = round(2 ** (round(np.log2(max(rows, 1)) * STEPS_PER_DOUBLING) / STEPS_PER_DOUBLING))
    known = context.bands.get((metric, size))
    if known is None:
        known = context.bands[metric, size] = _bands(context, section, metric, size)
    return known


def _bands(context: ModelContext, section: Section, metric: str, rows: int) -> dict[Key, Band]:
    rng = np.random.default_rng(_SEED)
    values: dict[Key, list[float]] = {}
    if section is Section.FEATURES:
        if context.baseline is None:
            return {}
        vector = context.baseline.vector
        drawn = draw_features(context.spec, context.layout, vector, rows, WINDOWS, rng)
        found = (measure_features(context, window, {metric}) for window in drawn)
    else:
        reference = reference_labels(context)
        if reference is None:
            return {}
        drawn = draw_labels(context.layout, reference, rows, WINDOWS, rng)
        found = (measure_labels(context, window, {metric}) for window in drawn)
    for measures in found:
        for key, measure in measures.items():
            if measure.value is not None and key[0] == metric:
                values.setdefault(key, []).append(measure.value)
    return {
        key: Band(float(np.mean(of)), float(np.std(of, ddof=1)))
        for key, of in values.items()
        if len(of) > WINDOWS // 2
    }
