"""Segments over REST: by number or name in questions, by both in answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import grpc
import numpy as np
import pytest

from tests.hub.api.conftest import DEADLINE_S, until
from tests.hub.conftest import Bench, Hub, Rows
from whitebox_wire.codec import (
    Reference,
    SpecBundle,
    decode_response,
    encode_bundle,
    encode_request,
    encode_spec,
)
from whitebox_wire.layout import Section
from whitebox_wire.messages import Dataset
from whitebox_wire.spec import NumericRange, Predicate, Segment

YOUNG = Segment("young", (Predicate("age", NumericRange(float("-inf"), 35.0)),))
BERLIN = Segment("Berlin", (), (("site", "berlin"),))


def taken(rows: Rows, chosen: Any) -> Rows:
    return Rows(rows.age[chosen], rows.job[chosen], rows.score[chosen], rows.target[chosen])


def young(rows: Rows) -> Rows:
    return taken(rows, rows.age < 35.0)


def segmented(bench: Bench, *segments: Segment) -> Bench:
    """The model with segments, the first of them `young` with a reference of its own."""
    spec = replace(bench.spec, segments=segments).check()
    rows = young(Rows.draw(np.random.default_rng(1), 20_000))
    vectors = {Section.FEATURES: bench.features(rows), Section.LABELS: bench.labels(rows)}
    own = Reference(Dataset.TRAINING, rows.age.size, vectors, 1)
    references = (*bench.bundle.references, own)
    return Bench(SpecBundle(spec, encode_spec(spec), references), bench.layout)


def register(hub: Hub, bench: Bench) -> Any:
    answer = hub.call("POST", "/v1/specs", encode_bundle(bench.bundle))
    assert answer.status in {200, 201}, answer
    return answer.document


@pytest.fixture
def people(hub: Hub, bench: Bench) -> Bench:
    """The model with the segments `young` and `Berlin`, registered."""
    made = segmented(bench, YOUNG, BERLIN)
    register(hub, made)
    return made


@pytest.fixture
def known(hub: Hub, people: Bench) -> Hub:
    """A hub that knows the model and its segments."""
    assert people.spec.segments
    return hub


@pytest.fixture
def send(hub: Hub, people: Bench) -> Callable[..., None]:
    """`send(window, rows)` exports rows: all of them, the young among them, and those of Berlin."""

    def deliver(window: int, rows: Rows) -> None:
        parts = {0: rows, 1: young(rows), 2: rows}
        deltas = [
            people.delta(make(part), window=window, section=section, segment=segment)
            for segment, part in parts.items()
            for section, make in (
                (Section.FEATURES, people.features),
                (Section.LABELS, people.labels),
            )
        ]
        request = people.report(deltas, sequence=window + 1)
        with grpc.insecure_channel(hub.grpc) as channel:
            export = channel.unary_unary("/whitebox_wire.v1.Ingest/Export")
            data = export(encode_request(request), timeout=DEADLINE_S, wait_for_ready=True)
        assert not decode_response(data).rejections

    return deliver


def test_a_model_tells_its_segments(known: Hub) -> None:
    model = known.get("/v1/models/income")

    assert model["segments"] == [
        {
            "number": 1,
            "name": "young",
            "where": [{"feature": "age", "low": None, "high": 35.0}],
            "labels": {},
        },
        {"number": 2, "name": "Berlin", "where": [], "labels": {"site": "berlin"}},
    ]


def test_every_segment_has_default_monitors_that_name_it(known: Hub) -> None:
    monitors = known.get("/v1/model-monitors?model_id=income")

    watched = [(m["segment_name"], m["metric"]) for m in monitors if m["segment"] == 1]
    assert sorted(watched) == [
        ("young", "accuracy"),
        ("young", "data_drift"),
        ("young", "prediction_drift"),
    ]
    assert {m["segment_name"] for m in monitors} == {None, "young", "Berlin"}


@pytest.mark.parametrize("asked", [1, "young"])
def test_a_monitor_is_of_a_segment_by_number_or_name(known: Hub, asked: object) -> None:
    body = {"model_id": "income", "metric": "missing_rate", "segment": asked}

    created = known.call("POST", "/v1/model-monitors", body).document
    path = f"/v1/model-monitors/{created['id']}"
    changed = known.call("PUT", path, {"segment": asked, "severity": "low"}).document

    assert (created["segment"], created["segment_name"]) == (1, "young")
    assert (changed["segment"], changed["severity"]) == (1, "low")
    assert known.refused("PUT", path, {"segment": "Berlin"})[1] == "segment: cannot be changed"


def test_a_segment_that_is_none_is_refused_with_the_names_there_are(known: Hub) -> None:
    body = {"model_id": "income", "metric": "missing_rate", "segment": "old"}

    answer = known.call("POST", "/v1/model-monitors", body)

    assert answer.status == 422
    assert answer.document["detail"] == "segment: 'old' is no segment of the model"
    assert answer.document["hint"] == "it has young, Berlin"
    for path in ("windows?model_id=income&", "alerts?model_id=income&", "alerts?"):
        assert known.refused("GET", f"/v1/{path}segment=old")[0] == 422


@pytest.mark.parametrize("asked", ["1", "young"])
def test_reports_are_of_a_segments_rows_and_carry_its_name(
    hub: Hub, people: Bench, send: Callable[..., None], asked: str
) -> None:
    rows = people.rows(500)
    send(0, rows)

    [whole] = hub.get("/v1/windows?model_id=income")
    [part] = hub.get(f"/v1/windows?model_id=income&segment={asked}")

    assert (whole["segment"], whole["segment_name"], whole["rows"]) == (0, None, 500)
    assert (part["segment"], part["segment_name"]) == (1, "young")
    assert part["rows"] == part["labelled_rows"] == int((rows.age < 35.0).sum())


def test_a_segment_is_compared_with_its_own_reference_and_one_of_labels_with_the_whole(
    hub: Hub, people: Bench, send: Callable[..., None]
) -> None:
    """The young are unlike the training set by their definition, and that is no drift."""
    send(0, people.rows(2_000))

    for name in ("young", "Berlin"):
        [report] = hub.get(f"/v1/drifting-metrics?model_id=income&segment={name}")
        columns = report["data_drift_summary"]["drift_by_columns"]
        assert {column["verdict"] for column in columns.values()} == {"ok"}
    [of_young] = hub.get("/v1/windows?model_id=income&segment=young")
    [of_berlin] = hub.get("/v1/windows?model_id=income&segment=Berlin")
    shown = [sum(w["features"]["job"]["reference"]["counts"]) for w in (of_young, of_berlin)]
    assert shown[1] == 20_000 > shown[0]


def test_an_alert_names_its_segment_and_is_found_by_it(
    hub: Hub, people: Bench, send: Callable[..., None]
) -> None:
    rows = people.rows(4_000)
    moved = replace(rows, job=np.where(rows.age < 35.0, 2, rows.job))
    send(0, moved)
    query = "/v1/alerts?model_id=income&status=firing&segment=young"

    [alert] = until(hub, query, lambda alerts: len(alerts) == 1)

    assert (alert["feature"], alert["segment"], alert["segment_name"]) == ("job", 1, "young")
    assert alert["description"].startswith("Data drift of 'job' in young: ")
    [report] = hub.get(next(path for path in alert["next"] if "drifting" in path))
    assert report["segment_name"] == "young"
    assert hub.get(query.replace("young", "1")) == [alert]
    everywhere = hub.get("/v1/alerts?model_id=income&segment=0")
    assert all(found["segment"] == 0 for found in everywhere)
    events = hub.get("/v1/alerts?after=0&model_id=income&segment=young")["events"]
    assert {event["alert"]["segment_name"] for event in events} == {"young"}


def test_a_new_spec_adds_segments_with_their_monitors(known: Hub, bench: Bench) -> None:
    before = known.get("/v1/model-monitors?model_id=income")
    old = Segment("old", (Predicate("age", NumericRange(60.0, float("inf"))),))

    said = register(known, segmented(bench, YOUNG, BERLIN, old))

    added = [m for m in said["monitors"] if m not in before]
    assert len(said["monitors"]) == len(before) + len(added)
    assert {m["segment_name"] for m in added} == {"old"}
    assert len(added) == 3


def test_a_new_spec_cannot_give_a_segments_number_to_another(known: Hub, bench: Bench) -> None:
    body = encode_bundle(segmented(bench, YOUNG, replace(BERLIN, name="Rome")).bundle)

    status, detail = known.refused("POST", "/v1/specs", body)

    assert (status, "segment 2 of model 'income' is 'Berlin'" in detail) == (409, True)


def test_a_segment_in_the_place_of_one_that_is_gone_needs_its_monitors_gone(
    known: Hub, bench: Bench
) -> None:
    register(known, segmented(bench, YOUNG))
    body = encode_bundle(segmented(bench, YOUNG, replace(BERLIN, name="Rome")).bundle)

    status, detail = known.refused("POST", "/v1/specs", body)
    for monitor in known.get("/v1/model-monitors?model_id=income"):
        if monitor["segment"] == 2:
            known.call("DELETE", f"/v1/model-monitors/{monitor['id']}")
    answer = known.call("POST", "/v1/specs", body)

    assert (status, "segment 2, 'Rome' in this spec, is watched" in detail) == (409, True)
    assert answer.status == 201
    assert {m["segment_name"] for m in answer.document["monitors"]} == {None, "young", "Rome"}
