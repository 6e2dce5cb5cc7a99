"""Models over REST: Whitebox's fields, totals, and what a bad body is told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.hub.api.conftest import Send
from tests.hub.conftest import Hub

MODEL = {
    "name": "Loans",
    "description": "who pays back",
    "type": "binary",
    "target_column": "paid",
    "granularity": "1D",
    "labels": {"no": 0, "yes": 1},
}


def test_a_model_is_made_read_changed_and_deleted(hub: Hub) -> None:
    made = hub.call("POST", "/v1/models", MODEL)
    assert made.status == 201
    assert {name: made.document[name] for name in MODEL} == MODEL
    path = f"/v1/models/{made.document['id']}"

    changed = hub.call("PUT", path, {"name": "Loans of 2026", "type": "regression"}).document
    assert (changed["name"], changed["type"]) == ("Loans of 2026", "binary")
    assert changed["description"] == MODEL["description"]

    assert hub.call("DELETE", path).document["id"] == made.document["id"]
    assert hub.refused("GET", path)[0] == 404
    assert hub.get("/v1/models") == []


def test_a_model_of_whiteboxs_sdk_is_made_as_it_asks(hub: Hub) -> None:
    sent = {name: MODEL[name] for name in ("name", "description", "type", "labels")}

    made = hub.call("POST", "/v1/models", {**sent, "prediction": "paid"})

    assert (made.status, made.document["target_column"]) == (201, "paid")


def test_a_model_tells_how_many_rows_of_it_are_here(known: Hub, send: Send) -> None:
    send(0, 1, rows=30)

    assert known.get("/v1/models/income")["totals"] == {
        "rows": 60,
        "labelled_rows": 60,
        "explained_rows": 0,
        "windows": 2,
    }


def test_a_deleted_model_takes_its_windows_monitors_and_alerts(known: Hub, send: Send) -> None:
    send(0, shift=1.0)

    known.call("DELETE", "/v1/models/income")

    assert known.get("/v1/model-monitors") == []
    assert known.get("/v1/alerts") == []
    assert known.refused("GET", "/v1/performance-metrics?model_id=income")[0] == 404


def test_an_id_that_is_taken_is_a_conflict(known: Hub) -> None:
    assert known.refused("POST", "/v1/models", {**MODEL, "id": "income"})[0] == 409


BAD: dict[str, tuple[Any, int, str]] = {
    "no JSON": (b"{", 400, "not JSON"),
    "not an object": ([1], 400, "not a JSON object"),
    "a body too deep": (b"[" * 100_000, 400, "not JSON"),
    "half a surrogate": (b'{"name": "\\ud800"}', 400, "not JSON"),
    "no name": ({**MODEL, "name": None}, 422, "name: is missing"),
    "a type that is unknown": ({**MODEL, "type": "ranking"}, 422, "type: 'ranking'"),
    "no target": ({**MODEL, "target_column": ""}, 422, "target_column: must not be empty"),
    "a granularity of months": ({**MODEL, "granularity": "1M"}, 422, "granularity: '1M'"),
    "labels that are text": ({**MODEL, "labels": {"no": "0"}}, 422, "labels:"),
    "a slash in the id": ({**MODEL, "id": "a/b"}, 422, "id: must not hold a slash"),
    "a body without end": (b" " * 2_000_000, 413, "too large"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_body_that_is_no_model_is_refused_by_field(hub: Hub, case: str) -> None:
    body, status, message = BAD[case]

    got, detail = hub.refused("POST", "/v1/models", body)

    assert got == status
    assert message in detail
    assert hub.get("/v1/models") == []
