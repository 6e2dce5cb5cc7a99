"""One step of folding: what it adds, remembers, joins and drops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from whitebox_agent.buffer import Drop, Fold, Remembered, RowBatch, Stream
from whitebox_agent.models import Model
from whitebox_agent.recorder.folding import plan_fold, steps_of
from whitebox_agent.window import ShipPolicy
from whitebox_wire.codec import encode_batch, encode_labels, encode_spec
from whitebox_wire.layout import Section
from whitebox_wire.messages import Codes, Column, DropReason, InferenceBatch, LabelBatch
from whitebox_wire.spec import ModelKind, ModelSpec, NumericRange, Predicate, Segment

HOUR_S = 3_600
# 2026-01-01T00:00:00Z
START_S = 1_767_225_600
NOW_MS = 1_767_300_000_000

DrawBatch = Callable[..., InferenceBatch]


@pytest.fixture
def model(spec: ModelSpec) -> Model:
    return Model.of(encode_spec(spec))


def stored(model: Model, batch: InferenceBatch) -> RowBatch:
    own = replace(batch, spec_digest=model.digest)
    return RowBatch(batch.model_id, Stream.INFERENCES, batch.rows, encode_batch(own), 0, place=1)


def labels(model: Model, ids: Sequence[str], values: Column) -> RowBatch:
    body = encode_labels(LabelBatch(model.spec.model_id, tuple(ids), values, 0))
    return RowBatch(model.spec.model_id, Stream.LABELS, len(ids), body, 0, place=2)


def targets(model: Model, rows: int) -> Column:
    if model.spec.kind is ModelKind.REGRESSION:
        return np.linspace(80.0, 130.0, rows)
    classes = model.spec.prediction.classes
    return Codes((np.arange(rows) % len(classes)).astype(np.int32), classes)


def folded(model: Model, batches: Sequence[RowBatch], known: Sequence[Remembered] = ()) -> Fold:
    def recall(model_id: str, ids: Sequence[str]) -> dict[str, Remembered]:
        return {r.id: r for r in known if r.model_id == model_id and r.id in ids}

    return plan_fold(batches, {model.digest: model}.get, recall, ShipPolicy(), NOW_MS)


def test_rows_go_to_the_windows_of_their_own_time(model: Model, draw_batch: DrawBatch) -> None:
    batch = draw_batch(model.spec, 6)
    hour_ms = model.spec.window.granularity_s * 1_000
    times = np.array([0, 2, 0, 1, 2, 2]) * hour_ms + START_S * 1_000
    batch = replace(batch, times_ms=times)

    step = folded(model, [stored(model, batch)])

    length_s = model.spec.window.granularity_s
    assert [(s.key.start_s, s.rows, s.length_s) for s in step.sums] == [
        (START_S, 2, length_s),
        (START_S + length_s, 1, length_s),
        (START_S + 2 * length_s, 3, length_s),
    ]
    assert all(s.key.section is Section.FEATURES for s in step.sums)
    assert [r.start_s for r in step.remembered] == [
        START_S + i * length_s for i in (0, 0, 1, 2, 2, 2)
    ]


def test_batches_that_look_alike_fold_as_one_and_give_the_sum_of_their_parts(
    model: Model, draw_batch: DrawBatch
) -> None:
    parts = [draw_batch(model.spec, 10, seed=seed) for seed in range(3)]

    [together] = folded(model, [stored(model, part) for part in parts]).sums
    apart = [folded(model, [stored(model, part)]).sums[0] for part in parts]

    assert together.rows == 30
    assert np.array_equal(together.vector, sum(s.vector for s in apart))


def test_a_row_without_a_time_counts_when_it_arrived(model: Model, draw_batch: DrawBatch) -> None:
    batch = replace(draw_batch(model.spec, 3), times_ms=None, received_ms=START_S * 1_000)

    [only] = folded(model, [stored(model, batch)]).sums

    assert only.key.start_s == model.spec.window.start(START_S)


def test_only_rows_with_an_id_are_remembered_and_for_the_label_horizon(
    model: Model, draw_batch: DrawBatch
) -> None:
    batch = replace(draw_batch(model.spec, 3), ids=("a", "", "c"))

    remembered = folded(model, [stored(model, batch)]).remembered

    assert [r.id for r in remembered] == ["a", "c"]
    horizon_ms = model.spec.window.label_horizon_s * 1_000
    assert {r.expires_ms for r in remembered} == {batch.received_ms + horizon_ms}


def test_a_label_joins_the_window_of_its_inference(model: Model, draw_batch: DrawBatch) -> None:
    batch = draw_batch(model.spec, 8)
    known = folded(model, [stored(model, batch)]).remembered
    later = [replace(r, start_s=START_S + 86_400) if r.id == "r7" else r for r in known]
    values = targets(model, 8)

    step = folded(model, [labels(model, batch.ids, values)], later)

    assert [(s.key.start_s, s.rows, s.key.section) for s in step.sums] == [
        (model.spec.window.start(START_S), 7, Section.LABELS),
        (START_S + 86_400, 1, Section.LABELS),
    ]
    whole = model.fold.labels(model.fold.predictions(batch), values)
    assert np.array_equal(step.sums[0].vector + step.sums[1].vector, whole)
    assert {r.id for r in step.joined} == set(batch.ids)
    assert not step.drops


def test_a_label_for_nothing_and_a_second_label_are_unmatched(
    model: Model, draw_batch: DrawBatch
) -> None:
    known = folded(model, [stored(model, draw_batch(model.spec, 2))]).remembered

    step = folded(
        model,
        [
            labels(model, ["r0", "nothing", "r0"], targets(model, 3)),
            labels(model, ["r0"], targets(model, 1)),
        ],
        known,
    )

    lost = {(d.stream, d.reason): 0 for d in step.drops}
    for drop in step.drops:
        lost[drop.stream, drop.reason] += drop.rows
    assert lost == {(Stream.LABELS, DropReason.UNMATCHED): 3}
    assert [r.id for r in step.joined] == ["r0"]
    assert sum(s.rows for s in step.sums) == 1


def test_a_label_without_a_value_is_dropped_and_its_prediction_goes_on_waiting(
    model: Model, draw_batch: DrawBatch
) -> None:
    known = folded(model, [stored(model, draw_batch(model.spec, 2))]).remembered
    values = targets(model, 2)
    if isinstance(values, Codes):
        values.codes[0] = -1
    else:
        values[0] = np.nan

    step = folded(model, [labels(model, ["r0", "r1"], values)], known)

    assert [r.id for r in step.joined] == ["r1"]
    [drop] = step.drops
    assert (drop.reason, drop.rows) == (DropReason.MALFORMED, 1)


def test_a_batch_that_cannot_be_read_is_counted_and_the_others_fold(
    model: Model, draw_batch: DrawBatch
) -> None:
    good = stored(model, draw_batch(model.spec, 4))
    torn = RowBatch(model.spec.model_id, Stream.INFERENCES, 9, good.body[:20], 0)
    foreign = stored(replace(model, digest=b"x" * 32), draw_batch(model.spec, 5))

    step = folded(model, [torn, good, foreign])

    assert [s.rows for s in step.sums] == [4]
    assert list(step.batches) == [torn, good, foreign]
    assert [(d.reason, d.rows) for d in step.drops] == [
        (DropReason.CORRUPTION, 9),
        (DropReason.CORRUPTION, 5),
    ]
    assert all(isinstance(d, Drop) for d in step.drops)


def test_a_step_never_mixes_inferences_and_labels(model: Model, draw_batch: DrawBatch) -> None:
    rows = stored(model, draw_batch(model.spec, 2))
    late = labels(model, ["r0"], targets(model, 1))

    assert steps_of([rows, rows, late, rows]) == [[rows, rows, rows], [late]]
    assert steps_of([late, rows]) == [[rows], [late]]
    assert steps_of([late]) == [[late]]
    assert steps_of([]) == []


SEGMENTS = (
    Segment("young", (Predicate("age", NumericRange(float("-inf"), 40.0)),)),
    Segment("Berlin", (), (("site", "berlin"),)),
    Segment("nobody", (Predicate("age", NumericRange(900.0, 901.0)),)),
)


@pytest.fixture
def segmented(spec: ModelSpec) -> Model:
    spec = replace(spec, segments=SEGMENTS).check()
    return Model.of(encode_spec(spec), {"site": "berlin"})


def test_rows_and_their_labels_are_added_to_the_same_segments(
    segmented: Model, draw_batch: DrawBatch
) -> None:
    batch = draw_batch(segmented.spec, 20)
    age = batch.columns["age"]
    young = int(np.count_nonzero(age < 40.0))  # type: ignore[operator]  # numbers, as drawn

    rows = folded(segmented, [stored(segmented, batch)])
    late = folded(
        segmented, [labels(segmented, batch.ids, targets(segmented, 20))], rows.remembered
    )

    expected = [(0, 20), (1, young), (2, 20)]
    assert [(s.key.segment, s.rows) for s in rows.sums] == expected
    assert [(s.key.segment, s.rows) for s in late.sums] == expected
    assert not late.drops


def test_a_segment_without_rows_in_a_window_has_no_sum_there(
    segmented: Model, draw_batch: DrawBatch
) -> None:
    batch = draw_batch(segmented.spec, 2)
    batch = replace(batch, columns={**batch.columns, "age": np.array([20.0, 60.0])})
    hours = np.array([0, 24]) * HOUR_S * 1_000
    batch = replace(batch, times_ms=START_S * 1_000 + hours)

    step = folded(segmented, [stored(segmented, batch)])

    assert [(s.key.start_s - START_S, s.key.segment) for s in step.sums] == [
        (0, 0),
        (0, 1),
        (0, 2),
        (24 * HOUR_S, 0),
        (24 * HOUR_S, 2),
    ]


def test_a_label_goes_to_the_segments_its_inference_was_in_whatever_the_agent_is_now(
    segmented: Model, draw_batch: DrawBatch
) -> None:
    batch = draw_batch(segmented.spec, 5)
    moved = Model.of(encode_spec(segmented.spec), {"site": "rome"})

    known = folded(segmented, [stored(segmented, batch)]).remembered
    late = folded(moved, [labels(moved, batch.ids, targets(moved, 5))], known)

    assert (2, 5) in [(s.key.segment, s.rows) for s in late.sums]
