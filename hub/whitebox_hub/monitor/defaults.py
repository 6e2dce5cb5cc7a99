"""The monitors a model gets when it is registered: calibrated, so that nobody has to tune them."""

from __future__ import annotations

from collections.abc import Callable

from whitebox_hub.monitor import Monitor, Rule, Severity
from whitebox_wire.spec import ModelKind, ModelSpec

_FOR_EVERY_MODEL = (
    ("data_drift", "Data drift", Severity.MID),
    ("prediction_drift", "Prediction drift", Severity.MID),
    ("missing_rate", "Missing values", Severity.MID),
)
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
    spec: ModelSpec, new_id: Callable[[], str], now_ms: int
) -> tuple[Monitor, ...]:
    """Monitors of all features, the prediction and the main performance metrics of a model.

    They compare with the reference; without labels in it the performance monitors say so.
    """
    return tuple(
        Monitor(
            id=new_id(),
            model_id=spec.model_id,
            name=name,
            metric=metric,
            rule=Rule.CALIBRATED,
            severity=severity,
            created_ms=now_ms,
            updated_ms=now_ms,
        )
        for metric, name, severity in _FOR_EVERY_MODEL + _PERFORMANCE[spec.kind]
    )
