"""ModelSpec: what a model looks like to Whitebox, as values.

Made once from training data by `whitebox_agent.profile`, stored by the hub, fetched by agents.
Specs are frozen, comparable and checked once by `ModelSpec.check`; code that holds one trusts it.
This module knows what a spec's parts are to each other; the parts check themselves.
"""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass, field

from whitebox_wire.errors import SpecError
from whitebox_wire.features import (
    CELLS_PER_FEATURE_MAX,
    NAME_BYTES_MAX,
    CategoricalBins,
    Feature,
    NumericBins,
    check_edges,
    check_text,
)
from whitebox_wire.loss_tree import LossSplit, LossTree
from whitebox_wire.policies import (
    SEGMENTS_MAX,
    ExplanationPolicy,
    ExplanationSpace,
    NoiseBudget,
    NumericRange,
    Predicate,
    PrivacyPolicy,
    Segment,
    WindowPolicy,
)

__all__ = [
    "CELLS_PER_FEATURE_MAX",
    "CLASSES_MAX",
    "FEATURES_MAX",
    "NAME_BYTES_MAX",
    "SCORE_BINS_MAX",
    "Calibrator",
    "CategoricalBins",
    "ExplanationPolicy",
    "ExplanationSpace",
    "Feature",
    "LossSplit",
    "LossTree",
    "ModelKind",
    "ModelSpec",
    "NoiseBudget",
    "NumericBins",
    "NumericRange",
    "Predicate",
    "Prediction",
    "PrivacyPolicy",
    "Segment",
    "Target",
    "WindowPolicy",
]

FEATURES_MAX = 4_096
CLASSES_MAX = 100
SCORE_BINS_MAX = 1_000
KNOTS_MAX = 1_000


class ModelKind(enum.Enum):
    """The three kinds of model, named as Whitebox's API names them."""

    BINARY = "binary"
    MULTI_CLASS = "multi_class"
    REGRESSION = "regression"


@dataclass(frozen=True, slots=True)
class Calibrator:
    """A monotone, piecewise linear map from score to probability."""

    scores: tuple[float, ...]
    probabilities: tuple[float, ...]

    def check(self) -> None:
        """Raise SpecError unless scores rise strictly and probabilities do not fall, in [0, 1]."""
        scores, probabilities = self.scores, self.probabilities
        if len(scores) != len(probabilities) or not 2 <= len(scores) <= KNOTS_MAX:
            raise SpecError(f"calibrator: 2 to {KNOTS_MAX} scores, and a probability for each")
        # Comparisons with NaN are false, so these refuse it too.
        within = all(0.0 <= number <= 1.0 for number in (*scores, *probabilities))
        if not within or list(probabilities) != sorted(probabilities):
            raise SpecError("calibrator: numbers lie in [0, 1] and probabilities never fall")
        if list(scores) != sorted(set(scores)):
            raise SpecError("calibrator: scores must rise strictly")


@dataclass(frozen=True, slots=True)
class Prediction:
    """The prediction's columns. A binary model's second class is the positive one."""

    column: str
    classes: tuple[str, ...] = ()
    score_columns: tuple[str, ...] = ()
    score_bins: int = 0
    calibrators: tuple[Calibrator, ...] = ()
    value: NumericBins | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """The true value's column; `error_edges` bin the absolute error in the target's units."""

    column: str
    value: NumericBins | None = None
    error_edges: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """Everything that fixes a model's layout. See `contract` in ARCHITECTURE.md."""

    model_id: str
    kind: ModelKind
    features: tuple[Feature, ...]
    prediction: Prediction
    target: Target
    window: WindowPolicy = field(default_factory=WindowPolicy)
    segments: tuple[Segment, ...] = ()
    privacy: PrivacyPolicy = field(default_factory=PrivacyPolicy)
    explanation: ExplanationPolicy | None = None
    loss_tree: LossTree | None = None

    @property
    def counted(self) -> tuple[Feature, ...]:
        """The features that have cells."""
        return tuple(f for f in self.features if not f.withheld)

    @property
    def positive_classes(self) -> tuple[int, ...]:
        """For each score column, the index of the class it speaks of."""
        if self.kind is ModelKind.BINARY:
            return (1,) if self.prediction.score_columns else ()
        return tuple(range(len(self.prediction.score_columns)))

    def check(self) -> ModelSpec:
        """Return self, or raise SpecError naming the field that is wrong."""
        _check_names(self)
        for feature in self.features:
            feature.bins.check(f"feature {feature.name!r}")
        if self.kind is ModelKind.REGRESSION:
            _check_regression(self)
        else:
            _check_classification(self)
        self.window.check()
        self.privacy.check({f.name: f for f in self.features})
        _check_segments(self)
        _check_explanation(self)
        _check_loss_tree(self)
        return self


