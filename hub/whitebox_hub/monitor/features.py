"""Measures of the features section, by families of metrics: only families asked for are measured.

Each family is one vectorised pass over all columns, against the reference's baseline (baseline.py).
"""

from __future__ import annotations

from collections.abc import Callable, Set

from whitebox_hub.monitor import ModelContext
from whitebox_hub.monitor.drift import (
    GROUP_METRICS,
    NUMBER_METRICS,
    measure_groups,
    measure_numbers,
)
from whitebox_hub.monitor.estimated import measure_estimates
from whitebox_hub.monitor.measure import Key, Measure
from whitebox_hub.monitor.noised import measure_noised
from whitebox_hub.monitor.rates import RATE_METRICS, measure_rates
from whitebox_wire.vector import IntVector

Family = Callable[[ModelContext, IntVector], dict[Key, Measure]]

# The last family has the names that no other has.
_FAMILIES: tuple[tuple[frozenset[str], Family], ...] = (
    (GROUP_METRICS, measure_groups),
    (NUMBER_METRICS, measure_numbers),
    (RATE_METRICS, measure_rates),
)
_KNOWN = frozenset[str]().union(*(names for names, _ in _FAMILIES))


def measure_features(
    context: ModelContext, live: IntVector, names: Set[str] | None = None
) -> dict[Key, Measure]:
    """Measures of one window's features section; of the metrics' families, or of all."""
    result: dict[Key, Measure] = {}
    for family, measure in _FAMILIES:
        if names is None or family & names:
            result |= measure(context, live)
    if names is None or names - _KNOWN:
        result |= measure_estimates(context, live)
    return result | measure_noised(context, live, result)
