"""Layout: places of a spec's blocks, checked against the spec alone."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whitebox_wire.errors import SpecError
from whitebox_wire.layout import CELLS_MAX, Layout, NumericBlock, Section, SectionSize
from whitebox_wire.spec import CategoricalBins, Feature, ModelKind, ModelSpec, PrivacyPolicy

# Fields that hold fixed-point sums; every other place holds a count.
SUM_FIELDS = {
    "s1",
    "s2",
    "excess_low",
    "excess_high",
    "noise_variance",
    "mass",
    "other_mass",
    "log_loss",
    "brier",
    "error",
    "absolute_error",
    "squared_error",
    "y",
    "y_squared",
    "percentage_error",
    "absolute",
    "signed",
}


def places(value: object, name: str) -> list[tuple[str, int]]:
    """Every place in a block, however deep, with the name of the field that holds it."""
    if isinstance(value, bool) or value is None:
        return []
    if isinstance(value, int):
        return [(name, value)]
    if isinstance(value, slice):
        return [(name, place) for place in range(value.start, value.stop)]
    if isinstance(value, tuple):
        return [found for item in value for found in places(item, name)]
    assert is_dataclass(value)
    return [found for f in fields(value) for found in places(getattr(value, f.name), f.name)]


def section_places(layout: Layout) -> dict[Section, list[tuple[str, int]]]:
    features = (layout.rows, layout.features, layout.prediction, layout.leaves)
    return {
        Section.FEATURES: [p for part in features for p in places(part, "rows")],
        Section.LABELS: places(layout.labels, "labels"),
        Section.EXPLANATIONS: places(layout.explanations, "explanations"),
    }


def check_cover(layout: Layout) -> None:
    for section, found in section_places(layout).items():
        size = layout.sizes[section]
        assert sorted(place for _, place in found) == list(range(size.cells))
        sums = {place for name, place in found if name in SUM_FIELDS}
        assert sums == set(range(size.counts, size.cells))


@given(st.from_type(ModelSpec))
def test_places_never_overlap_cover_the_section_and_lie_counts_first(spec: ModelSpec) -> None:
    check_cover(Layout.of(spec))


@given(st.from_type(ModelSpec))
def test_the_same_spec_has_the_same_layout(spec: ModelSpec) -> None:
    assert Layout.of(spec) == Layout.of(replace(spec, model_id="another"))


def test_full_specs_are_covered_too(spec: ModelSpec) -> None:
    check_cover(Layout.of(spec))


def test_features_then_prediction_then_leaves_lie_in_one_run_of_counts(spec: ModelSpec) -> None:
    """A hub counts groups of features and prediction with one pass over the counts."""
    layout = Layout.of(spec)
    size = layout.sizes[Section.FEATURES]

    parts = (layout.rows, *layout.features, layout.prediction, layout.leaves)
    counts = [p for part in parts for _, p in places(part, "rows") if p < size.counts]

    assert counts == list(range(size.counts))


def test_a_withheld_feature_has_no_cell_and_a_noised_one_says_its_variance(
    specs: dict[str, ModelSpec],
) -> None:
    layout = Layout.of(specs["binary"])

    assert [f.name for f in specs["binary"].counted] == ["age", "job", "member", "income"]
    assert [b.noise_variance is not None for b in layout.features] == [False, False, True, True]


def test_other_and_unseen_are_the_last_cells_of_a_category(specs: dict[str, ModelSpec]) -> None:
    job = Layout.of(specs["binary"]).features[1]
    assert not isinstance(job, NumericBlock)

    assert job.bins.stop - job.bins.start == 5
    assert (job.other, job.unseen) == (job.bins.stop - 2, job.bins.stop - 1)


def test_only_a_spec_with_a_loss_tree_counts_leaves(specs: dict[str, ModelSpec]) -> None:
    leaves = Layout.of(specs["regression"]).leaves
    without = Layout.of(replace(specs["regression"], loss_tree=None))

    assert leaves is not None
    assert leaves.stop - leaves.start == 4
    assert without.leaves is None
    assert Layout.of(specs["binary"]).leaves is None


def test_without_explanations_their_section_is_empty(spec: ModelSpec) -> None:
    layout = Layout.of(replace(spec, explanation=None))

    assert layout.explanations is None
    assert layout.sizes[Section.EXPLANATIONS] == SectionSize(0, 0)
    assert layout.rows_place(Section.EXPLANATIONS) is None


def test_every_section_counts_its_rows_first(spec: ModelSpec) -> None:
    layout = Layout.of(spec)

    assert [layout.rows_place(section) for section in Section] == [0, 0, 0]


def test_a_section_beyond_the_limit_is_refused_by_name(specs: dict[str, ModelSpec]) -> None:
    wide = CategoricalBins(tuple(map(str, range(1_000))))
    spec = replace(
        specs["binary"],
        features=tuple(Feature(f"f{i}", wide) for i in range(66)),
        segments=(),
        privacy=PrivacyPolicy(),
    ).check()

    with pytest.raises(SpecError, match=f"features of .* {CELLS_MAX} are possible"):
        Layout.of(spec)


def test_kinds_differ_in_blocks(specs: dict[str, ModelSpec]) -> None:
    names = {
        spec.kind: (type(layout.prediction).__name__, type(layout.labels).__name__)
        for spec in specs.values()
        for layout in [Layout.of(spec)]
    }

    assert names == {
        ModelKind.BINARY: ("ClassPredictionBlock", "ClassLabelBlock"),
        ModelKind.MULTI_CLASS: ("ClassPredictionBlock", "ClassLabelBlock"),
        ModelKind.REGRESSION: ("NumericBlock", "RegressionLabelBlock"),
    }
