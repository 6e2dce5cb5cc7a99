"""The monitors a model gets when it is registered: calibrated, so that nobody has to tune them.

All rows are watched in full; a segment by its data drift, its prediction drift and the first of the
performance metrics, three monitors each, so that a model has at most a hundred from this.
"""

from __future__ import annotations

from collections.abc import Callable

from whitebox_hub.monitor import Monitor, Rule, Severity
from whitebox_wire.spec import ModelKind, ModelSpec

_FOR_EVERY_SEGMENT = (
    ("data_drift", "Data drift", Severity.MID),
    ("prediction_drift", "Prediction drift", Severity.MID),
)
_FOR_EVERY_MODEL = (*_FOR_EVERY_SEGMENT, ("missing_rate", "Missing values", Severity.MID))
_PERFORMANCE = {
    ModelKind.BINARY: (
        ("accuracy", "Accuracy", Severity.HIGH),
        ("precision", "Precision", Severity.HIGH),
        ("recall", "Recall", Severity.HIGH),
        ("f1", "F1", Severity.HIGH),
    ),
    ModelKind.MULTI_CLASS: (("accuracy", "Accuracy", Severity.HIGH),),
    ModelKind.REGRESSION: (("mean_absolute_error", "Mean absolute error", Severity.HIGH),),
}


def default_monitors(
    spec: ModelSpec, new_id: Callable[[], str], now_ms: int, first_segment: int = 0
) -> tuple[Monitor, ...]:
    """Monitors of all features, the prediction and the main performance metrics of a model, then
    of each of its segments; only of the segments from `first_segment` on where that is not 0.

    They compare with the reference; without labels in it the performance monitors say so.
    """
    performance = _PERFORMANCE[spec.kind]
    watched = [(0, *row) for row in (*_FOR_EVERY_MODEL, *performance)]
    for number, segment in enumerate(spec.segments, start=1):
        watched += [
            (number, metric, f"{name} in {segment.name}", severity)
            for metric, name, severity in (*_FOR_EVERY_SEGMENT, performance[0])
        ]
    return tuple(
        Monitor(
            id=new_id(),
            model_id=spec.model_id,
            name=name,
            metric=metric,
            segment=number,
            rule=Rule.CALIBRATED,
            severity=severity,
            created_ms=now_ms,
            updated_ms=now_ms,
        )
        for number, metric, name, severity in watched
        if number >= first_segment
    )
