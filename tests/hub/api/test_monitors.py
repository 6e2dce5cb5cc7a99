"""Monitors over REST, in Whitebox's fields and ours."""

from __future__ import annotations

from typing import Any

import pytest

from tests.hub.api.conftest import Send, until
from tests.hub.conftest import Hub

# What Whitebox's SDK sends.
WHITEBOX = {
    "model_id": "income",
    "name": "accuracy of income",
    "status": "active",
    "metric": "accuracy",
    "severity": "high",
    "email": "ops@example.com",
    "feature": None,
    "lower_threshold": 0.7,
}


def _created(hub: Hub, **fields: Any) -> dict[str, Any]:
    answer = hub.call("POST", "/v1/model-monitors", {**WHITEBOX, **fields})
    assert answer.status == 201, answer
    created: dict[str, Any] = answer.document
    return created


def test_a_monitor_of_whiteboxs_sdk_is_made_as_it_asks(known: Hub) -> None:
    created = _created(known)

    assert {name: created[name] for name in WHITEBOX} == WHITEBOX
    assert (created["rule"], created["for_windows"], created["minimum_rows"]) == ("threshold", 1, 0)
    assert known.get(f"/v1/model-monitors/{created['id']}") == created
    assert created in known.get("/v1/model-monitors?modelId=income")


def test_the_sdks_spelling_of_the_model_is_read(known: Hub) -> None:
    body = {**WHITEBOX, "modelId": "income"}
    del body["model_id"]

    assert known.call("POST", "/v1/model-monitors", body).document["model_id"] == "income"


def test_whiteboxs_name_of_prediction_drift_is_kept(known: Hub) -> None:
    created = _created(known, metric="concept_drift", lower_threshold=None)

    assert (created["metric"], created["rule"]) == ("concept_drift", "calibrated")


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"metric": "data_drift", "lower_threshold": None}, "calibrated"),
        (
            {"metric": "data_drift", "lower_threshold": None, "upper_threshold": 0.3},
            "calibrated",
        ),
        ({"lower_threshold": None}, "calibrated"),
        ({"lower_threshold": 0.5}, "threshold"),
        (
            {
                "metric": "missing_rate",
                "feature": "age",
                "lower_threshold": None,
                "upper_threshold": 0.3,
                "rule": "threshold",
            },
            "threshold",
        ),
    ],
    ids=["drift", "drift with an effect", "performance", "performance with a threshold", "said"],
)
def test_the_rule_follows_from_what_is_asked(known: Hub, fields: dict[str, Any], rule: str) -> None:
    assert _created(known, **fields)["rule"] == rule


