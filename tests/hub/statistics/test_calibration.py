"""Does the drift test alarm as often as it says when nothing drifted?

Cells, groups, merging and test are those of a real window. Every column has a reference of its
own; windows are drawn from the population the reference was drawn from. Seeded, so the rates are
always the same.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.hub.statistics.populations import POPULATIONS, Population, categorical
from whitebox_hub.statistics.groups import plan_groups
from whitebox_hub.statistics.gtest import g_test
from whitebox_hub.statistics.merge import merge
from whitebox_wire.layout import Layout, Section
from whitebox_wire.spec import (
    Feature,
    ModelKind,
    ModelSpec,
    Prediction,
    Target,
)
from whitebox_wire.vector import FloatArray, zeros

COLUMNS, WINDOWS = 120, 60


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
