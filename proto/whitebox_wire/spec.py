"""ModelSpec: what a model looks like to Whitebox, as values.

Made once from training data by `whitebox_agent.profile`, stored by the hub, fetched by agents.
Specs are frozen, comparable and checked once by `ModelSpec.check`; code that holds one trusts it.
Names, bin edges and vocabularies live here; no row, and no extreme of a column, ever does.
"""

from __future__ import annotations

import enum
import math
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

from whitebox_wire.errors import SpecError

NAME_BYTES_MAX = 256
FEATURES_MAX = 4_096
CLASSES_MAX = 100
CELLS_PER_FEATURE_MAX = 1_024
SCORE_BINS_MAX = 1_000
WEEK_S = 7 * 86_400
# 1970-01-05 was a Monday: windows of whole weeks begin on Mondays.
MONDAY_S = 4 * 86_400


class ModelKind(enum.Enum):
    """The three kinds of model, named as Whitebox's API names them."""

    BINARY = "binary"
    MULTI_CLASS = "multi_class"
    REGRESSION = "regression"


@dataclass(frozen=True, slots=True)
class NumericBins:
    """Cell 0 is below `edges[0]`; cell i holds `edges[i-1] <= x < edges[i]`; the last is open.

    Moments are kept of `(x - centre) / scale`.
    """

    edges: tuple[float, ...]
    centre: float
    scale: float

    @property
    def cells(self) -> int:
        return len(self.edges) + 1

    def check(self, name: str) -> None:
        """Raise SpecError unless edges rise strictly and centre and scale are finite."""
        if not 1 <= len(self.edges) < CELLS_PER_FEATURE_MAX:
            raise SpecError(f"{name}: {len(self.edges)} bin edges; 1 to 1023 are possible")
        if not all(map(math.isfinite, self.edges)):
            raise SpecError(f"{name}: a bin edge is not a finite number")
        if any(b <= a for a, b in pairwise(self.edges)):
            raise SpecError(f"{name}: bin edges must rise strictly")
        if not (math.isfinite(self.centre) and math.isfinite(self.scale) and self.scale > 0):
            raise SpecError(f"{name}: centre must be finite and scale positive")
        # 1 / scale must be finite too: moments are taken by multiplying with it.
        if not math.isfinite(2.0**20 / self.scale):
            raise SpecError(f"{name}: a scale of {self.scale} is too small")


@dataclass(frozen=True, slots=True)
class CategoricalBins:
    """A vocabulary; `complete` says that it holds every category of the training set."""

    vocabulary: tuple[str, ...]
    complete: bool = True
    boolean: bool = False

    @property
    def cells(self) -> int:
        """The vocabulary's cells, then `other` and `unseen`."""
        return len(self.vocabulary) + 2

    def check(self, name: str) -> None:
        """Raise SpecError for an empty, repeating or oversized vocabulary."""
        if not 1 <= len(self.vocabulary) <= CELLS_PER_FEATURE_MAX - 2:
            raise SpecError(f"{name}: {len(self.vocabulary)} categories; 1 to 1022 are possible")
        if len(set(self.vocabulary)) != len(self.vocabulary):
            raise SpecError(f"{name}: a category appears twice")
        if any(len(v.encode()) > NAME_BYTES_MAX for v in self.vocabulary):
            raise SpecError(f"{name}: a category is longer than {NAME_BYTES_MAX} bytes")


@dataclass(frozen=True, slots=True)
class Feature:
    name: str
    bins: NumericBins | CategoricalBins
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Calibrator:
    """A monotone, piecewise linear map from score to probability."""

    scores: tuple[float, ...]
    probabilities: tuple[float, ...]


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
    column: str
    value: NumericBins | None = None
    error_edges: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class WindowPolicy:
    """Tumbling windows of event time in whole seconds, aligned to UTC (weeks to Monday)."""

    granularity_s: int = 3_600
    lateness_s: int = 300
    label_horizon_s: int = 30 * 86_400

    @property
    def origin_s(self) -> int:
        return MONDAY_S if self.granularity_s % WEEK_S == 0 else 0

    def start(self, time_s: int) -> int:
        """The start of the window that a time falls into, in seconds since 1970.

        >>> WindowPolicy(3600).start(7201)
        7200
        """
        return (time_s - self.origin_s) // self.granularity_s * self.granularity_s + self.origin_s


