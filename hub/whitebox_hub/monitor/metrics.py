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
from whitebox_wire.spec import CategoricalBins, ModelKind, ModelSpec, NumericBins


class Scope(enum.Enum):
    """Whether a metric has one value for each feature or one for the model."""

    FEATURE = "feature"
    MODEL = "model"


class Direction(enum.Enum):
    """Which side of a threshold is bad. The first two use `upper_threshold`."""

    AT_LEAST = "at least"
    ABOVE = "above"
    BELOW = "below"


class Columns(enum.Enum):
    """Which columns a feature's metric is of, by the type of their bins."""

    ANY = (NumericBins, CategoricalBins)
    NUMERIC = (NumericBins,)
    CATEGORICAL = (CategoricalBins,)


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the table.

    `calibrated` are the kinds of model for which a p-value is known; for those `effect` is what
    a violation must amount to: a value, or where `from_reference` a distance from the
    reference's value (where `relative`, as a share of it). Then `upper_threshold` replaces
    the effect of a feature's or prediction's metric.

    `columns` are those that have it; `of_prediction` says that the prediction's column may be named
    too. `rules` are possible beside a threshold and the calibrated rule; `usual` is the threshold
    of a monitor that names none.
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
    columns: Columns = Columns.ANY
    of_prediction: bool = False
    rules: frozenset[Rule] = frozenset()
    usual: float | None = None

    @property
    def fixed_effect(self) -> bool:
        """Whether the calibrated rule compares with the reference by `effect` alone."""
        return self.from_reference and self.scope is Scope.MODEL

    def default_rule(self, kind: ModelKind) -> Rule:
        return Rule.CALIBRATED if kind in self.calibrated else Rule.THRESHOLD

    def allows(self, rule: Rule, kind: ModelKind) -> bool:
        """Whether a model of a kind can have this metric judged by a rule."""
        if rule is Rule.CALIBRATED:
            return kind in self.calibrated
        return rule is Rule.THRESHOLD or rule in self.rules

    def features(self, spec: ModelSpec) -> tuple[str, ...]:
        """The counted features that have this metric."""
        return tuple(f.name for f in spec.counted if isinstance(f.bins, self.columns.value))

    def has(self, feature: str, spec: ModelSpec) -> bool:
        """Whether this metric has a value for a feature, or for the prediction's column."""
        numeric = spec.prediction.value is not None
        fits = (NumericBins if numeric else CategoricalBins) in self.columns.value
        of_prediction = self.of_prediction and fits and feature == spec.prediction.column
        return of_prediction or feature in self.features(spec)


ALIASES = {"concept_drift": "prediction_drift", "psi": "data_drift"}

_ALL = frozenset(ModelKind)
_BINARY = frozenset({ModelKind.BINARY})
_CLASSES = frozenset({ModelKind.BINARY, ModelKind.MULTI_CLASS})
_REGRESSION = frozenset({ModelKind.REGRESSION})
_NONE: frozenset[ModelKind] = frozenset()

_BY_CHANGE = frozenset({Rule.CHANGE})
_BY_WINDOWS = frozenset({Rule.REFERENCE_WINDOWS})
# Scores that follow from counts, so that windows of the reference can be drawn again.
_OF_COUNTS = frozenset(
    {"accuracy", "precision", "recall", "f1", "specificity", "roc_auc", "average_precision"}
)

# Drift below 0.1 is customarily read as small, whether by PSI, by Jensen-Shannon distance or by
# Wasserstein's in standard deviations.
_DISTANCE_EFFECT = 0.1
_RATE_EFFECT = 0.01
_SCORE_EFFECT = 0.02
_ERROR_EFFECT = 0.1


def _distance(name: str, title: str, columns: Columns = Columns.ANY) -> Metric:
    """A distance from the reference: of every feature, and of the prediction if it is named."""
    return Metric(
        name=name,
        title=title,
        scope=Scope.FEATURE,
        section=Section.FEATURES,
        direction=Direction.AT_LEAST,
        kinds=_ALL,
        calibrated=_ALL,
        effect=_DISTANCE_EFFECT,
        columns=columns,
        of_prediction=True,
        rules=_BY_WINDOWS,
    )


def _drift(name: str, section: Section, scope: Scope = Scope.MODEL) -> Metric:
    """PSI of features, of the prediction or of the target: the metrics that have a classic rule."""
    return Metric(
        name=name,
        title="PSI",
        scope=scope,
        section=section,
        direction=Direction.AT_LEAST,
        kinds=_ALL,
        calibrated=_ALL,
        effect=_DISTANCE_EFFECT,
        rules=_BY_WINDOWS | {Rule.CLASSIC},
    )


def _rate(name: str, title: str, columns: Columns = Columns.ANY) -> Metric:
    return Metric(
        name=name,
        title=title,
        scope=Scope.FEATURE,
        section=Section.FEATURES,
        direction=Direction.ABOVE,
        kinds=_ALL,
        calibrated=_ALL,
        effect=_RATE_EFFECT,
        from_reference=True,
        columns=columns,
        rules=_BY_WINDOWS | _BY_CHANGE,
    )


