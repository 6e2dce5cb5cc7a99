"""What every store promises of findings, alerts and events."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.contract.store.conftest import (
    ALERT,
    BUNDLE,
    MODEL,
    MONITOR,
    group,
    partial,
    vector,
    window,
)
from whitebox_hub.alert import AlertEvent, Reason, State
from whitebox_hub.monitor import Finding, Verdict
from whitebox_hub.store import (
    DueWindow,
    Evaluation,
    Judgement,
    Store,
    StoreConflictError,
)


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


def test_what_every_monitor_found_in_one_window_is_read_back(store: Store) -> None:
    finding = Finding("w", "x", Verdict.VIOLATED, 9, 0.25, 0.1, 0.001, "far")
    here, there = Evaluation("w", window(), (finding,)), Evaluation("w", window(3_600), ())
    store.judgements.record(Judgement((), (here, there)))

    assert store.judgements.evaluations(window()) == (here,)
    assert store.judgements.evaluations(window(7_200)) == ()


def test_alerts_are_found_by_segment(store: Store) -> None:
    young = replace(ALERT, fingerprint="g", segment=1)
    store.judgements.record(Judgement((), (), (ALERT, young)))

    assert store.judgements.alerts(segment=1, limit=9) == (young,)
    assert store.judgements.alerts(segment=0, limit=9) == (ALERT,)
    assert store.judgements.alerts(segment=2, limit=9) == ()
    assert len(store.judgements.alerts(limit=9)) == 2
