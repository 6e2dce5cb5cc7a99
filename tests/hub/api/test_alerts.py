"""Alerts over REST: as they stand, and as a stream of events that misses nothing."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.hub.api.conftest import Send, until
from tests.hub.conftest import Hub

FIRING = "/v1/alerts?status=firing"


def _age_drifts(alerts: list[dict[str, Any]]) -> bool:
    return any(alert["feature"] == "age" for alert in alerts)


@pytest.fixture
def drifted(known: Hub, send: Send) -> Hub:
    """A hub in which `age` drifts in the second of two windows."""
    send(0)
    send(1, shift=1.0, rows=1_000)
    until(known, FIRING, _age_drifts)
    return known


def test_an_alert_says_what_where_since_when_how_much_and_why(drifted: Hub) -> None:
    [alert] = [a for a in drifted.get(FIRING) if a["metric"] == "data_drift"]
    [monitor] = [m for m in drifted.get("/v1/model-monitors") if m["metric"] == "data_drift"]

    assert (alert["model_id"], alert["model_monitor_id"]) == ("income", monitor["id"])
    assert (alert["feature"], alert["segment"], alert["severity"]) == ("age", 0, "mid")
    assert alert["since"] == alert["window_start"] == "2026-01-01T01:00:00Z"
    assert alert["window_end"] == "2026-01-01T02:00:00Z"
    assert alert["timestamp"] == alert["started_at"] == "2026-02-11T16:00:00Z"
    assert alert["value"] >= alert["threshold"] == 0.1
    assert alert["p_value"] < 0.001
    assert 900 < alert["rows"] <= 1_000
    assert alert["violated_windows"] == 1
    assert alert["resolved_at"] is None
    assert alert["drivers"][0].startswith("age: group ")
    assert " rose from " in alert["drivers"][0]
    assert alert["description"].startswith("Data drift of 'age': PSI ")


def test_what_to_look_at_next_is_there(drifted: Hub) -> None:
    [alert] = [a for a in drifted.get(FIRING) if a["metric"] == "data_drift"]

    histogram, drift, performance = (drifted.get(path) for path in alert["next"])

    assert list(histogram[0]["features"]) == ["age"]
    assert drift[0]["data_drift_summary"]["drift_by_columns"]["age"]["drift_detected"]
    assert performance[0]["window_start"] == alert["window_start"]


def test_alerts_are_found_by_model_monitor_and_status(drifted: Hub) -> None:
    [alert] = drifted.get(FIRING)

    assert drifted.get("/v1/alerts?model_id=income") == [alert]
    assert drifted.get("/v1/alerts?modelId=income") == [alert]
    assert drifted.get("/v1/alerts?modelId=") == [alert]
    assert drifted.get(f"/v1/alerts?monitor_id={alert['model_monitor_id']}") == [alert]
    assert drifted.get("/v1/alerts?monitor_id=other") == []
    assert drifted.get("/v1/alerts?status=resolved") == []
    assert drifted.get("/v1/alerts?limit=1") == [alert]


def test_a_drift_that_ends_resolves_and_repeats_nothing(drifted: Hub, send: Send) -> None:
    send(2, shift=1.0)
    send(3)
    resolved = until(drifted, "/v1/alerts?status=resolved", _age_drifts)

    [alert] = [a for a in resolved if a["feature"] == "age"]
    assert (alert["violated_windows"], alert["since"]) == (2, "2026-01-01T01:00:00Z")
    events = drifted.get("/v1/alerts?after=0")["events"]
    assert [(e["event"], e["alert"]["feature"]) for e in events] == [
        ("first_firing", "age"),
        ("resolved", "age"),
    ]


def test_events_go_on_behind_the_cursor_of_the_last_answer(drifted: Hub, send: Send) -> None:
    first = drifted.get("/v1/alerts?after=0")
    assert drifted.get(f"/v1/alerts?after={first['cursor']}") == {
        "events": [],
        "cursor": first["cursor"],
    }

    send(2)
    until(drifted, "/v1/alerts?status=resolved", _age_drifts)

    second = drifted.get(f"/v1/alerts?after={first['cursor']}")
    assert [event["event"] for event in second["events"]] == ["resolved"]
    assert second["cursor"] == second["events"][-1]["cursor"] > first["cursor"]


def test_events_that_are_not_wanted_move_the_cursor_too(drifted: Hub) -> None:
    answer = drifted.get("/v1/alerts?after=0&monitor_id=other")

    assert answer == {"events": [], "cursor": 1}


def test_a_long_poll_is_answered_by_the_tick_that_wrote_the_event(known: Hub, send: Send) -> None:
    answers: list[Any] = []
    waiting = threading.Thread(
        target=lambda: answers.append(known.get("/v1/alerts?after=0&wait=60"))
    )
    waiting.start()

    send(0, shift=1.0)
    waiting.join(60)

    [answer] = answers
    assert [event["alert"]["feature"] for event in answer["events"]] == ["age"]


def test_a_long_poll_of_another_monitor_waits_on_until_its_time_is_over(drifted: Hub) -> None:
    answer = drifted.get("/v1/alerts?after=0&wait=1&monitor_id=other")

    assert answer == {"events": [], "cursor": 1}


def test_a_hub_that_stops_answers_who_waits(known: Hub) -> None:
    answers: list[Any] = []
    waiting = threading.Thread(
        target=lambda: answers.append(known.get("/v1/alerts?after=0&wait=60"))
    )
    waiting.start()

    until(known, "/v1/health", lambda health: health["alert_waiters"] == 1)
    known.stop()
    waiting.join(30)

    assert answers == [{"events": [], "cursor": 0}]


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("status=burning", 422, "status: 'burning' is not one of"),
        ("limit=0", 422, "limit"),
        ("limit=1001", 422, "limit"),
        ("after=-1", 422, "after"),
        ("after=soon", 422, "after"),
        (f"after={'9' * 5_000}", 422, "after"),
        ("after=0&wait=61", 422, "wait"),
        ("after=0&wait=0.5", 422, "wait"),
        ("model_id=loans", 404, "'loans' is not registered"),
        ("status=" + "x" * 5_000, 422, "status"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_question_that_is_not_possible_is_refused_by_field(
    hub: Hub, query: str, status: int, field: str
) -> None:
    got, detail = hub.refused("GET", f"/v1/alerts?{query}")

    assert got == status
    assert detail.startswith(field) or field in detail
    assert len(detail) < 300
