"""The rule of reference windows: is a metric more than three deviations from its usual value?

NannyML takes mean and deviation over chunks of the reference. A reference here is sums, so its
windows are drawn again from them, at the size of the window that is judged: the band follows the
number of rows, where bands of another size cry wolf on small windows and sleep on large ones. The
limit: it is the spread of chance alone. What varies in the reference itself from day to night is in
its sums as a mixture, and no part of the band; then use segments, or a higher threshold.

Sizes go in steps of a fifth; the bands of a size are drawn once for all metrics and kept.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from whitebox_hub.monitor import ModelContext
from whitebox_hub.monitor.features import measure_features
from whitebox_hub.monitor.labels import measure_labels
from whitebox_hub.monitor.measure import Band, Key, Measure
from whitebox_hub.monitor.resample import draw_features, draw_labels
from whitebox_hub.monitor.targets import reference_labels
from whitebox_wire.layout import Section

WINDOWS = 100
STEPS_PER_DOUBLING = 4
# The bands of more rows are too narrow to matter.
ROWS_MAX = 1 << 24
_SEED = 1_931


def bands(
    context: ModelContext, section: Section, metrics: frozenset[str], rows: int
) -> dict[Key, Band]:
    """Bands of metrics over windows of about so many rows, where they have values."""
    steps = round(np.log2(min(max(rows, 1), ROWS_MAX)) * STEPS_PER_DOUBLING)
    size = round(2 ** (steps / STEPS_PER_DOUBLING))
    known = context.bands.get((metrics, size))
    if known is None:
        known = context.bands[metrics, size] = _bands(context, section, metrics, size)
    return known


def _bands(
    context: ModelContext, section: Section, metrics: frozenset[str], rows: int
) -> dict[Key, Band]:
    values: dict[Key, list[float]] = {}
    for measures in _measures(context, section, metrics, rows):
        for key, measure in measures.items():
            if measure.value is not None and key[0] in metrics:
                values.setdefault(key, []).append(measure.value)
    return {
        key: Band(float(np.mean(of)), float(np.std(of, ddof=1)))
        for key, of in values.items()
        if len(of) > WINDOWS // 2
    }


def _measures(
    context: ModelContext, section: Section, metrics: frozenset[str], rows: int
) -> Iterator[dict[Key, Measure]]:
    """What is measured of each window drawn from the reference; none if there is no reference."""
    rng = np.random.default_rng(_SEED)
    baseline, labels = context.baseline, reference_labels(context)
    if section is Section.FEATURES and baseline is not None:
        for window in draw_features(
            context.spec, context.layout, baseline.vector, rows, WINDOWS, rng
        ):
            yield measure_features(context, window, metrics)
    if section is Section.LABELS and labels is not None:
        for window in draw_labels(context.layout, labels, rows, WINDOWS, rng):
            yield measure_labels(context, window, metrics)
