"""Does the drift test alarm as often as it says when nothing drifted?

Cells, groups, merging and test are those of a real window. Every column has a reference of its
own; windows are drawn from the population the reference was drawn from. Seeded, so the rates are
always the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from scipy import stats

from whitebox_hub.statistics.groups import plan_groups
from whitebox_hub.statistics.gtest import g_test
from whitebox_hub.statistics.merge import merge
from whitebox_wire.bins import categorical_bins, numeric_bins
from whitebox_wire.layout import Layout, Section
from whitebox_wire.spec import (
    CategoricalBins,
    Feature,
    ModelKind,
    ModelSpec,
    NumericBins,
    Prediction,
    Target,
)
from whitebox_wire.vector import FloatArray, IntVector, zeros

COLUMNS, WINDOWS = 120, 60


class Column(NamedTuple):
    """Bins made of a reference, its rows in them, and the population's shares."""

    bins: NumericBins | CategoricalBins
    reference: IntVector
    shares: FloatArray


Population = Callable[[np.random.Generator, int], Column]


def numeric(values: FloatArray, below: Callable[[FloatArray], FloatArray]) -> Column:
    """A column of a sample and of its population's P(X < x)."""
    bins = numeric_bins(np.sort(values))
    edges = np.array(bins.edges)
    reference = np.bincount(np.searchsorted(edges, values, "right"), minlength=bins.cells)
    return Column(bins, reference, np.diff(np.concatenate(([0.0], below(edges), [1.0]))))


def normal(rng: np.random.Generator, rows: int) -> Column:
    return numeric(rng.normal(size=rows), stats.norm.cdf)


def lognormal(rng: np.random.Generator, rows: int) -> Column:
    return numeric(rng.lognormal(sigma=1.5, size=rows), stats.lognorm(1.5).cdf)


def zero_inflated(rng: np.random.Generator, rows: int) -> Column:
    positive = stats.lognorm(1.0)
    values = np.where(rng.uniform(size=rows) < 0.6, 0.0, rng.lognormal(size=rows))
    return numeric(values, lambda x: np.where(x > 0, 0.6 + 0.4 * positive.cdf(x), 0.0))


def categorical(shares: FloatArray) -> Population:
    """Columns whose vocabulary is what a reference happened to hold."""

    def draw(rng: np.random.Generator, rows: int) -> Column:
        counts = rng.multinomial(rows, shares)
        bins = categorical_bins({str(i): n for i, n in enumerate(counts.tolist()) if n})
        kept = [int(text) for text in bins.vocabulary]
        other = counts > 0
        other[kept] = False
        cells = [
            np.concatenate((of[kept], [of[other].sum(), of[counts == 0].sum()]))
            for of in (counts, shares)
        ]
        return Column(bins, *cells)

    return draw


def zipf(size: int, power: float) -> FloatArray:
    shares: FloatArray = np.arange(1.0, size + 1) ** -power
    return shares / np.sum(shares)


POPULATIONS: dict[str, Population] = {
    "normal": normal,
    "lognormal": lognormal,
    "zero inflated": zero_inflated,
    "three categories": categorical(np.array([0.5, 0.3, 0.2])),
    "some rare categories": categorical(np.array([0.6, 0.3, 0.09, 0.008, 0.0015, 0.0005])),
    "three hundred categories": categorical(zipf(300, 1.5)),
    "more categories than a vocabulary holds": categorical(zipf(2_000, 1.1)),
}


def p_values(population: Population, reference_rows: int, rows: int) -> FloatArray:
    """P-values of all columns in all windows; NaN where there are too few rows."""
    rng = np.random.default_rng(7)
    columns = [population(rng, reference_rows) for _ in range(COLUMNS)]
    features = tuple(Feature(f"x{i}", column.bins) for i, column in enumerate(columns))
    prediction = Prediction("prediction", classes=("no", "yes"))
    layout = Layout.of(ModelSpec("m", ModelKind.BINARY, features, prediction, Target("y")))
    before, live = zeros(layout, Section.FEATURES), zeros(layout, Section.FEATURES)
    for block, column in zip(layout.features, columns, strict=True):
        before[block.bins] = column.reference
    plan = plan_groups(layout.features, before)
    reference = plan.count(before)
    said = []
    for _ in range(WINDOWS):
        for block, column in zip(layout.features, columns, strict=True):
            live[block.bins] = rng.multinomial(rows, column.shares / column.shares.sum())
        counts = plan.count(live)
        merged = merge(plan, reference, counts)
        test = g_test(merged, merged.sum(reference), merged.sum(counts))
        said.append(np.where(test.enough, test.p_value, np.nan))
    return np.concatenate(said)


@pytest.mark.parametrize("population", POPULATIONS)
@pytest.mark.parametrize(
    ("reference_rows", "rows"),
    [(20_000, 50), (20_000, 200), (20_000, 10_000), (1_000, 50), (1_000, 200), (1_000, 1_000)],
)
def test_the_rate_of_false_alarms_is_the_nominal_one(
    population: str, reference_rows: int, rows: int
) -> None:
    said = p_values(POPULATIONS[population], reference_rows, rows)

    judged = said[~np.isnan(said)]
    assert judged.size == said.size
    for nominal in (0.05, 0.01):
        assert np.mean(judged <= nominal) <= 1.5 * nominal
    assert np.mean(judged <= 0.05) >= 0.05 / 1.5


def test_categories_too_many_to_be_told_from_luck_are_not_judged() -> None:
    even = categorical(np.full(1_000, 0.001))

    said = p_values(even, 20_000, 1_000)

    assert np.isnan(said).all()
