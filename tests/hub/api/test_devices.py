"""Devices over REST: how far each is from the reference and its fleet, and which drive an alert."""

from __future__ import annotations

from collections.abc import Callable

import grpc
import pytest

from tests.hub.api.conftest import DEADLINE_S, until
from tests.hub.conftest import Bench, Hub
from whitebox_wire.codec import decode_response, encode_request

Report = Callable[..., None]


@pytest.fixture
def report(known: Hub, bench: Bench) -> Report:
    """`report(agent, shift=0.0, rows=200)` exports rows of one device, acknowledged."""

    def deliver(agent: str, *, shift: float = 0.0, rows: int = 200) -> None:
        drawn = bench.rows(rows, seed=len(agent), age_shift=shift)
        request = bench.report([bench.delta(bench.features(drawn))], agent=agent)
        with grpc.insecure_channel(known.grpc) as channel:
            export = channel.unary_unary("/whitebox_wire.v1.Ingest/Export")
            data = export(encode_request(request), timeout=DEADLINE_S, wait_for_ready=True)
        assert not decode_response(data).rejections

    return deliver


def test_an_agent_shows_its_distance_and_how_it_stands_to_its_fleet(
    known: Hub, report: Report
) -> None:
    for agent in ("a", "ab", "abc"):
        report(agent)
    report("odd", shift=2.0)

    agents = until(known, "/v1/agents", lambda found: all(a["models"][0]["fleet"] for a in found))

    models = {agent["id"]: agent["models"] for agent in agents}
    [odd], [quiet] = models["odd"], models["a"]
    assert (odd["model_id"], odd["feature"], odd["rows"]) == ("income", "age", 200)
    assert (odd["window_start"], odd["window_end"]) == (
        "2026-01-01T00:00:00Z",
        "2026-01-01T01:00:00Z",
    )
    assert odd["distance"] > 1 > quiet["distance"] >= 0
    assert (odd["fleet"]["unlike"], quiet["fleet"]["unlike"]) == (True, False)
    assert odd["fleet"]["feature"] == "age"
    assert odd["fleet"]["p_value"] < 0.001
    assert odd["fleet"]["window_start"] == odd["window_start"]


def test_an_agent_of_a_few_rows_or_none_has_no_distance(known: Hub, report: Report) -> None:
    report("few", rows=5)

    [agent] = known.get("/v1/agents")

    [model] = agent["models"]
    assert (model["rows"], model["distance"], model["fleet"]) == (5, None, None)


def test_pages_of_agents_hold_their_own_devices(known: Hub, report: Report) -> None:
    for agent in ("a", "b", "c"):
        report(agent, rows=20)

    first = known.call("GET", "/v1/agents?limit=2")
    rest = known.get("/v1/agents?limit=2&after=b")

    assert [agent["id"] for agent in first.document] == ["a", "b"]
    assert "after=b" in first.headers["Link"]
    assert [(a["id"], len(a["models"])) for a in rest] == [("c", 1)]


def test_an_alert_names_the_devices_that_drive_it(known: Hub, report: Report) -> None:
    for agent in ("a", "ab", "abc"):
        report(agent)
    report("odd", shift=2.0, rows=1_000)

    [alert] = until(
        known,
        "/v1/alerts?status=firing",
        lambda alerts: [a["feature"] for a in alerts if a["devices"]] == ["age"],
    )

    [device] = alert["devices"]
    assert (device["id"], device["rows"]) == ("odd", 1_000)
    assert device["share"] > 0.9
    assert alert["description"].endswith(
        f"device odd accounts for {100 * device['share']:.0f} % of it"
    )
