"""Measures of the labels section: realised performance, and drift of the target."""

from __future__ import annotations

from collections.abc import Set

from whitebox_hub.monitor import ModelContext
from whitebox_hub.monitor.measure import Key, Measure
from whitebox_hub.monitor.performance import measure_performance
from whitebox_hub.monitor.targets import TARGET_METRICS, measure_targets
from whitebox_wire.vector import IntVector


def measure_labels(
    context: ModelContext, live: IntVector, names: Set[str] | None = None
) -> dict[Key, Measure]:
    """Measures of one window's labels section; of the metrics named, or of all."""
    result: dict[Key, Measure] = {}
    if names is None or names - TARGET_METRICS:
        result |= measure_performance(context, live)
    if names is None or names & TARGET_METRICS:
        result |= measure_targets(context, live)
    return result