def _attribution(
    name: str, title: str, direction: Direction, usual: float, scope: Scope = Scope.MODEL
) -> Metric:
    return Metric(
        name=name,
        title=title,
        scope=scope,
        section=Section.EXPLANATIONS,
        direction=direction,
        kinds=_ALL,
        usual=usual,
    )


def _score(
    name: str,
    title: str,
    kinds: frozenset[ModelKind],
    calibrated: frozenset[ModelKind] = _NONE,
    *,
    section: Section = Section.LABELS,
) -> Metric:
    return Metric(
        name=name,
        title=title,
        scope=Scope.MODEL,
        section=section,
        direction=Direction.BELOW,
        kinds=kinds,
        calibrated=calibrated,
        effect=_SCORE_EFFECT,
        from_reference=True,
        rules=_BY_CHANGE | _BY_WINDOWS if name in _OF_COUNTS else _BY_CHANGE,
    )


def _error(
    name: str,
    title: str,
    kinds: frozenset[ModelKind],
    calibrated: frozenset[ModelKind] = _NONE,
    *,
    section: Section = Section.LABELS,
) -> Metric:
    return Metric(
        name=name,
        title=title,
        scope=Scope.MODEL,
        section=section,
        direction=Direction.ABOVE,
        kinds=kinds,
        calibrated=calibrated,
        effect=_ERROR_EFFECT,
        from_reference=True,
        relative=True,
        rules=_BY_CHANGE,
    )


def _estimated_score(name: str, title: str, calibrated: frozenset[ModelKind] = _NONE) -> Metric:
    name, title = f"estimated_{name}", f"estimated {title}"
    return _score(name, title, _CLASSES, calibrated, section=Section.FEATURES)


def _estimated_error(name: str, title: str, calibrated: frozenset[ModelKind] = _NONE) -> Metric:
    name, title = f"estimated_{name}", f"estimated {title}"
    return _error(name, title, _REGRESSION, calibrated, section=Section.FEATURES)


# Whitebox, as Evidently, calls a data set drifted when this share of its columns is.
DATASET_DRIFT_SHARE = 0.5

# Precision, recall and F1 of a multi-class model are the weighted ones, as Whitebox monitors them;
# estimated ones are means over classes, as NannyML's are.
METRICS = {
    metric.name: metric
    for metric in (
        _drift("data_drift", Section.FEATURES, Scope.FEATURE),
        _drift("prediction_drift", Section.FEATURES),
        _drift("target_drift", Section.LABELS),
        Metric(
            name="dataset_drift",
            title="share of drifted columns",
            scope=Scope.MODEL,
            section=Section.FEATURES,
            direction=Direction.AT_LEAST,
            kinds=_ALL,
            rules=frozenset({Rule.CLASSIC}),
            usual=DATASET_DRIFT_SHARE,
        ),
        _distance("jensen_shannon", "Jensen-Shannon distance"),
        _distance("hellinger", "Hellinger distance"),
        _distance("total_variation", "total variation"),
        _distance("l_infinity", "L-infinity distance"),
        _distance("chi_square", "chi-square divergence"),
        _distance("ks", "Kolmogorov-Smirnov distance", Columns.NUMERIC),
        _distance("wasserstein", "Wasserstein distance in deviations", Columns.NUMERIC),
        _rate("missing_rate", "missing rate"),
        _rate("invalid_rate", "invalid rate"),
        _rate("unseen_rate", "unseen rate", Columns.CATEGORICAL),
        _rate("out_of_range_rate", "out-of-range rate", Columns.NUMERIC),
        Metric(
            name="volume",
            title="rows",
            scope=Scope.MODEL,
            section=Section.FEATURES,
            direction=Direction.BELOW,
            kinds=_ALL,
        ),
        _attribution("attribution_ndcg", "NDCG of attributions", Direction.BELOW, 0.9),
        _attribution("attribution_drift", "L1 distance of attributions", Direction.AT_LEAST, 0.2),
        _attribution(
            "attribution_change",
            "relative change of attribution",
            Direction.AT_LEAST,
            0.5,
            Scope.FEATURE,
        ),
        Metric(
            name="multivariate_drift",
            title="PSI of loss leaves",
            scope=Scope.MODEL,
            section=Section.FEATURES,
            direction=Direction.AT_LEAST,
            kinds=_REGRESSION,
            calibrated=_REGRESSION,
            effect=_DISTANCE_EFFECT,
        ),
        _estimated_score("accuracy", "accuracy", _CLASSES),
        _estimated_score("precision", "precision"),
        _estimated_score("recall", "recall"),
        _estimated_score("f1", "F1"),
        _estimated_score("specificity", "specificity"),
        _estimated_score("roc_auc", "ROC AUC"),
        _estimated_score("average_precision", "average precision"),
        _estimated_error("mean_absolute_error", "mean absolute error", _REGRESSION),
        _estimated_error("mean_squared_error", "mean squared error"),
        _estimated_error("root_mean_squared_error", "root mean squared error"),
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
