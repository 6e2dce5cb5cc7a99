"""What every store promises, whatever it is made of. An adapter joins by one line in `STORES`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from whitebox_hub.alert import Alert, AlertEvent, Reason, State
from whitebox_hub.monitor import Finding, Monitor, Severity, Verdict
from whitebox_hub.store import (
    DueWindow,
    Evaluation,
    Group,
    Judgement,
    ModelRecord,
    Partial,
    Position,
    Receipt,
    Store,
    StoreConflictError,
    Stream,
    Totals,
    Window,
)
from whitebox_hub.store.sqlite import MEMORY, open_sqlite
from whitebox_wire.codec import Reference, SpecBundle, encode_spec
from whitebox_wire.layout import Layout, Section
from whitebox_wire.messages import (
    Dataset,
    DropReason,
    ModelLedger,
    Rejection,
    RejectReason,
    RowLedger,
)
from whitebox_wire.spec import (
    CategoricalBins,
    Feature,
    ModelKind,
    ModelSpec,
    NumericBins,
    Prediction,
    Target,
)
from whitebox_wire.stored import peak, vector_bytes
from whitebox_wire.vector import IntVector

STORES = ("sqlite on disk", "sqlite in memory")

SPEC = ModelSpec(
    model_id="m",
    kind=ModelKind.BINARY,
    features=(
        Feature("x", NumericBins((0.0, 1.0, 2.0), 1.0, 1.0)),
        Feature("c", CategoricalBins(("a", "b"))),
    ),
    prediction=Prediction("p", classes=("no", "yes")),
    target=Target("y"),
).check()
LAYOUT = Layout.of(SPEC)
CELLS = LAYOUT.sizes[Section.FEATURES].cells
TRAINING = Reference(Dataset.TRAINING, 9, {Section.FEATURES: np.arange(CELLS)})
BUNDLE = SpecBundle(SPEC, encode_spec(SPEC), (TRAINING,))
MODEL = ModelRecord(
    "m", "M", "binary", "y", "1H", "of a test", {"no": 0}, BUNDLE.digest, 1_000, 2_000
)
MONITOR = Monitor("w", "m", "watch", "accuracy", lower_threshold=0.5, created_ms=1, updated_ms=2)
EDGE = Stream("edge", 2**64 - 1)
LEDGER = ModelLedger("m", RowLedger(9, 8, 5, 1, {DropReason.DISK_FULL: 3}), RowLedger())
ALERT = Alert(
    fingerprint="f",
    monitor_id="w",
    model_id="m",
    metric="accuracy",
    feature=None,
    segment=0,
    severity=Severity.HIGH,
    state=State.FIRING,
    since_s=0,
    window_s=3_600,
    violated_s=3_600,
    length_s=3_600,
    violated_windows=2,
    good_windows=0,
    value=0.25,
    threshold=0.5,
    p_value=None,
    rows=9,
    reason="below",
    started_ms=5,
    updated_ms=6,
    drivers=("x: group 1 to 2 rose from 1.0 % to 9.0 %",),
)


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    path = str(tmp_path / "hub.db") if request.param == "sqlite on disk" else MEMORY
    with open_sqlite(path) as opened:
        opened.records.put_bundle(MODEL, BUNDLE, [MONITOR])
        yield opened


def window(start_s: int = 0) -> Window:
    return Window("m", BUNDLE.digest, 0, start_s, 3_600)


def partial(vector: IntVector, start_s: int = 0, *, rows: int = 1) -> Partial:
    data = vector_bytes(vector, LAYOUT.sizes[Section.FEATURES])
    return Partial(window(start_s), Section.FEATURES, rows, peak(vector), data)


def group(*partials: Partial, sequence: int = 1, rejections: tuple[Rejection, ...] = ()) -> Group:
    receipt = Receipt(
        stream=EDGE,
        expected=sequence - 1,
        position=Position(sequence, rejections),
        seen_ms=1_000 * sequence,
        version="1",
        ledgers=(LEDGER,),
        rows=4,
        labelled_rows=2,
        received_bytes=100,
    )
    return Group((receipt,), partials, {p.window: p.window.end_s + 60 for p in partials})


def vector(seed: int) -> IntVector:
    return np.random.default_rng(seed).integers(-(2**40), 2**40, CELLS)


def test_a_window_is_the_exact_sum_of_its_partials(store: Store) -> None:
    store.sketches.commit(group(partial(vector(1)), partial(vector(2))))
    store.sketches.commit(group(partial(vector(3)), sequence=2))

    sums = store.sketches.vectors(window())

    assert list(sums) == [Section.FEATURES]
    assert np.array_equal(sums[Section.FEATURES], vector(1) + vector(2) + vector(3))


def test_compaction_changes_no_sum_and_leaves_one_partial_a_section(store: Store) -> None:
    for sequence in range(1, 12):
        store.sketches.commit(group(partial(vector(sequence), rows=3), sequence=sequence))
    before = store.sketches.vectors(window())[Section.FEATURES]
    rows = store.sketches.totals("m").rows

    folded = store.sketches.compact(10)

    assert folded == 1
    assert store.sketches.compact(10) == 0
    assert np.array_equal(store.sketches.vectors(window())[Section.FEATURES], before)
    assert store.sketches.totals("m") == Totals(rows=rows, windows=1)
    assert store.sketches.peaks([window()]) == {(window(), Section.FEATURES): peak(before)}


def test_a_peak_bounds_every_cell_of_the_sum(store: Store) -> None:
    store.sketches.commit(group(partial(vector(1)), partial(vector(2))))

    bound = store.sketches.peaks([window(), window(3_600)])

    assert bound == {(window(), Section.FEATURES): peak(vector(1)) + peak(vector(2))}
    assert peak(store.sketches.vectors(window())[Section.FEATURES]) <= max(bound.values())


def test_a_position_holds_the_last_sequence_and_what_was_refused_of_it(store: Store) -> None:
    refused = (Rejection(1, RejectReason.OVERFLOW, "too much"),)

    store.sketches.commit(group(rejections=refused))

    other = Stream("edge", 1)
    assert store.sketches.positions([EDGE, other]) == {EDGE: Position(1, refused)}


@pytest.mark.parametrize("sequence", [1, 3])
def test_a_group_that_expects_another_position_changes_nothing(store: Store, sequence: int) -> None:
    store.sketches.commit(group(partial(vector(1))))

    with pytest.raises(StoreConflictError):
        store.sketches.commit(group(partial(vector(2)), sequence=sequence))

    assert store.sketches.positions([EDGE])[EDGE].sequence == 1
    assert np.array_equal(store.sketches.vectors(window())[Section.FEATURES], vector(1))


def test_a_group_for_a_deleted_model_changes_nothing(store: Store) -> None:
    store.records.delete_model("m")

    with pytest.raises(StoreConflictError):
        store.sketches.commit(group(partial(vector(1))))

    assert store.sketches.positions([EDGE]) == {}


def test_agents_are_listed_with_their_ledgers_and_summed_counts(store: Store) -> None:
    store.sketches.commit(group())
    store.sketches.commit(group(sequence=2))

    [status] = store.sketches.agents("", 10)

    assert (status.stream, status.sequence, status.last_seen_ms) == (EDGE, 2, 2_000)
    assert (status.rows, status.labelled_rows, status.received_bytes) == (8, 4, 200)
    assert status.ledgers == (LEDGER,)
    assert store.sketches.agents("edge", 10) == ()


def test_windows_are_the_newest_ones_oldest_first(store: Store) -> None:
    starts = (7_200, 0, 3_600)
    store.sketches.commit(group(*(partial(vector(s), s) for s in starts)))

    assert store.sketches.windows("m", 0, 2) == (window(3_600), window(7_200))
    assert store.sketches.windows("m", 1, 2) == ()


def test_a_window_is_due_after_its_time_until_it_is_judged_and_again_when_touched(
    store: Store,
) -> None:
    store.sketches.commit(group(partial(vector(1)), partial(vector(2), 3_600)))
    assert store.judgements.due(3_659, 10) == ()

    first = store.judgements.due(3_660, 10)
    assert first == (DueWindow(window(), 1),)
    store.judgements.record(Judgement(first))
    assert store.judgements.due(3_660, 10) == ()

    store.sketches.commit(group(partial(vector(3)), sequence=2))
    assert store.judgements.due(3_660, 10) == (DueWindow(window(), 2),)


def test_a_window_touched_while_it_was_judged_stays_due(store: Store) -> None:
    store.sketches.commit(group(partial(vector(1))))
    seen = store.judgements.due(9_999, 10)
    store.sketches.commit(group(partial(vector(2)), sequence=2))

    store.judgements.record(Judgement(seen))

    assert store.judgements.due(9_999, 10) == (DueWindow(window(), 2),)


def test_the_oldest_due_windows_come_first(store: Store) -> None:
    store.sketches.commit(group(*(partial(vector(s), s) for s in (7_200, 0, 3_600))))

    due = store.judgements.due(99_999, 2)

    assert [d.window.start_s for d in due] == [0, 3_600]


def test_rejudging_forgets_findings_and_makes_the_newest_windows_due(store: Store) -> None:
    store.sketches.commit(group(partial(vector(1)), partial(vector(2), 3_600)))
    evaluation = Evaluation("w", window(), (Finding("w", None, Verdict.OK, 9),))
    store.judgements.record(Judgement(store.judgements.due(9_999, 10), (evaluation,)))

    store.judgements.rejudge(MONITOR, 1)

    assert store.judgements.history("w", 0, 10) == ()
    assert [d.window for d in store.judgements.due(9_999, 10)] == [window(3_600)]


def test_history_is_the_newest_evaluations_oldest_first_the_last_word_for_each(
    store: Store,
) -> None:
    first = Finding("w", "x", Verdict.VIOLATED, 9, 0.25, 0.1, 0.001, "far")
    second = Finding("w", "x", Verdict.NOT_ENOUGH_DATA, 0, reason="no rows")
    for start_s, finding in ((0, second), (3_600, first), (7_200, first), (7_200, second)):
        evaluation = Evaluation("w", window(start_s), (finding,))
        store.judgements.record(Judgement((), (evaluation,)))

    assert store.judgements.history("w", 0, 2) == (
        Evaluation("w", window(3_600), (first,)),
        Evaluation("w", window(7_200), (second,)),
    )


def test_a_judgement_is_stored_whole_or_not_at_all(store: Store) -> None:
    store.sketches.commit(group(partial(vector(1))))
    due = store.judgements.due(9_999, 10)
    orphan = replace(ALERT, fingerprint="g", monitor_id="deleted meanwhile")
    event = AlertEvent(Reason.FIRST_FIRING, 5, ALERT)

    with pytest.raises(StoreConflictError):
        store.judgements.record(Judgement(due, (), (ALERT, orphan), (event,)))

    assert store.judgements.alerts(limit=10) == ()
    assert store.judgements.events(0, 10) == ()
    assert store.judgements.due(9_999, 10) == due


def test_alerts_are_found_by_model_monitor_and_state(store: Store) -> None:
    resolved = replace(ALERT, fingerprint="g", state=State.RESOLVED, updated_ms=7, resolved_ms=7)
    store.judgements.record(Judgement((), (), (ALERT, resolved)))

    assert store.judgements.alerts(limit=10) == (resolved, ALERT)
    assert store.judgements.alerts(limit=1) == (resolved,)
    assert store.judgements.alerts(model_id="m", states=(State.FIRING,), limit=10) == (ALERT,)
    assert store.judgements.alerts(model_id="other", limit=10) == ()
    assert store.judgements.alerts(monitor_id="other", limit=10) == ()


def test_event_cursors_only_grow_even_when_the_model_is_deleted(store: Store) -> None:
    event = AlertEvent(Reason.FIRST_FIRING, 5, ALERT)
    store.judgements.record(Judgement((), (), (ALERT,), (event, event)))
    assert store.judgements.events(0, 10) == (replace(event, cursor=1), replace(event, cursor=2))
    assert store.judgements.events(1, 10) == (replace(event, cursor=2),)

    store.records.delete_model("m")
    store.records.put_bundle(MODEL, BUNDLE, [MONITOR])
    store.judgements.record(Judgement((), (), (ALERT,), (event,)))

    assert [e.cursor for e in store.judgements.events(0, 10)] == [3]


def test_what_people_wrote_reads_back_as_it_was(store: Store) -> None:
    bundle = store.records.bundle(BUNDLE.digest)

    assert store.records.model("m") == MODEL
    assert store.records.monitor("w") == MONITOR
    assert bundle is not None
    assert (bundle.spec, bundle.spec_bytes) == (SPEC, BUNDLE.spec_bytes)
    [reference] = bundle.references
    assert (reference.dataset, reference.rows) == (Dataset.TRAINING, 9)
    assert np.array_equal(reference.vectors[Section.FEATURES], np.arange(CELLS))
    assert store.records.bundle(b"?" * 32) is None
    assert store.records.model("n") is None
    assert store.records.monitor("x") is None


def test_writing_a_model_again_keeps_what_belongs_to_it(store: Store) -> None:
    store.sketches.commit(group(partial(vector(1))))

    store.records.put_model(replace(MODEL, name="renamed"))
    store.records.put_bundle(MODEL, BUNDLE, [])

    assert store.records.model("m") == MODEL
    assert store.records.monitor("w") == MONITOR
    assert store.sketches.totals("m").windows == 1


def test_lists_go_on_behind_the_last_id(store: Store) -> None:
    other = replace(MODEL, id="n", digest=b"")
    store.records.put_model(other)
    second = replace(MONITOR, id="v", active=False, feature="x")
    store.records.put_monitor(second)

    assert store.records.models("", 1) == (MODEL,)
    assert store.records.models("m", 9) == (other,)
    assert store.records.monitors("m", "", 9) == (second, MONITOR)
    assert store.records.monitors("", "v", 9) == (MONITOR,)
    assert store.records.monitors("n", "", 9) == ()


def test_deleting_a_monitor_takes_its_alerts_and_keeps_its_events(store: Store) -> None:
    event = AlertEvent(Reason.FIRST_FIRING, 5, ALERT)
    evaluation = Evaluation("w", window(), ())
    store.judgements.record(Judgement((), (evaluation,), (ALERT,), (event,)))

    assert store.records.delete_monitor("w")
    assert not store.records.delete_monitor("w")

    assert store.judgements.alerts(limit=9) == ()
    assert store.judgements.history("w", 0, 9) == ()
    assert len(store.judgements.events(0, 9)) == 1


def test_deleting_a_model_takes_everything_of_it(store: Store) -> None:
    store.sketches.commit(group(partial(vector(1))))
    store.judgements.record(Judgement((), (), (ALERT,)))

    assert store.records.delete_model("m")
    assert not store.records.delete_model("m")

    assert store.records.bundle(BUNDLE.digest) is None
    assert store.sketches.windows("m", 0, 9) == ()
    assert store.sketches.vectors(window()) == {}
    assert store.sketches.totals("m") == Totals()
    assert store.judgements.due(9_999, 9) == ()
    assert store.judgements.alerts(limit=9) == ()