BAD: dict[str, tuple[dict[str, Any], int, str]] = {
    "no model": ({"model_id": None}, 422, "model_id: is missing"),
    "another model": ({"model_id": "loans"}, 404, "'loans' is not registered"),
    "no metric": ({"metric": None}, 422, "metric: is missing"),
    "a metric that is unknown": ({"metric": "beauty"}, 422, "'beauty' is unknown"),
    "a metric of another kind": ({"metric": "r_square"}, 422, "not for a binary model"),
    "a feature that is unknown": (
        {"metric": "data_drift", "feature": "size", "lower_threshold": None},
        422,
        "'size' is unknown",
    ),
    "a threshold on the wrong side": (
        {"lower_threshold": None, "upper_threshold": 0.5},
        422,
        "upper_threshold does not belong",
    ),
    "a threshold that is text": ({"lower_threshold": "0.5"}, 422, "lower_threshold: a number"),
    "a status that is unknown": ({"status": "asleep"}, 422, "status: 'asleep' is not one of"),
    "a severity that is unknown": ({"severity": "dire"}, 422, "severity: 'dire' is not one of"),
    "no windows": ({"for_windows": 0}, 422, "for_windows: a whole number"),
    "half a window": ({"resolve_windows": 1.5}, 422, "resolve_windows: a whole number"),
    "negative rows": ({"minimum_rows": -1}, 422, "minimum_rows: a whole number"),
    "a segment that is unknown": ({"segment": 3}, 422, "segment 3 is unknown"),
    "an empty name": ({"name": " "}, 422, "name: must not be empty"),
    "a name without end": ({"name": "x" * 1_000_000}, 422, "name: longer than"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_monitor_that_is_not_possible_is_refused_by_field(known: Hub, case: str) -> None:
    fields, status, message = BAD[case]
    before = known.get("/v1/model-monitors")

    got, detail = known.refused("POST", "/v1/model-monitors", {**WHITEBOX, **fields})

    assert got == status
    assert message in detail
    assert known.get("/v1/model-monitors") == before


def test_a_model_without_a_spec_cannot_be_watched_yet(hub: Hub) -> None:
    model = {"id": "income", "name": "x", "type": "binary", "target_column": "y"}
    hub.call("POST", "/v1/models", model)

    status, detail = hub.refused("POST", "/v1/model-monitors", WHITEBOX)

    assert (status, "has no spec yet" in detail) == (409, True)


def test_a_change_keeps_what_it_does_not_name(known: Hub) -> None:
    created = _created(known, for_windows=3)
    path = f"/v1/model-monitors/{created['id']}"

    changed = known.call("PUT", path, {"severity": "low", "lower_threshold": 0.6}).document

    assert {k: v for k, v in changed.items() if created[k] != v} == {
        "severity": "low",
        "lower_threshold": 0.6,
    }
    assert known.get(path) == changed


def test_a_threshold_of_null_is_taken_away(known: Hub) -> None:
    path = f"/v1/model-monitors/{_created(known)['id']}"

    changed = known.call("PUT", path, {"rule": "calibrated", "lower_threshold": None}).document

    assert (changed["rule"], changed["lower_threshold"]) == ("calibrated", None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metric": "f1"}, "metric: cannot be changed"),
        ({"feature": "age"}, "feature: cannot be changed"),
        ({"segment": 1}, "segment: cannot be changed"),
        ({"modelId": "loans"}, "model_id: cannot be changed"),
        ({"upper_threshold": 0.5}, "upper_threshold does not belong"),
        ({"lower_threshold": None}, "lower_threshold is missing"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_change_that_is_not_possible_is_refused(
    known: Hub, change: dict[str, Any], message: str
) -> None:
    created = _created(known)
    path = f"/v1/model-monitors/{created['id']}"

    status, detail = known.refused("PUT", path, change)

    assert status == 422
    assert message in detail
    assert known.get(path) == created


def test_a_changed_threshold_judges_the_windows_that_are_there(known: Hub, send: Send) -> None:
    created = _created(known, lower_threshold=0.01)
    send(0, 1)
    alerts = f"/v1/alerts?monitor_id={created['id']}"
    until(known, "/v1/health", lambda health: health["ticks"]["windows_judged"] >= 2)
    assert known.get(alerts) == []

    known.call("PUT", f"/v1/model-monitors/{created['id']}", {"lower_threshold": 0.99})

    [alert] = until(known, alerts, lambda found: len(found) == 1)
    assert (alert["status"], alert["threshold"], alert["violated_windows"]) == ("firing", 0.99, 2)


def test_an_inactive_monitor_withdraws_its_alert_and_an_active_one_fires_again(
    known: Hub, send: Send
) -> None:
    created = _created(known, lower_threshold=0.99)
    path, alerts = f"/v1/model-monitors/{created['id']}", f"/v1/alerts?monitor_id={created['id']}"
    send(0)
    until(known, alerts, lambda found: len(found) == 1)

    known.call("PUT", path, {"status": "inactive"})
    until(known, alerts, lambda found: found == [])
    known.call("PUT", path, {"status": "active"})
    until(known, alerts, lambda found: len(found) == 1)

    events = known.get(f"{alerts}&after=0")["events"]
    assert [event["event"] for event in events] == ["first_firing", "withdrawn", "first_firing"]


def test_a_deleted_monitor_is_gone_and_who_follows_is_told(known: Hub, send: Send) -> None:
    created = _created(known, lower_threshold=0.99)
    path, alerts = f"/v1/model-monitors/{created['id']}", f"/v1/alerts?monitor_id={created['id']}"
    send(0)
    until(known, alerts, lambda found: len(found) == 1)

    deleted = known.call("DELETE", path)

    assert (deleted.status, deleted.document) == (200, created)
    assert known.refused("GET", path)[0] == 404
    assert known.get(alerts) == []
    events = known.get(f"{alerts}&after=0")["events"]
    assert [event["event"] for event in events] == ["first_firing", "withdrawn"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_monitor_that_does_not_exist_is_not_found(hub: Hub, method: str) -> None:
    status, detail = hub.refused(method, "/v1/model-monitors/nobody", {})

    assert (status, detail) == (404, "monitor 'nobody' does not exist")


def test_monitors_of_a_model_that_is_unknown_are_not_found(hub: Hub) -> None:
    assert hub.refused("GET", "/v1/model-monitors?model_id=loans")[0] == 404


def test_monitors_come_in_pages(known: Hub) -> None:
    every = known.get("/v1/model-monitors")

    first = known.call("GET", "/v1/model-monitors?limit=4")
    following = first.headers["Link"].split(">")[0].removeprefix("<")

    assert first.document + known.get(following) == every