def _check_names(spec: ModelSpec) -> None:
    check_text(spec.model_id, "model_id")
    if not spec.model_id.isprintable():
        raise SpecError(f"model_id {spec.model_id[:40]!r} has characters that cannot be printed")
    if not 1 <= len(spec.features) <= FEATURES_MAX:
        raise SpecError(f"{len(spec.features)} features; 1 to {FEATURES_MAX} are possible")
    # A target is no column of an inference, so a feature may not share its name either.
    columns = [f.name for f in spec.features]
    columns += [spec.prediction.column, *spec.prediction.score_columns, spec.target.column]
    for name in columns:
        check_text(name, "column")
    twice = [name for name, count in Counter(columns).items() if count > 1]
    if twice:
        raise SpecError(
            f"column {twice[0]!r} has two roles",
            hint="features, prediction, scores and target need names of their own",
        )


def _check_classification(spec: ModelSpec) -> None:
    prediction, count = spec.prediction, len(spec.prediction.classes)
    low, high = (2, 2) if spec.kind is ModelKind.BINARY else (2, CLASSES_MAX)
    if not low <= count <= high or len(set(prediction.classes)) != count:
        raise SpecError(
            f"prediction {prediction.column!r} has {count} classes",
            hint=f"a {spec.kind.value} model needs {low} to {high} different classes",
        )
    for name in prediction.classes:
        check_text(name, "class", empty=True)
    if prediction.value is not None or spec.target.value is not None or spec.target.error_edges:
        raise SpecError(f"a {spec.kind.value} model has classes, not numeric prediction bins")
    _check_scores(spec)


def _check_scores(spec: ModelSpec) -> None:
    prediction = spec.prediction
    scored = len(prediction.score_columns)
    wanted = 1 if spec.kind is ModelKind.BINARY else len(prediction.classes)
    if scored not in (0, wanted):
        raise SpecError(
            f"{scored} score columns for {len(prediction.classes)} classes",
            hint=f"a {spec.kind.value} model has none or {wanted}",
        )
    if not (2 if scored else 0) <= prediction.score_bins <= SCORE_BINS_MAX:
        raise SpecError(f"score_bins is {prediction.score_bins}; 2 to 1000 are possible")
    if len(prediction.calibrators) not in (0, scored):
        raise SpecError("calibrators: there must be one for each score column, or none")
    for calibrator in prediction.calibrators:
        calibrator.check()


def _check_regression(spec: ModelSpec) -> None:
    prediction, target = spec.prediction, spec.target
    if prediction.value is None or target.value is None:
        raise SpecError("a regression model needs bins for its prediction and its target")
    if prediction.classes or prediction.score_columns:
        raise SpecError("a regression model has no classes and no scores")
    if prediction.score_bins or prediction.calibrators:
        raise SpecError("a regression model has no score_bins and no calibrators")
    prediction.value.check(f"prediction {prediction.column!r}")
    target.value.check(f"target {target.column!r}")
    check_edges(target.error_edges, f"error bins of {target.column!r}")
    if target.error_edges[0] < 0:
        raise SpecError(f"error bins of {target.column!r}: an absolute error is never negative")


def _check_segments(spec: ModelSpec) -> None:
    if len(spec.segments) > SEGMENTS_MAX:
        raise SpecError(f"{len(spec.segments)} segments; at most {SEGMENTS_MAX} are possible")
    features = {f.name: f for f in spec.features}
    noised = spec.privacy.noised
    for segment in spec.segments:
        segment.check(features)
        told = [p.feature for p in segment.where if p.feature in noised]
        if told:
            # The size of such a segment would tell exactly what the noise is to hide.
            raise SpecError(f"segment {segment.name!r} tests {told[0]!r}, which has a noise budget")
    if len({s.name for s in spec.segments}) != len(spec.segments):
        raise SpecError("two segments share a name")


def _check_explanation(spec: ModelSpec) -> None:
    policy = spec.explanation
    if policy is None:
        return
    policy.check(len(spec.prediction.classes) if spec.kind is ModelKind.MULTI_CLASS else 1)
    if spec.kind is ModelKind.REGRESSION and policy.space is ExplanationSpace.PROBABILITY:
        raise SpecError("explanation.space: a regression model has no probability")


def _check_loss_tree(spec: ModelSpec) -> None:
    tree, value = spec.loss_tree, spec.prediction.value
    if tree is None:
        return
    if spec.kind is not ModelKind.REGRESSION or value is None:
        raise SpecError(f"loss tree: a {spec.kind.value} model has none, only regression")
    tree.check((*(f.bins for f in spec.features), value))
    for split in tree.splits:
        if split.feature < len(spec.features):
            feature = spec.features[split.feature]
            if feature.withheld or feature.name in spec.privacy.noised:
                raise SpecError(
                    f"loss tree: {feature.name!r} is withheld or has a noise budget",
                    hint="leaf counts would tell what may not be told",
                )
