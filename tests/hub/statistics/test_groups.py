"""Groups against deciles of the rows themselves."""

from __future__ import annotations

import numpy as np
import pytest

from whitebox_hub.statistics.groups import equal_mass, plan_groups
from whitebox_hub.statistics.psi import psi
from whitebox_wire.bins import numeric_bins
from whitebox_wire.layout import Layout, Section
from whitebox_wire.spec import CategoricalBins, Feature, ModelKind, ModelSpec, Prediction, Target
from whitebox_wire.vector import FloatArray, IntVector, zeros


def cells(values: FloatArray, edges: tuple[float, ...]) -> IntVector:
    places = np.searchsorted(edges, values, side="right")
    return np.bincount(places, minlength=len(edges) + 1).astype(np.int64)


def model(*features: Feature) -> Layout:
    prediction = Prediction("prediction", classes=("no", "yes"))
    return Layout.of(ModelSpec("m", ModelKind.BINARY, features, prediction, Target("y")).check())


def test_psi_over_groups_of_cells_is_psi_over_deciles_of_the_rows() -> None:
    rng = np.random.default_rng(5)
    before, now = np.sort(rng.normal(size=20_000)), rng.normal(0.3, 1.1, 5_000)
    bins = numeric_bins(before)
    reference, live = cells(before, bins.edges), cells(now, bins.edges)

    starts = np.concatenate(([0], equal_mass(reference)))
    before_in, now_in = (np.add.reduceat(c, starts).astype(np.float64) for c in (reference, live))
    said = psi(before_in, now_in, np.array([0]))[0]

    deciles = np.quantile(before, np.arange(1, 10) / 10)
    exact_before, exact_now = (cells(v, tuple(deciles)).astype(np.float64) for v in (before, now))
    assert len(starts) == 10
    assert said == pytest.approx(psi(exact_before, exact_now, np.array([0]))[0], abs=0.005)


def test_ten_groups_of_a_continuous_column_hold_a_tenth_each() -> None:
    values = np.sort(np.random.default_rng(2).lognormal(size=20_000))
    reference = cells(values, numeric_bins(values).edges)

    starts = np.concatenate(([0], equal_mass(reference)))

    assert np.add.reduceat(reference, starts) == pytest.approx(np.full(10, 2_000), abs=40)


def test_a_value_that_holds_everything_is_a_group_between_two_empty_ones() -> None:
    assert equal_mass(np.array([0, 9, 0])).tolist() == [1, 2]


@pytest.mark.parametrize("counts", [[0, 0, 0], [-3, 0, -1], [7]])
def test_a_column_without_rows_or_edges_is_one_group(counts: list[int]) -> None:
    assert equal_mass(np.array(counts)).size == 0


def test_a_plan_counts_every_column_with_missing_a_group_of_categories_only() -> None:
    values = np.arange(50.0)
    layout = model(
        Feature("x", numeric_bins(values)),
        Feature("c", CategoricalBins(("a", "b"))),
    )
    vector = zeros(layout, Section.FEATURES)
    x, c = layout.features
    vector[x.bins] = 1
    vector[x.missing], vector[x.invalid] = 100, 200
    vector[c.bins] = [5, -6, 7, 8]
    vector[c.missing], vector[c.invalid] = 9, 300
    vector[layout.prediction.missing] = 10

    plan = plan_groups((*layout.features, layout.prediction), vector)
    groups = plan.count(vector)

    cells_of_x = x.bins.stop - x.bins.start
    assert plan.total(groups).tolist() == [cells_of_x, 5 + 0 + 7 + 8 + 9, 10]
    assert groups[plan.offsets[1] :].tolist() == [5, 0, 7, 8, 9, 0, 0, 0, 10]
    assert plan.ordered.tolist() == [True, False, False]


def test_categories_near_the_edge_of_an_incomplete_vocabulary_are_not_judged_alone() -> None:
    layout = model(Feature("c", CategoricalBins(("a", "b", "c"), complete=False)))
    [block] = layout.features
    vector = zeros(layout, Section.FEATURES)
    vector[block.bins] = [900, 30, 25, 50, 0]

    floor = plan_groups(layout.features, vector).floor

    assert (vector[block.bins] > floor[:-1]).tolist() == [True, False, False, False, False]


def test_every_category_of_a_complete_vocabulary_may_be_judged_alone() -> None:
    layout = model(Feature("c", CategoricalBins(("a", "b", "c"))))
    [block] = layout.features
    vector = zeros(layout, Section.FEATURES)
    vector[block.bins] = [900, 30, 25, 0, 0]

    floor = plan_groups(layout.features, vector).floor

    assert floor.tolist() == [0, 0, 0, np.inf, np.inf, 0]
