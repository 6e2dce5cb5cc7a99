"""Rows by leaf of the loss tree, against a walk of each row on its own."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from whitebox_agent.fold import ModelFold, take_rows
from whitebox_wire.loss_tree import LossSplit, LossTree
from whitebox_wire.messages import (
    INVALID,
    MISSING,
    OUT_OF_VOCABULARY,
    Codes,
    Column,
    InferenceBatch,
)
from whitebox_wire.spec import CategoricalBins, Feature, ModelSpec

DrawBatch = Callable[..., InferenceBatch]
# age < 40 (missing too) goes on to the job, the rest to the predicted value.
TREE = LossTree(
    splits=(
        LossSplit(0, 40.0, 1, 2, missing_left=True),
        LossSplit(1, (0, 2), -1, -2),
        LossSplit(3, 100.0, -3, -4),
    ),
    means=(1.0, 2.0, 3.0, 4.0),
    deviations=(1.0, 1.0, 1.0, 1.0),
)


@pytest.fixture
def fold(regression_spec: ModelSpec) -> ModelFold:
    return ModelFold(replace(regression_spec, loss_tree=TREE).check())


def leaves_of(fold: ModelFold, batch: InferenceBatch) -> list[int]:
    assert fold.layout.leaves is not None
    found: list[int] = fold.features(batch)[fold.layout.leaves].tolist()
    return found


def test_each_row_is_counted_in_the_leaf_that_it_walks_to(
    fold: ModelFold, regression_spec: ModelSpec, draw_batch: DrawBatch
) -> None:
    batch = draw_batch(regression_spec, 500)
    age, job, value = (batch.columns[name] for name in ("age", "job", "prediction"))
    assert isinstance(job, Codes)
    assert not isinstance(age, Codes)
    assert not isinstance(value, Codes)

    found = leaves_of(fold, batch)

    wanted = [0, 0, 0, 0]
    for years, place, price in zip(age, job.codes, value, strict=True):
        if math.isnan(years) or years < 40.0:
            wanted[0 if place in (0, 2) else 1] += 1
        else:
            wanted[2 if price < 100.0 else 3] += 1
    assert found == wanted
    parts = [leaves_of(fold, take_rows(batch, slice(i, i + 70))) for i in range(0, 500, 70)]
    assert np.sum(parts, axis=0).tolist() == wanted


@pytest.mark.parametrize(
    ("age", "job", "price", "leaf"),
    [
        (39.9, 0, 0.0, 0),
        (40.0, 0, 99.0, 2),
        (40.0, 0, 100.0, 3),
        (math.nan, 2, 0.0, 0),
        (math.inf, 1, 0.0, 1),
        (0.0, MISSING, 0.0, 1),
        (0.0, INVALID, 0.0, 1),
        (0.0, OUT_OF_VOCABULARY, 0.0, 1),
        (50.0, 0, math.nan, 3),
        (50.0, 0, -math.inf, 3),
    ],
)
def test_a_cell_without_a_value_goes_where_its_split_says(
    age: float, job: int, price: float, leaf: int, fold: ModelFold
) -> None:
    columns: dict[str, Column] = {
        "age": np.array([age]),
        "job": Codes(np.array([job], np.int32)),
        "prediction": np.array([price]),
    }

    found = leaves_of(fold, InferenceBatch("price", 1, columns, 0))

    assert found == [int(place == leaf) for place in range(4)]


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize("cell", [3, 4])
def test_categories_beyond_the_vocabulary_are_the_cell_they_are_counted_in(
    cell: int, complete: bool, regression_spec: ModelSpec
) -> None:
    """Cell 3 of three jobs is `other` and cell 4 `unseen`."""
    bins = CategoricalBins(("clerk", "driver", "nurse"), complete=complete)
    tree = LossTree((LossSplit(0, (cell,), -1, -2),), (1.0, 2.0), (0.0, 0.0))
    spec = replace(regression_spec, features=(Feature("job", bins),), loss_tree=tree).check()
    columns: dict[str, Column] = {"job": Codes(np.zeros(1, np.int32), ("baker",))}

    found = leaves_of(ModelFold(spec), InferenceBatch("price", 1, columns, 0))

    assert found == ([1, 0] if complete == (cell == 4) else [0, 1])


def test_absent_columns_are_missing(fold: ModelFold) -> None:
    assert leaves_of(fold, InferenceBatch("price", 3, {}, 0)) == [0, 3, 0, 0]
