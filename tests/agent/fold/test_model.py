"""What ModelFold promises of whole batches, for a model of each kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from whitebox_agent.fold import ModelFold, Predictions, record_bytes, take_rows
from whitebox_wire.errors import MalformedError
from whitebox_wire.messages import Codes, InferenceBatch
from whitebox_wire.spec import ModelKind, ModelSpec, NoiseBudget, PrivacyPolicy
from whitebox_wire.vector import FloatArray

DrawBatch = Callable[..., InferenceBatch]


def _targets(spec: ModelSpec, rows: int) -> FloatArray | Codes:
    rng = np.random.default_rng(9)
    if spec.kind is ModelKind.REGRESSION:
        return rng.normal(100.0, 25.0, rows)
    places = rng.integers(-1, len(spec.prediction.classes), rows)
    return Codes(places.astype(np.int32), spec.prediction.classes)


def test_a_long_batch_is_the_sum_of_its_parts_in_both_sections(
    spec: ModelSpec, draw_batch: DrawBatch
) -> None:
    fold, rows = ModelFold(spec), 20_011
    batch, targets = draw_batch(spec, rows), _targets(spec, rows)
    table = replace(batch, columns={**batch.columns, "y": targets})
    order = np.random.default_rng(1).permutation(rows)

    parts = [take_rows(table, order[start : start + 777]) for start in range(0, rows, 777)]
    features = [fold.features(part) for part in parts]
    labels = [fold.labels(fold.predictions(part), part.columns["y"]) for part in parts]

    np.testing.assert_array_equal(sum(features), fold.features(batch))
    np.testing.assert_array_equal(sum(labels), fold.labels(fold.predictions(batch), targets))


def test_an_empty_batch_folds_to_zeros(spec: ModelSpec, draw_batch: DrawBatch) -> None:
    fold, batch = ModelFold(spec), draw_batch(spec, 0)

    assert not fold.features(batch).any()
    assert not fold.labels(fold.predictions(batch), np.empty(0)).any()


def test_a_batch_without_columns_is_missing_everywhere(spec: ModelSpec) -> None:
    fold = ModelFold(spec)
    age, job = fold.layout.features

    vector = fold.features(InferenceBatch(spec.model_id, 7, {}, 0))

    counted = {fold.layout.rows: 7, age.missing: 7, job.missing: 7}
    counted[fold.layout.prediction.missing] = 7
    assert {int(at): int(vector[at]) for at in np.flatnonzero(vector)} == counted


def test_withheld_and_extra_columns_are_never_looked_at(
    spec: ModelSpec, draw_batch: DrawBatch
) -> None:
    fold, batch = ModelFold(spec), draw_batch(spec, 50)
    broken = Codes(np.full(3, 99, np.int32))
    more = replace(batch, columns={**batch.columns, "name": broken, "stranger": broken})

    np.testing.assert_array_equal(fold.features(more), fold.features(batch))


def test_noise_variance_stays_zero(spec: ModelSpec, draw_batch: DrawBatch) -> None:
    budget = NoiseBudget(("age", "job"), 1.0, 1e-6)
    fold = ModelFold(replace(spec, privacy=PrivacyPolicy(budgets=(budget,))).check())

    vector = fold.features(draw_batch(spec, 50))

    for block in fold.layout.features:
        assert block.noise_variance is not None
        assert vector[block.noise_variance] == 0


@pytest.mark.parametrize("feature", ["age", "job"])
def test_models_of_one_type_of_feature_fold(
    feature: str, spec: ModelSpec, draw_batch: DrawBatch
) -> None:
    kept = tuple(f for f in spec.features if f.name == feature)
    fold = ModelFold(replace(spec, features=kept).check())

    assert fold.features(draw_batch(spec, 9))[fold.layout.rows] == 9


@pytest.mark.parametrize("name", ["age", "job", "prediction"])
def test_a_column_of_another_length_is_refused_by_name(
    name: str, spec: ModelSpec, draw_batch: DrawBatch
) -> None:
    batch = draw_batch(spec, 5)
    short = replace(batch, columns={**batch.columns, name: np.zeros(4)})

    with pytest.raises(MalformedError, match=f"column '{name}' has 4 cells for 5 rows"):
        ModelFold(spec).features(short)


def test_predictions_come_back_from_their_records(spec: ModelSpec, draw_batch: DrawBatch) -> None:
    predictions = ModelFold(spec).predictions(draw_batch(spec, 20))

    records = predictions.to_records()
    found = Predictions.of_records(spec, records)

    assert [len(record) for record in records] == [record_bytes(spec)] * 20
    assert found.to_records() == records
    assert len(Predictions.of_records(spec, [])) == 0


def test_predictions_are_taken_in_the_order_asked(spec: ModelSpec, draw_batch: DrawBatch) -> None:
    fold, batch = ModelFold(spec), draw_batch(spec, 20)
    index = np.array([7, 0, 7], np.intp)

    taken = fold.predictions(batch).take(index)

    assert taken.to_records() == fold.predictions(take_rows(batch, index)).to_records()


def test_a_record_of_another_size_is_refused(spec: ModelSpec) -> None:
    with pytest.raises(MalformedError, match="record is not of"):
        Predictions.of_records(spec, [b"\0" * (record_bytes(spec) + 1)])


@pytest.mark.parametrize("place", [-3, 2])
def test_a_record_of_a_class_that_is_not_there_is_refused(
    place: int, binary_spec: ModelSpec
) -> None:
    record = place.to_bytes(2, "little", signed=True) + bytes(8)

    with pytest.raises(MalformedError, match="class that is not in the spec"):
        Predictions.of_records(binary_spec, [record])


def test_rows_are_taken_with_their_ids_and_times(
    binary_spec: ModelSpec, draw_batch: DrawBatch
) -> None:
    batch = draw_batch(binary_spec, 10)

    by_index = take_rows(batch, np.array([4, 2], np.intp))
    by_slice = take_rows(batch, slice(2, 5))

    assert (by_index.rows, by_index.ids) == (2, ("r4", "r2"))
    assert (by_slice.rows, by_slice.ids) == (3, ("r2", "r3", "r4"))
    assert batch.times_ms is not None
    np.testing.assert_array_equal(by_index.times_ms, batch.times_ms[[4, 2]])
    assert by_slice.columns.keys() == batch.columns.keys()


def test_rows_without_ids_and_times_are_taken_too(spec: ModelSpec) -> None:
    bare = take_rows(InferenceBatch(spec.model_id, 9, {}, 0), slice(7, 20))

    assert (bare.rows, bare.ids, bare.times_ms) == (2, (), None)
