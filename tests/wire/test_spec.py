"""What a spec refuses, each by the name of the field that is wrong; and where windows begin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whitebox_wire.errors import SpecError
from whitebox_wire.spec import (
    Calibrator,
    CategoricalBins,
    ExplanationPolicy,
    ExplanationSpace,
    Feature,
    ModelSpec,
    NoiseBudget,
    NumericBins,
    NumericRange,
    Predicate,
    PrivacyPolicy,
    Segment,
    WindowPolicy,
)

NAN, INF = float("nan"), float("inf")
LONG = "é" * 129
Change = Callable[[ModelSpec], ModelSpec]


def feature(bins: NumericBins | CategoricalBins) -> Change:
    return lambda spec: replace(spec, features=(*spec.features, Feature("new", bins)))


def numeric(*edges: float, centre: float = 0.0, scale: float = 1.0) -> Change:
    return feature(NumericBins(edges, centre, scale))


def part(name: str, **changes: Any) -> Change:
    """The spec with some fields of one part changed."""
    return lambda spec: replace(spec, **{name: replace(getattr(spec, name), **changes)})


def segment(*where: Predicate, **changes: Any) -> Change:
    return lambda spec: replace(spec, segments=(replace(Segment("s", where), **changes),))


def budget(*features: str, epsilon: float = 1.0, delta: float = 1e-6) -> Change:
    return part("privacy", budgets=(NoiseBudget(features, epsilon, delta),))


def calibrator(scores: tuple[float, ...], probabilities: tuple[float, ...]) -> Change:
    return part("prediction", calibrators=(Calibrator(scores, probabilities),))


def table(cases: list[tuple[Change, str]]) -> pytest.MarkDecorator:
    """Changes and what is said of them, numbered: one thing said may have several causes."""
    ids = [f"{number} {says}" for number, (_, says) in enumerate(cases)]
    return pytest.mark.parametrize(("change", "says"), cases, ids=ids)


def refused(spec: ModelSpec, change: Change, says: str) -> None:
    spec.check()
    with pytest.raises(SpecError, match=says):
        change(spec).check()


@table(
    [
        (lambda s: replace(s, model_id=""), "model_id '' is empty"),
        (lambda s: replace(s, model_id=LONG), "model_id .* longer than 256 bytes"),
        (lambda s: replace(s, model_id="a\nb"), "model_id .* cannot be printed"),
        (lambda s: replace(s, features=()), "0 features; 1 to 4096"),
        (lambda s: replace(s, features=s.features * 1_000), "5000 features"),
        (lambda s: replace(s, features=s.features * 2), "column 'age' has two roles"),
        (lambda s: replace(s, features=(replace(s.features[0], name=""),)), "column '' is empty"),
        (lambda s: replace(s, features=(replace(s.features[0], name="\udc80"),)), "not valid Un"),
        (part("target", column="age"), "column 'age' has two roles"),
        (part("prediction", column="truth"), "column 'truth' has two roles"),
        (part("prediction", score_columns=("label",)), "column 'label' has two roles"),
    ],
)
def test_names_that_cannot_be_are_refused(
    change: Change, says: str, specs: dict[str, ModelSpec]
) -> None:
    refused(specs["binary"], change, says)


@table(
    [
        (numeric(), "feature 'new': 0 bin edges"),
        (numeric(*map(float, range(1_024))), "feature 'new': 1024 bin edges"),
        (numeric(1.0, 1.0), "feature 'new': bin edges must rise"),
        (numeric(2.0, 1.0), "feature 'new': bin edges must rise"),
        (numeric(NAN), "feature 'new': a bin edge is not a finite"),
        (numeric(0.0, INF), "feature 'new': a bin edge is not a finite"),
        (numeric(0.0, centre=NAN), "feature 'new': the centre"),
        (numeric(0.0, centre=-INF), "feature 'new': the centre"),
        (numeric(0.0, scale=0.0), "feature 'new': a scale of 0.0"),
        (numeric(0.0, scale=-1.0), "feature 'new': a scale of -1.0"),
        (numeric(0.0, scale=NAN), "feature 'new': a scale of nan"),
        (numeric(0.0, scale=INF), "feature 'new': a scale of inf"),
        (numeric(0.0, scale=1e-305), "feature 'new': a scale of 1e-305 .* too small"),
        (feature(CategoricalBins(())), "feature 'new': 0 categories"),
        (feature(CategoricalBins(tuple(map(str, range(1_023))))), "'new': 1023 categories"),
        (feature(CategoricalBins(("a", "a"))), "feature 'new': a category appears twice"),
        (feature(CategoricalBins((LONG,))), "feature 'new': category .* longer than 256"),
        (feature(CategoricalBins(("\udc80",))), "feature 'new': category .* not valid Unicode"),
    ],
)
def test_bins_that_cannot_be_are_refused_by_the_features_name(
    change: Change, says: str, specs: dict[str, ModelSpec]
) -> None:
    refused(specs["binary"], change, says)


@table(
    [
        (part("prediction", classes=("only",)), "'label' has 1 classes .*needs 2 to 2"),
        (part("prediction", classes=("a", "b", "c")), "'label' has 3 classes"),
        (part("prediction", classes=("a", "a")), "'label' has 2 classes .*different"),
        (part("prediction", classes=("a", LONG)), "class .* longer than 256"),
        (part("prediction", score_columns=("p", "q")), "2 score columns for 2 classes .*or 1"),
        (part("prediction", score_bins=1), "score_bins is 1; 2 to 1000"),
        (part("prediction", score_bins=1_001), "score_bins is 1001"),
        (part("prediction", value=NumericBins((0.0,), 0.0, 1.0)), "has classes, not numeric"),
        (part("target", value=NumericBins((0.0,), 0.0, 1.0)), "has classes, not numeric"),
        (part("target", error_edges=(0.0,)), "has classes, not numeric"),
        (part("prediction", score_columns=()), "calibrators: there must be one for each"),
        (calibrator((0.0,), (0.0,)), "calibrator: 2 to 1000 scores"),
        (calibrator((0.0, 1.0), (0.0,)), "calibrator: 2 to 1000 scores"),
        (calibrator((0.5, 0.5), (0.0, 1.0)), "calibrator: scores must rise"),
        (calibrator((0.0, NAN), (0.0, 1.0)), r"calibrator: numbers lie in \[0, 1\]"),
        (calibrator((0.0, 1.5), (0.0, 1.0)), r"calibrator: numbers lie in \[0, 1\]"),
        (calibrator((0.0, 1.0), (0.0, NAN)), r"calibrator: numbers lie in \[0, 1\]"),
        (calibrator((0.0, 1.0), (1.0, 0.0)), "probabilities never fall"),
    ],
)
def test_classes_and_scores_that_cannot_be_are_refused(
    change: Change, says: str, specs: dict[str, ModelSpec]
) -> None:
    refused(specs["binary"], change, says)


@table(
    [
        (part("prediction", classes=tuple(map(str, range(101)))), "'label' has 101 classes"),
        (part("prediction", classes=("a",), score_columns=()), "'label' has 1 classes"),
        (part("prediction", score_columns=("px",)), "1 score columns for 3 classes .*none or 3"),
        (part("explanation", output_scales=(1.0,)), "explanation.output_scales: 3 positive"),
    ],
)
def test_many_classes_that_cannot_be_are_refused(
    change: Change, says: str, specs: dict[str, ModelSpec]
) -> None:
    refused(specs["multi_class"], change, says)


@table(
    [
        (part("prediction", value=None), "needs bins for its prediction and its target"),
        (part("target", value=None), "needs bins for its prediction and its target"),
        (part("prediction", classes=("a", "b")), "no classes and no scores"),
        (part("prediction", score_columns=("p",)), "no classes and no scores"),
        (part("prediction", score_bins=10), "no score_bins and no calibrators"),
        (part("prediction", value=NumericBins((), 0.0, 1.0)), "prediction 'label': 0 bin edges"),
        (part("target", value=NumericBins((0.0,), 0.0, 0.0)), "target 'truth': a scale of 0.0"),
        (part("target", error_edges=()), "error bins of 'truth': 0 bin edges"),
        (part("target", error_edges=(1.0, 0.5)), "error bins of 'truth': bin edges must rise"),
        (part("target", error_edges=(-1.0, 0.5)), "error bins of 'truth': .* never negative"),
        (part("explanation", space=ExplanationSpace.PROBABILITY), "explanation.space: "),
    ],
)
def test_regression_that_cannot_be_is_refused(
    change: Change, says: str, specs: dict[str, ModelSpec]
) -> None:
    refused(specs["regression"], change, says)


OLD = Predicate("age", NumericRange(60.0, INF))


@table(
    [
        (part("window", granularity_s=0), "window.granularity_s is 0; 1 to"),
        (part("window", granularity_s=367 * 86_400), "window.granularity_s"),
        (part("window", lateness_s=-1), "window.lateness_s is -1; 0 to"),
        (part("window", lateness_s=367 * 86_400), "window.lateness_s"),
        (part("window", label_horizon_s=-1), "window.label_horizon_s is -1"),
        (part("window", label_horizon_s=3_661 * 86_400), "window.label_horizon_s"),
        (lambda s: replace(s, segments=s.segments * 17), "34 segments; at most 32"),
        (lambda s: replace(s, segments=s.segments[:1] * 2), "two segments share a name"),
        (segment(), "segment 's': the number of predicates and labels is 0; 1 to 16"),
        (segment(*[OLD] * 17), "segment 's': the number of predicates and labels is 17"),
        (segment(OLD, name=""), "segment '' is empty"),
        (segment(labels=(("", "x"),)), "segment 's': label '' is empty"),
        (segment(labels=(("k", LONG),)), "segment 's': label 'k' .* longer than 256"),
        (segment(labels=(("k", "1"), ("k", "2"))), "segment 's' names a label twice"),
        (segment(replace(OLD, feature="height")), "segment 's' tests 'height', which is no"),
        (segment(Predicate("race", ("a",))), "segment 's' tests 'race', which is withheld"),
        (segment(Predicate("income", NumericRange(0.0, 1.0))), "'income', which has a noise"),
        (segment(Predicate("age", NumericRange(1.0, 1.0))), "low < high for 'age'"),
        (segment(Predicate("age", NumericRange(NAN, 1.0))), "low < high for 'age'"),
        (segment(Predicate("age", ("young",))), "low < high for 'age'"),
        (segment(Predicate("job", NumericRange(0.0, 1.0))), "needs categories for 'job'"),
        (segment(Predicate("job", ())), "needs categories for 'job'"),
        (segment(Predicate("job", ("nurse", "nurse"))), "category of 'job' twice"),
        (segment(Predicate("job", ("nurse", "king"))), "'king' is no category of 'job'"),
    ],
)
def test_windows_and_segments_that_cannot_be_are_refused(
    change: Change, says: str, specs: dict[str, ModelSpec]
) -> None:
    refused(specs["binary"], change, says)


@table(
    [
        (part("privacy", minimum_rows=-1), "privacy.minimum_rows is -1"),
        (part("privacy", minimum_rows=1_000_001), "privacy.minimum_rows is 1000001"),
        (part("privacy", budgets=(NoiseBudget((), 1.0, 1e-6),) * 65), "noise budgets is 65"),
        (budget(), "privacy: a noise budget names no feature"),
        (budget("height"), "privacy: a noise budget names 'height'"),
        (budget("race"), "privacy: 'race' is withheld"),
        (budget("age", "age"), "privacy: 'age' belongs to two"),
        (budget("income", epsilon=0.0), "privacy: .* epsilon > 0"),
        (budget("income", epsilon=NAN), "privacy: .* epsilon > 0"),
        (budget("income", epsilon=INF), "privacy: .* epsilon > 0"),
        (budget("income", delta=0.0), r"privacy: .* delta in \(0, 1\)"),
        (budget("income", delta=1.0), r"privacy: .* delta in \(0, 1\)"),
        (part("explanation", output_scales=()), "explanation.output_scales: 1 positive"),
        (part("explanation", output_scales=(0.0,)), "explanation.output_scales"),
        (part("explanation", output_scales=(NAN,)), "explanation.output_scales"),
        (part("explanation", rows_per_window=0), "explanation.rows_per_window is 0"),
        (part("explanation", sampler_pairs=10_001), "explanation.sampler_pairs is 10001"),
    ],
)
def test_privacy_and_explanations_that_cannot_be_are_refused(
    change: Change, says: str, specs: dict[str, ModelSpec]
) -> None:
    refused(specs["binary"], change, says)


def test_a_noised_feature_has_at_most_twenty_cells(specs: dict[str, ModelSpec]) -> None:
    def noised(edges: int) -> ModelSpec:
        return budget("new")(numeric(*map(float, range(edges)))(specs["binary"]))

    assert noised(19).check().privacy.budgets
    with pytest.raises(SpecError, match="has 21 cells; a feature with noise has at most 20"):
        noised(20).check()


def test_a_spec_with_nothing_optional_passes_and_is_returned(specs: dict[str, ModelSpec]) -> None:
    bare = replace(
        specs["binary"],
        prediction=replace(specs["binary"].prediction, score_columns=(), calibrators=()),
        segments=(),
        privacy=PrivacyPolicy(),
        explanation=None,
    )

    assert bare.check() is bare
    assert bare.positive_classes == ()


def test_each_score_column_speaks_of_its_class(specs: dict[str, ModelSpec]) -> None:
    assert specs["binary"].positive_classes == (1,)
    assert specs["multi_class"].positive_classes == (0, 1, 2)
    assert specs["regression"].positive_classes == ()


def test_an_explanation_is_of_bounded_effort_by_default() -> None:
    ExplanationPolicy(ExplanationSpace.MARGIN, (1.0,)).check(1)


@pytest.mark.parametrize(
    ("granularity_s", "start"),
    [(900, "2026-03-04 13:30"), (3_600, "2026-03-04 13:00"), (86_400, "2026-03-04 00:00")],
)
def test_windows_begin_on_the_clock_in_utc(granularity_s: int, start: str) -> None:
    at = int(datetime(2026, 3, 4, 13, 44, 59, tzinfo=timezone.utc).timestamp())

    found = datetime.fromtimestamp(WindowPolicy(granularity_s).start(at), timezone.utc)

    assert f"{found:%Y-%m-%d %H:%M}" == start


@given(st.integers(1, 52), st.integers(-(10**11), 10**11))
def test_windows_of_weeks_begin_on_mondays(weeks: int, time_s: int) -> None:
    start = WindowPolicy(weeks * 7 * 86_400).start(time_s)

    assert (start // 86_400 + 3) % 7 == 0
    assert start % 86_400 == 0


@given(st.integers(1, 10**7), st.integers(-(10**11), 10**11))
def test_a_time_lies_in_its_window(granularity_s: int, time_s: int) -> None:
    policy = WindowPolicy(granularity_s)

    start = policy.start(time_s)

    assert start <= time_s < start + granularity_s
    assert policy.start(start) == start
