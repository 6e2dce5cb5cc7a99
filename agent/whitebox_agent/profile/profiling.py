"""Training data to a spec and references: the order of steps, and nothing else.

Rows are read to learn what each column is, then once more to count every row as an agent would. In
between, rows that have labels teach what estimates without labels need: calibrators of scores, or
the loss tree of a regression. Memory holds one chunk, and of each column a sample and its
categories.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from whitebox_agent.privacy import sigma_of
from whitebox_agent.profile.calibrate import fit_calibrators
from whitebox_agent.profile.dataset import DataScan, scan_rows
from whitebox_agent.profile.infer import ColumnReport, LeftOut, feature
from whitebox_agent.profile.labelled import SAMPLE_CELLS_MAX, labelled_rows
from whitebox_agent.profile.loss import ROWS_MAX, fit_loss_tree
from whitebox_agent.profile.model_profile import ModelProfile
from whitebox_agent.profile.outcome import (
    check_scores,
    class_outcome,
    outcome_reports,
    regression_outcome,
)
from whitebox_agent.profile.progress import Meter, Progress
from whitebox_agent.profile.reference import fold_references
from whitebox_agent.profile.request import (
    MINIMUM_ROWS,
    Request,
    model_kind,
    names_of,
    noise_budgets,
)
from whitebox_agent.profile.segments import segments_of
from whitebox_agent.profile.source import Source, open_source
from whitebox_wire.codec import Reference, SpecBundle, encode_spec
from whitebox_wire.errors import ConfigError, DataError
from whitebox_wire.granularity import read_granularity
from whitebox_wire.messages import Dataset
from whitebox_wire.spec import (
    Feature,
    ModelKind,
    ModelSpec,
    NumericBins,
    PrivacyPolicy,
    Segment,
    WindowPolicy,
)

_DEFAULT = WindowPolicy()


def profile(
    data: object,
    *,
    model_id: str,
    kind: str | ModelKind,
    target: str,
    prediction: str = "prediction",
    scores: str | Sequence[str] = (),
    test: object = None,
    types: Mapping[str, str] | None = None,
    exclude: Sequence[str] = (),
    withhold: Sequence[str] = (),
    classes: Sequence[object] = (),
    positive: object = None,
    granularity: str = "1D",
    lateness_s: int = _DEFAULT.lateness_s,
    label_horizon_s: int = _DEFAULT.label_horizon_s,
    minimum_rows: int = MINIMUM_ROWS,
    noise: Mapping[str | tuple[str, ...], tuple[float, float]] | None = None,
    segments: str | Segment | Sequence[str | Segment] = (),
    names: Sequence[str] = (),
    progress: Callable[[Progress], None] | None = None,
) -> ModelProfile:
    """Make a model's spec and references from its training set, and its test set if given.

    Args:
        data: a path to .csv, .csv.gz or .parquet; a pandas DataFrame, pyarrow Table, numpy array
            (its columns named by `names`), dict of columns or list of dicts; or an iterator of
            these, consumed once.
        model_id: the model's name.
        kind: "binary", "multi_class" or "regression".
        target: the column of true values. Every other column that is not an outcome is a feature.
        prediction: the column of predictions; without it references have no labels section.
        scores: the column of the positive class's probability, or one for each class in order.
        test: a test set, like `data`.
        types: "numeric", "categorical" or "boolean" by column, where inference is to be overridden.
        exclude: columns that are no features.
        withhold: features that the model uses and that are never counted.
        classes: all classes in order, where the data may lack some; a binary model's second is
            the positive one.
        positive: a binary model's positive class; else the larger, or the one later in the
            alphabet ("yes", "true").
        granularity: the length of a window: 15T, 1H, 1D, 1W.
        lateness_s: how long after its end a window waits for late rows.
        label_horizon_s: how long a prediction is remembered for its label.
        minimum_rows: a device sends no sum of fewer rows; they wait for the next window's.
        noise: differential privacy: (epsilon, delta) by feature or tuple of features, whose counts
            then carry noise. See `deploy/guide/privacy.md` for what that promises.
        segments: parts of the rows that are counted and watched on their own, as texts such as
            "young: age < 30" or "Berlin: @site=berlin" (see segments.py), or as values.
        names: the columns of numpy arrays, in order.
        progress: is told of progress, at most about ten times a second.

    Raises:
        ConfigError: an argument contradicts another or the data, or pyarrow is missing.
        DataError: the data cannot be read, are empty, or do not fit the kind of model.
        SpecError: a limit of specs would be passed, such as 4,096 features.
    """
    request = Request(
        model_id=model_id,
        kind=model_kind(kind),
        target=target,
        prediction=prediction,
        scores=names_of(scores),
        types=types or {},
        exclude=frozenset(names_of(exclude)),
        withhold=frozenset(names_of(withhold)),
        classes=tuple(classes),
        positive=positive,
        window=WindowPolicy(read_granularity(granularity), lateness_s, label_horizon_s),
        privacy=PrivacyPolicy(minimum_rows, noise_budgets(noise or {})),
        segments=segments_of(segments),
    ).check()
    return _Profiler(request, tuple(names), Meter(progress)).profile(data, test)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A data set after its first look."""

    dataset: Dataset
    source: Source
    scan: DataScan


