"""Steps of the tick over a real store: what is judged, what fires, what a bad window does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.hub.conftest import HOUR_S, model_record
from tests.hub.loop.conftest import Tick
from whitebox_hub.alert import State
from whitebox_hub.loop import judge as judge_module
from whitebox_hub.monitor import Rule, Severity, Verdict
from whitebox_hub.store import DueWindow, Judgement, StoreError, Window
from whitebox_wire.codec import SpecBundle, encode_spec


def test_a_drift_fires_once_is_updated_and_resolves(tick: Tick) -> None:
    tick.watch("data_drift", severity=Severity.HIGH)

    for window, shift in enumerate((0.0, 1.0, 1.0, 0.0)):
        tick.ingest(tick.features(window, shift=shift))
        tick.step()

    assert tick.told == [("first_firing", "age", 1), ("resolved", "age", 3)]
    [alert] = tick.store.judgements.alerts(limit=9)
    assert (alert.state, alert.severity) == (State.RESOLVED, Severity.HIGH)
    assert (alert.since_s, alert.violated_s) == (tick.bench.start_s(1), tick.bench.start_s(2))
    assert (alert.violated_windows, alert.rows > 480) == (2, True)
    assert alert.drivers[0].startswith("age: group 5")


def test_windows_that_are_due_together_are_judged_in_their_order(tick: Tick) -> None:
    tick.watch("data_drift")
    tick.ingest(*(tick.features(w, shift=float(w in {1, 2, 5})) for w in (5, 2, 0, 4, 1, 3)))

    done = tick.step()

    assert (done.windows, done.failed, done.events) == (6, 0, 3)
    assert tick.told == [
        ("first_firing", "age", 1),
        ("resolved", "age", 3),
        ("first_firing", "age", 5),
    ]


def test_a_window_is_judged_when_it_ended_and_its_lateness_passed(tick: Tick) -> None:
    tick.watch("data_drift")
    tick.ingest(tick.features(0))

    tick.clock.ms = (tick.bench.start_s(1) + 59) * 1_000
    assert tick.step().windows == 0
    tick.clock.ms += 1_000
    assert tick.step().windows == 1
    assert tick.step().windows == 0


def test_late_rows_are_judged_with_those_that_were_there(tick: Tick) -> None:
    tick.watch("data_drift")
    tick.ingest(tick.features(0, shift=1.0, rows=50))
    tick.ingest(tick.features(1))
    tick.step()
    assert tick.told == [("first_firing", "age", 0), ("resolved", "age", 1)]

    tick.ingest(tick.features(1, shift=3.0, rows=5_000))
    tick.step()

    [*_, last] = tick.told
    assert last == ("first_firing", "age", 1)
    [evaluation] = tick.store.judgements.evaluations(tick.window(1))
    assert [f.rows > 5_000 for f in evaluation.findings if f.feature == "age"] == [True]


def test_rows_that_take_the_drift_back_withdraw_the_alert(tick: Tick) -> None:
    tick.watch("data_drift")
    tick.ingest(tick.features(0, shift=1.0, rows=100))
    tick.step()

    tick.ingest(tick.features(0, rows=50_000))
    tick.step()

    assert tick.told == [("first_firing", "age", 0), ("restated", "age", 0)]
    assert tick.store.judgements.alerts(states=(State.FIRING,), limit=9) == ()


def test_late_labels_change_performance_and_leave_drift_alone(tick: Tick) -> None:
    tick.watch("data_drift")
    tick.watch("accuracy")
    tick.ingest(tick.features(0, shift=1.0), tick.features(1, shift=1.0))
    tick.step()
    before = tick.store.judgements.evaluations(tick.window(0))
    rows = tick.bench.rows(500)

    tick.ingest(tick.labels(0, replace(rows, target=1 - rows.target)))
    tick.step()

    assert tick.told == [("first_firing", "age", 0), ("first_firing", None, 0)]
    after = tick.store.judgements.evaluations(tick.window(0))
    assert [e for e in after if e.monitor_id == "data_drift"] == [
        e for e in before if e.monitor_id == "data_drift"
    ]
    [accuracy] = tick.store.judgements.alerts(monitor_id="accuracy", limit=9)
    assert accuracy.drivers[0].startswith("y: '")


def test_too_few_rows_neither_fire_nor_resolve(tick: Tick) -> None:
    tick.watch("data_drift", minimum_rows=100)
    tick.ingest(tick.features(0, shift=1.0))
    tick.ingest(tick.features(1, rows=20))
    tick.step()

    [alert] = tick.store.judgements.alerts(limit=9)
    assert alert.state is State.FIRING
    [evaluation] = tick.store.judgements.evaluations(tick.window(1))
    assert {f.verdict for f in evaluation.findings} == {Verdict.NOT_ENOUGH_DATA}


def test_what_is_decided_does_not_depend_on_when_windows_came(tick: Tick) -> None:
    tick.watch("data_drift", for_windows=2, resolve_windows=2)
    shifts = dict(enumerate((0.0, 1.0, 1.0, 0.0, 1.0, 0.0)))

    for window in (3, 1, 5, 0, 2, 4):
        tick.ingest(tick.features(window, shift=shifts[window]))
        tick.step()

    [alert] = tick.store.judgements.alerts(limit=9)
    assert (alert.state, alert.since_s) == (State.FIRING, tick.bench.start_s(1))
    assert (alert.violated_windows, alert.good_windows) == (3, 1)


def test_a_monitor_that_is_not_active_loses_its_alert(tick: Tick) -> None:
    monitor = tick.watch("data_drift")
    tick.ingest(tick.features(0, shift=1.0))
    tick.step()

    tick.store.records.put_monitor(replace(monitor, active=False))
    tick.store.judgements.rejudge(monitor, 100)
    tick.step()

    assert tick.told == [("first_firing", "age", 0), ("withdrawn", "age", 0)]


def test_a_changed_threshold_is_applied_to_windows_of_the_past(tick: Tick) -> None:
    monitor = tick.watch("missing_rate", rule=Rule.THRESHOLD, upper_threshold=0.5, feature="age")
    tick.ingest(tick.features(0))
    tick.step()
    assert tick.store.judgements.alerts(limit=9) == ()

    tick.store.records.put_monitor(replace(monitor, upper_threshold=0.001))
    tick.store.judgements.rejudge(monitor, 100)
    tick.step()

    assert tick.told == [("first_firing", "age", 0)]


def test_a_damaged_window_is_counted_and_the_others_are_judged(tick: Tick) -> None:
    tick.watch("data_drift")
    tick.ingest(tick.features(0), tick.features(1, shift=1.0))
    tick.damage(0)

    done = tick.step()

    assert (done.windows, done.failed, done.postponed) == (2, 1, 0)
    assert tick.told == [("first_firing", "age", 1)]
    assert tick.step().windows == 0


def test_a_defect_in_the_step_does_not_come_back_for_ever(
    tick: Tick,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tick.watch("data_drift")
    tick.ingest(tick.features(0, shift=1.0))

    def defect(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(judge_module, "follow", defect)
    done = tick.step()

    assert (done.windows, done.failed) == (1, 1)
    assert tick.step().windows == 0


def test_windows_wait_for_a_store_that_fails_and_are_judged_afterwards(
    tick: Tick,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tick.watch("data_drift")
    tick.ingest(tick.features(0, shift=1.0))

    def full(_: Judgement) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(tick.store.judgements, "record", full)
        done = tick.step()

    assert (done.windows, done.failed, done.postponed) == (0, 0, 1)
    assert tick.step().windows == 1
    assert tick.told == [("first_firing", "age", 0)]


def test_a_step_judges_no_more_windows_than_it_may_and_the_oldest_first(tick: Tick) -> None:
    tick.watch("data_drift")
    tick.ingest(*(tick.features(window) for window in range(3)))

    assert tick.step(limit=2).windows == 2

    assert [due.window.start_s for due in tick.store.judgements.due(1 << 40, 9)] == [
        tick.bench.start_s(2)
    ]


def test_windows_of_an_older_spec_are_judged_by_it(tick: Tick) -> None:
    tick.watch("data_drift")
    spec = replace(tick.bench.spec, target=replace(tick.bench.spec.target, column="income"))
    newer = SpecBundle(spec, encode_spec(spec), ())
    tick.store.records.put_bundle(model_record(newer), newer, [])

    tick.ingest(tick.features(0, shift=1.0))
    tick.step()

    assert tick.told == [("first_firing", "age", 0)]


def test_windows_without_a_monitor_are_judged_and_say_nothing(tick: Tick) -> None:
    tick.ingest(tick.features(0, shift=1.0))

    assert tick.step().windows == 1

    assert tick.store.judgements.due(1 << 40, 9) == ()


def test_findings_are_stored_for_every_feature(tick: Tick) -> None:
    tick.watch("data_drift")
    tick.watch("missing_rate")
    tick.ingest(tick.features(0))
    tick.step()

    evaluations = tick.store.judgements.evaluations(tick.window(0))

    assert [(e.monitor_id, [f.feature for f in e.findings]) for e in evaluations] == [
        ("data_drift", ["age", "job"]),
        ("missing_rate", ["age", "job"]),
    ]
    assert all(np.isfinite(f.value or 0.0) for e in evaluations for f in e.findings)


def test_a_judgement_of_a_window_that_is_gone_changes_nothing(tick: Tick) -> None:
    gone = DueWindow(Window("income", b"?" * 32, 0, 0, HOUR_S), 1)

    tick.store.judgements.record(Judgement((gone,)))

    assert tick.store.judgements.due(1 << 40, 9) == ()
