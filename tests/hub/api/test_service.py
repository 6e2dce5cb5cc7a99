"""Health, agents, refused rows, and every error as a problem document."""

from __future__ import annotations

import sqlite3

import pytest

from tests.hub.api.conftest import Send, until
from tests.hub.conftest import Hub


def test_health_says_what_ingest_and_the_tick_counted(known: Hub, send: Send) -> None:
    send(0, 1)

    health = until(known, "/v1/health", lambda health: health["ticks"]["windows_judged"] == 2)

    assert (health["status"], health["ingest"]["accepted"]) == ("ok", 1)
    assert health["ticks"]["windows_failed"] == 0
    assert health["alert_waiters"] == 0


def test_orchestrators_are_told_that_the_hub_lives_and_is_ready(hub: Hub) -> None:
    assert hub.get("/livez") == {"status": "ok"}
    assert hub.get("/readyz") == {"status": "ok"}


def test_a_hub_whose_store_fails_lives_and_is_not_ready(hub: Hub) -> None:
    with sqlite3.connect(hub.config.store_path) as conn:
        conn.execute("ALTER TABLE models RENAME COLUMN id TO other")
    conn.close()

    assert hub.get("/livez") == {"status": "ok"}
    assert hub.refused("GET", "/readyz")[0] == 503


def test_agents_are_listed_with_their_ledgers(known: Hub, send: Send) -> None:
    send(0)

    [agent] = known.get("/v1/agents")

    assert (agent["id"], agent["rows"], agent["labelled_rows"]) == ("edge-1", 500, 500)
    [stream] = agent["streams"]
    assert (stream["epoch"], stream["sequence"]) == (f"{7:016x}", 1)
    [ledger] = stream["ledgers"]
    assert (ledger["model_id"], ledger["balances"]) == ("income", True)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/dataset-rows"),
        ("GET", "/v1/inference-rows"),
        ("POST", "/v1/inference-rows/batch"),
        ("GET", "/v1/inference-rows/1/xai"),
    ],
)
def test_raw_rows_are_refused_with_where_to_send_them(hub: Hub, method: str, path: str) -> None:
    answer = hub.call(method, path, [{"age": 40}] if method == "POST" else None)

    assert answer.status == 403
    assert "agent" in answer.document["hint"]


@pytest.mark.parametrize(
    ("method", "path", "status", "detail"),
    [
        ("GET", "/v2/models", 404, "there is nothing at /v2/models"),
        ("PATCH", "/v1/models", 405, "PATCH is not possible at /v1/models"),
        ("GET", "/" + "x" * 5_000, 404, "there is nothing at /xxx"),
    ],
)
def test_what_is_not_there_is_a_problem_document(
    hub: Hub, method: str, path: str, status: int, detail: str
) -> None:
    got, said = hub.refused(method, path)

    assert got == status
    assert said.startswith(detail)
    assert len(said) < 300


def test_a_defect_is_a_problem_that_tells_nothing_of_the_inside(hub: Hub) -> None:
    with sqlite3.connect(hub.config.store_path) as conn:
        conn.execute("INSERT INTO models VALUES ('a','a','','binary','y','1D','?',x'',0,0)")
    conn.close()

    status, detail = hub.refused("GET", "/v1/models")

    assert (status, detail) == (500, "the hub failed at this; its log says where")