@dataclass(frozen=True, slots=True)
class NumericRange:
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Predicate:
    """A feature's value lies in a half-open range or in a set of categories."""

    feature: str
    test: NumericRange | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """Rows that satisfy every predicate, on agents that carry every label."""

    name: str
    where: tuple[Predicate, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class NoiseBudget:
    features: tuple[str, ...]
    epsilon: float
    delta: float


@dataclass(frozen=True, slots=True)
class PrivacyPolicy:
    minimum_rows: int = 0
    budgets: tuple[NoiseBudget, ...] = ()


class ExplanationSpace(enum.Enum):
    MARGIN = "margin"
    PROBABILITY = "probability"


@dataclass(frozen=True, slots=True)
class ExplanationPolicy:
    """How attributions are taken; one output scale for each explained output."""

    space: ExplanationSpace
    output_scales: tuple[float, ...]
    rows_per_window: int = 200
    sampler_pairs: int = 100


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
        _check_policies(self)
        return self


def _check_names(spec: ModelSpec) -> None:
    # A target is no column of an inference, so a feature may not share its name either.
    columns = [f.name for f in spec.features]
    columns += [spec.prediction.column, *spec.prediction.score_columns, spec.target.column]
    for name in (spec.model_id, *columns):
        if not name or len(name.encode()) > NAME_BYTES_MAX:
            raise SpecError(f"name {name[:40]!r} is empty or longer than {NAME_BYTES_MAX} bytes")
    twice = [name for name, count in Counter(columns).items() if count > 1]
    if twice:
        raise SpecError(
            f"column {twice[0]!r} has two roles",
            hint="features, prediction, scores and target need names of their own",
        )
    if not 1 <= len(spec.features) <= FEATURES_MAX:
        raise SpecError(f"{len(spec.features)} features; 1 to {FEATURES_MAX} are possible")


def _check_classification(spec: ModelSpec) -> None:
    prediction, count = spec.prediction, len(spec.prediction.classes)
    low, high = (2, 2) if spec.kind is ModelKind.BINARY else (2, CLASSES_MAX)
    if not low <= count <= high or len(set(prediction.classes)) != count:
        raise SpecError(
            f"prediction {prediction.column!r} has {count} classes",
            hint=f"a {spec.kind.value} model needs {low} to {high} different classes",
        )
    wanted = (0, 1) if spec.kind is ModelKind.BINARY else (0, count)
    if len(prediction.score_columns) not in wanted:
        raise SpecError(
            f"{len(prediction.score_columns)} score columns for {count} classes",
            hint=f"a {spec.kind.value} model has none or {wanted[1]}",
        )
    if prediction.score_columns and not 2 <= prediction.score_bins <= SCORE_BINS_MAX:
        raise SpecError(f"score_bins is {prediction.score_bins}; 2 to 1000 are possible")
    if prediction.value is not None or spec.target.value is not None or spec.target.error_edges:
        raise SpecError(f"a {spec.kind.value} model has classes, not numeric prediction bins")
    if len(prediction.calibrators) not in (0, len(prediction.score_columns)):
        raise SpecError("calibrators: there must be one for each score column, or none")
    for calibrator in prediction.calibrators:
        _check_calibrator(calibrator)


def _check_calibrator(calibrator: Calibrator) -> None:
    scores, probabilities = calibrator.scores, calibrator.probabilities
    pairs = len(scores) == len(probabilities) >= 2
    if not pairs or list(scores) != sorted(set(scores)):
        raise SpecError("calibrator: scores must rise strictly, one probability for each")
    within = all(0.0 <= p <= 1.0 for p in probabilities)
    if not within or list(probabilities) != sorted(probabilities):
        raise SpecError("calibrator: probabilities must not fall and must lie in [0, 1]")


def _check_regression(spec: ModelSpec) -> None:
    if spec.prediction.value is None or spec.target.value is None:
        raise SpecError("a regression model needs bins for its prediction and its target")
    if spec.prediction.classes or spec.prediction.score_columns:
        raise SpecError("a regression model has no classes and no scores")
    spec.prediction.value.check(f"prediction {spec.prediction.column!r}")
    spec.target.value.check(f"target {spec.target.column!r}")
    edges = NumericBins(spec.target.error_edges, 0.0, 1.0)
    edges.check(f"error bins of {spec.target.column!r}")


def _check_policies(spec: ModelSpec) -> None:
    window = spec.window
    if not 1 <= window.granularity_s <= 366 * 86_400:
        raise SpecError(
            f"granularity_s is {window.granularity_s}; one second to a year is possible"
        )
    names = {f.name for f in spec.features}
    asked = [p.feature for s in spec.segments for p in s.where]
    asked += [f for b in spec.privacy.budgets for f in b.features]
    unknown = [name for name in asked if name not in names]
    if unknown:
        raise SpecError(f"a policy names feature {unknown[0]!r}, which the model does not have")
    noised = Counter(f for b in spec.privacy.budgets for f in b.features)
    if any(count > 1 for count in noised.values()):
        raise SpecError("privacy: a feature may belong to one noise budget only")
    if spec.explanation is not None:
        outputs = len(spec.prediction.classes) if spec.kind is ModelKind.MULTI_CLASS else 1
        scales = spec.explanation.output_scales
        if len(scales) != outputs or not all(math.isfinite(s) and s > 0 for s in scales):
            raise SpecError(f"explanation: {outputs} positive output scales are needed")