class _Profiler:
    """The steps for one request."""

    def __init__(self, request: Request, names: tuple[str, ...], meter: Meter) -> None:
        self._request = request
        self._names = names
        self._meter = meter

    def profile(self, data: object, test: object) -> ModelProfile:
        wanted = {name for name, kind in self._request.types.items() if kind == "numeric"}
        training = self._look(data, Dataset.TRAINING, wanted)
        features, reports, left_out = _features(self._request, training.scan)
        seen = [training]
        if test is not None:
            wanted |= {f.name for f in features if isinstance(f.bins, NumericBins)}
            seen.append(self._look(test, Dataset.TEST, wanted))
            _check_features(features, seen[1].scan)
        spec, notes = self._learn(self._spec(features, seen), seen)
        references = tuple(reference for each in seen for reference in self._fold(spec, each))
        bundle = SpecBundle(spec, encode_spec(spec), references)
        outcomes = outcome_reports(spec, training.scan.columns, training.scan.rows, notes)
        return ModelProfile(bundle, (*reports, *outcomes), left_out)

    def _look(self, data: object, dataset: Dataset, numeric: set[str]) -> _Seen:
        source = open_source(data, self._names, numeric, self._meter)
        scan = scan_rows(source, dataset, self._request, self._meter)
        check_scores(self._request, scan.columns, f"the {dataset.value} set")
        return _Seen(dataset, source, scan)

    def _spec(self, features: tuple[Feature, ...], seen: Sequence[_Seen]) -> ModelSpec:
        request, scans = self._request, seen[0].scan.columns
        if request.regression:
            # Errors on unseen rows are the honest ones.
            errors = [each.scan.errors for each in reversed(seen) if each.scan.errors.seen]
            outcome = regression_outcome(request, scans, errors[0] if errors else None)
        else:
            outcome = class_outcome(request, scans)
        spec = ModelSpec(
            *(request.model_id, request.kind, features, *outcome),
            window=request.window,
            segments=request.segments,
            privacy=request.privacy,
        ).check()
        for budget in spec.privacy.budgets:
            sigma_of(budget, spec)  # a budget that no noise keeps is refused here, not on a device
        return spec

    def _learn(self, spec: ModelSpec, seen: Sequence[_Seen]) -> tuple[ModelSpec, dict[str, str]]:
        """The spec with what estimates need, from the last data set that has it; and notes."""
        prediction = spec.prediction
        if spec.kind is ModelKind.REGRESSION:
            having = [each for each in seen if prediction.column in each.scan.columns]
            if not having:
                return spec, {}
            rows_max = min(ROWS_MAX, SAMPLE_CELLS_MAX // (len(spec.counted) + 1))
            rows = labelled_rows(having[-1].source, spec, rows_max, self._meter)
            tree, note = fit_loss_tree(spec, rows)
            return replace(spec, loss_tree=tree).check(), {prediction.column: note}
        if not prediction.score_columns:
            return spec, {}
        rows_max = SAMPLE_CELLS_MAX // len(prediction.score_columns)
        rows = labelled_rows(seen[-1].source, spec, rows_max, self._meter)
        calibrators, notes = fit_calibrators(spec, rows)
        prediction = replace(prediction, calibrators=calibrators)
        return replace(spec, prediction=prediction).check(), notes

    def _fold(self, spec: ModelSpec, seen: _Seen) -> tuple[Reference, ...]:
        labelled = self._request.prediction in seen.scan.columns
        return fold_references(
            seen.source, seen.dataset, spec, labelled=labelled, meter=self._meter
        )


def _features(
    request: Request, scan: DataScan
) -> tuple[tuple[Feature, ...], tuple[ColumnReport, ...], tuple[LeftOut, ...]]:
    """Every column that is no outcome: the features, what became of them, and the others."""
    for argument, columns in (
        ("types", request.types),
        ("exclude", request.exclude),
        ("withhold", request.withhold),
        ("noise", request.privacy.noised),
    ):
        unknown = sorted(set(columns) - set(scan.names))
        if unknown:
            raise ConfigError(f"{argument}: the training set has no column {unknown[0]!r}")
    features, reports, left_out = [], [], []
    for name in scan.names:
        if name in request.outcomes:
            continue
        found = _feature(name, request, scan)
        if isinstance(found, LeftOut):
            left_out.append(found)
        else:
            features.append(found[0])
            reports.append(found[1])
    if not features:
        reasons = "; ".join(f"{c.column}: {c.reason}" for c in left_out[:5])
        raise DataError("no column of the training set can be a feature", hint=reasons)
    return tuple(features), tuple(reports), tuple(left_out)


def _feature(name: str, request: Request, scan: DataScan) -> tuple[Feature, ColumnReport] | LeftOut:
    if name in request.exclude:
        return LeftOut(name, "excluded")
    if name.startswith("__index_level_"):
        return LeftOut(name, "it is the index of a pandas DataFrame")
    return feature(
        name,
        scan.columns[name],
        scan.rows,
        wanted=request.types.get(name),
        withheld=name in request.withhold,
        noised=name in request.privacy.noised,
    )


def _check_features(features: tuple[Feature, ...], test: DataScan) -> None:
    for each in features:
        if not each.withheld and each.name not in test.columns:
            raise DataError(f"the test set has no column {each.name!r}")
