"""The metrics that can be monitored: what each is of, which way is bad, how it is judged.

A table and nothing else; a new metric is a row here and a measure beside it. Names are Whitebox's,
and `concept_drift`, its name for drift of the prediction, is kept as an alias. An error is bad
when it rises, a score when it falls.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from whitebox_hub.monitor import Rule
from whitebox_wire.layout import Section
from whitebox_wire.spec import ModelKind


class Scope(enum.Enum):
    """Whether a metric has one value for each feature or one for the model."""

    FEATURE = "feature"
    MODEL = "model"


class Direction(enum.Enum):
    """Which side of a threshold is bad. The first two use `upper_threshold`."""

    AT_LEAST = "at least"
    ABOVE = "above"
    BELOW = "below"


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the table.

    `calibrated` are the kinds of model for which a p-value is known; for those `effect` is what
    a violation must amount to: a value, or where `from_reference` a distance from the
    reference's value (where `relative`, as a share of it). Then `upper_threshold` replaces
    the effect of a feature's or prediction's metric.
    """

    name: str
    title: str
    scope: Scope
    section: Section
    direction: Direction
    kinds: frozenset[ModelKind]
    calibrated: frozenset[ModelKind] = frozenset()
    effect: float = 0.0
    from_reference: bool = False
    relative: bool = False

    def default_rule(self, kind: ModelKind) -> Rule:
        return Rule.CALIBRATED if kind in self.calibrated else Rule.THRESHOLD


ALIASES = {"concept_drift": "prediction_drift"}

_ALL = frozenset(ModelKind)
_BINARY = frozenset({ModelKind.BINARY})
_CLASSES = frozenset({ModelKind.BINARY, ModelKind.MULTI_CLASS})
_REGRESSION = frozenset({ModelKind.REGRESSION})
_NONE: frozenset[ModelKind] = frozenset()

# Drift below 0.1 of PSI is customarily read as small.
_PSI_EFFECT = 0.1
_MISSING_EFFECT = 0.01
_SCORE_EFFECT = 0.02
_ERROR_EFFECT = 0.1


def _of_features(
    name: str, title: str, direction: Direction, effect: float, *, from_reference: bool
) -> Metric:
    return Metric(
        name=name,
        title=title,
        scope=Scope.FEATURE,
        section=Section.FEATURES,
        direction=direction,
        kinds=_ALL,
        calibrated=_ALL,
        effect=effect,
        from_reference=from_reference,
    )


def _score(
    name: str, title: str, kinds: frozenset[ModelKind], calibrated: frozenset[ModelKind] = _NONE
) -> Metric:
    return Metric(
        name=name,
        title=title,
        scope=Scope.MODEL,
        section=Section.LABELS,
        direction=Direction.BELOW,
        kinds=kinds,
        calibrated=calibrated,
        effect=_SCORE_EFFECT,
        from_reference=True,
    )


def _error(
    name: str, title: str, kinds: frozenset[ModelKind], calibrated: frozenset[ModelKind] = _NONE
) -> Metric:
    return Metric(
        name=name,
        title=title,
        scope=Scope.MODEL,
        section=Section.LABELS,
        direction=Direction.ABOVE,
        kinds=kinds,
        calibrated=calibrated,
        effect=_ERROR_EFFECT,
        from_reference=True,
        relative=True,
    )


# Precision, recall and F1 of a multi-class model are the weighted ones, as Whitebox monitors them.
METRICS = {
    metric.name: metric
    for metric in (
        _of_features("data_drift", "PSI", Direction.AT_LEAST, _PSI_EFFECT, from_reference=False),
        _of_features(
            "missing_rate", "missing rate", Direction.ABOVE, _MISSING_EFFECT, from_reference=True
        ),
        Metric(
            name="prediction_drift",
            title="PSI",
            scope=Scope.MODEL,
            section=Section.FEATURES,
            direction=Direction.AT_LEAST,
            kinds=_ALL,
            calibrated=_ALL,
            effect=_PSI_EFFECT,
        ),
        _score("accuracy", "accuracy", _CLASSES, _CLASSES),
        _score("precision", "precision", _CLASSES, _BINARY),
        _score("recall", "recall", _CLASSES, _CLASSES),
        _score("f1", "F1", _CLASSES, _BINARY),
        _score("specificity", "specificity", _BINARY, _BINARY),
        _score("roc_auc", "ROC AUC", _BINARY),
        _score("average_precision", "average precision", _BINARY),
        _error("log_loss", "log loss", _CLASSES),
        _error("brier", "Brier score", _CLASSES),
        _score("r_square", "R squared", _REGRESSION),
        _error("mean_squared_error", "mean squared error", _REGRESSION),
        _error("root_mean_squared_error", "root mean squared error", _REGRESSION),
        _error("mean_absolute_error", "mean absolute error", _REGRESSION, _REGRESSION),
        _error("mean_absolute_percentage_error", "mean absolute percentage error", _REGRESSION),
    )
}


def find(name: str) -> Metric | None:
    """The metric of a name or alias.

    >>> find("concept_drift").name
    'prediction_drift'
    """
    return METRICS.get(ALIASES.get(name, name))
