"""Segments on the device: which rows are in, and that their sums are exact however rows come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.agent.conftest import JOBS
from whitebox_agent.fold import ModelFold, Predictions, take_column, take_rows
from whitebox_agent.fold.segments import SegmentTests, members
from whitebox_wire.errors import MalformedError
from whitebox_wire.layout import Section
from whitebox_wire.messages import INVALID, MISSING, Codes, Column, InferenceBatch
from whitebox_wire.spec import ModelKind, ModelSpec, NumericRange, Predicate, Segment
from whitebox_wire.vector import IntVector

DrawBatch = Callable[..., InferenceBatch]
INFINITE = float("inf")
YOUNG = Predicate("age", NumericRange(-INFINITE, 30.0))
OLD = Predicate("age", NumericRange(50.0, INFINITE))
NURSES = Predicate("job", ("nurse", "clerk"))
SEGMENTS = (
    Segment("young", (YOUNG,)),
    Segment("old nurses", (OLD, NURSES)),
    Segment("young in Berlin", (YOUNG,), (("site", "berlin"),)),
    Segment("Berlin", (), (("site", "berlin"),)),
    Segment("Berlin, line 2", (), (("site", "berlin"), ("line", "2"))),
)
BERLIN = {"site": "berlin", "line": "1", "owner": "ops"}


def with_segments(spec: ModelSpec) -> ModelSpec:
    return replace(spec, segments=SEGMENTS).check()


def batch_of(spec: ModelSpec, age: object, job: Column) -> InferenceBatch:
    numbers = np.asarray(age, np.float64)
    return InferenceBatch(spec.model_id, numbers.size, {"age": numbers, "job": job}, 0)


def names(spec: ModelSpec, labels: Mapping[str, str] | None, batch: InferenceBatch) -> list[str]:
    """The segments of each row, their names joined."""
    masks = SegmentTests(spec, labels).masks(batch)
    return [
        "; ".join(s.name for place, s in enumerate(spec.segments) if mask >> place & 1)
        for mask in masks.tolist()
    ]


def test_a_row_is_in_a_segment_when_every_predicate_and_every_label_holds(
    binary_spec: ModelSpec,
) -> None:
    spec = with_segments(binary_spec)
    batch = batch_of(spec, [29.9, 30.0, 50.0, 60.0], Codes(np.array([0, 0, 2, 1], np.int32), JOBS))

    assert names(spec, {}, batch) == ["young", "", "old nurses", ""]
    assert names(spec, BERLIN, batch) == [
        "young; young in Berlin; Berlin",
        "Berlin",
        "old nurses; Berlin",
        "Berlin",
    ]


def test_a_training_set_is_of_agents_with_every_label(binary_spec: ModelSpec) -> None:
    spec = with_segments(binary_spec)
    batch = batch_of(spec, [20.0], Codes(np.array([1], np.int32), JOBS))

    assert names(spec, None, batch) == ["young; young in Berlin; Berlin; Berlin, line 2"]


def test_values_that_are_none_satisfy_no_predicate(binary_spec: ModelSpec) -> None:
    spec = with_segments(binary_spec)
    age = [np.nan, INFINITE, -INFINITE]
    job = Codes(np.array([MISSING, INVALID, 0], np.int32), ("pilot",))

    assert names(spec, {}, batch_of(spec, age, job)) == ["", "", ""]


def test_absent_columns_and_texts_for_numbers_satisfy_no_predicate(binary_spec: ModelSpec) -> None:
    spec = with_segments(binary_spec)
    bare = InferenceBatch(spec.model_id, 2, {}, 0)
    texts = replace(bare, columns={"age": Codes(np.array([0, MISSING], np.int32), ("old",))})

    assert names(spec, {}, bare) == ["", ""]
    assert names(spec, {}, texts) == ["", ""]


def test_categories_are_told_by_their_texts_whatever_dictionary_they_come_with(
    binary_spec: ModelSpec,
) -> None:
    spec = with_segments(binary_spec)
    job = Codes(np.array([1, 0, 2], np.int32), ("nurse", "driver", "clerk"))

    assert names(spec, {}, batch_of(spec, [60.0] * 3, job)) == ["", "old nurses", "old nurses"]


def test_a_spec_without_segments_puts_no_row_into_one(
    binary_spec: ModelSpec, draw_batch: DrawBatch
) -> None:
    fold = ModelFold(binary_spec)
    batch = draw_batch(binary_spec, 5)

    assert members(fold.segments(batch)) == []
    assert fold.predictions(batch).segments.tolist() == [0] * 5


@pytest.fixture
def rows(spec: ModelSpec, draw_batch: DrawBatch) -> InferenceBatch:
    return draw_batch(spec, 40)


def targets(spec: ModelSpec, rows: int) -> Column:
    rng = np.random.default_rng(3)
    if spec.kind is ModelKind.REGRESSION:
        return rng.normal(100.0, 25.0, rows)
    classes = spec.prediction.classes
    return Codes(rng.integers(0, len(classes), rows).astype(np.int32), classes)


def inside(batch: InferenceBatch, segment: int) -> list[int]:
    """The oracle: the rows of a segment on an agent in Berlin, found one by one."""
    age, job = batch.columns["age"], batch.columns["job"]
    assert isinstance(job, Codes)
    assert not isinstance(age, Codes)
    tests: dict[int, Callable[[float, str], bool]] = {
        1: lambda age, _: age < 30,
        2: lambda age, job: age >= 50 and job in {"nurse", "clerk"},
        3: lambda age, _: age < 30,
        4: lambda *_: True,
        5: lambda *_: False,
    }
    jobs = [JOBS[code] if code >= 0 else "" for code in job.codes.tolist()]
    pairs = enumerate(zip(age.tolist(), jobs, strict=True))
    return [place for place, (years, work) in pairs if tests[segment](years, work)]


def test_a_segments_sums_are_those_of_its_rows_folded_alone(
    spec: ModelSpec, rows: InferenceBatch
) -> None:
    spec = with_segments(spec)
    fold, alone = ModelFold(spec, labels=BERLIN), ModelFold(replace(spec, segments=()))
    labels = targets(spec, rows.rows)

    features = fold.features_by_segment(rows, fold.segments(rows))
    labelled = fold.labels_by_segment(fold.predictions(rows), labels)

    assert [s.segment for s in features] == [s.segment for s in labelled] == [0, 1, 2, 3, 4]
    for of_features, of_labels in zip(features, labelled, strict=True):
        segment = of_features.segment
        places = np.array(inside(rows, segment) if segment else range(rows.rows))
        part = take_rows(rows, places)
        assert of_features.rows == of_labels.rows == places.size
        assert np.array_equal(of_features.vector, alone.features(part))
        expected = alone.labels(alone.predictions(part), take_column(labels, places))
        assert np.array_equal(of_labels.vector, expected)


@given(st.data())
def test_any_split_of_rows_over_devices_and_batches_gives_the_same_sums_by_segment(
    spec: ModelSpec, draw_batch: DrawBatch, data: st.DataObject
) -> None:
    spec = with_segments(spec)
    fold = ModelFold(spec, labels=BERLIN)
    batch = draw_batch(spec, data.draw(st.integers(1, 60)), seed=data.draw(st.integers(0, 99)))
    device = np.array(
        data.draw(st.lists(st.integers(0, 3), min_size=batch.rows, max_size=batch.rows))
    )
    labels = targets(spec, batch.rows)
    whole = sums(fold, batch, labels)

    split: dict[tuple[Section, int], IntVector] = {}
    for each in range(4):
        places = np.flatnonzero(device == each)
        if places.size:
            for key, vector in sums(
                fold, take_rows(batch, places), take_column(labels, places)
            ).items():
                split[key] = split.get(key, 0) + vector

    assert split.keys() == whole.keys()
    assert all(np.array_equal(split[key], whole[key]) for key in whole)


def sums(
    fold: ModelFold, batch: InferenceBatch, labels: Column
) -> dict[tuple[Section, int], IntVector]:
    """Both sections by segment; labels are joined through the bytes that a device remembers."""
    features = fold.features_by_segment(batch, fold.segments(batch))
    labelled = fold.labels_by_segment(fold.predictions(batch), labels)
    return {
        **{(Section.FEATURES, s.segment): s.vector for s in features},
        **{(Section.LABELS, s.segment): s.vector for s in labelled},
    }


def test_a_device_remembers_the_segments_of_a_prediction(
    spec: ModelSpec, rows: InferenceBatch
) -> None:
    spec = with_segments(spec)
    predictions = ModelFold(spec, labels=BERLIN).predictions(rows)

    found = Predictions.of_records(spec, predictions.to_records())

    assert np.array_equal(found.segments, predictions.segments)
    assert found.segments.any()


def test_a_record_with_a_segment_that_is_not_in_the_spec_is_refused(
    spec: ModelSpec, rows: InferenceBatch
) -> None:
    spec = with_segments(spec)
    predictions = ModelFold(spec).predictions(rows)
    predictions.records["segments"][0] = 1 << 5

    with pytest.raises(MalformedError, match="a segment that is not in the spec"):
        Predictions.of_records(spec, predictions.to_records())
