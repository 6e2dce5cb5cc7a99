"""Registering specs: the model, its default monitors, what may not change, what is no bundle."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.hub.api.conftest import Send
from tests.hub.conftest import Bench, Hub
from whitebox_wire.codec import SpecBundle, encode_bundle, encode_spec
from whitebox_wire.codec.bundles import BUNDLE_BYTES_MAX
from whitebox_wire.spec import ModelSpec


def _bundle(spec: ModelSpec, bench: Bench) -> bytes:
    references = bench.bundle.references
    return encode_bundle(SpecBundle(spec.check(), encode_spec(spec), references))


def test_a_first_spec_makes_the_model_and_its_default_monitors(hub: Hub, bench: Bench) -> None:
    answer = hub.call("POST", "/v1/specs", encode_bundle(bench.bundle))

    assert answer.status == 201
    said = answer.document
    assert (said["model_id"], said["created"]) == ("income", True)
    assert said["digest"] == bench.bundle.digest.hex()
    assert {monitor["metric"] for monitor in said["monitors"]} >= {"data_drift", "accuracy"}
    model = hub.get("/v1/models/income")
    assert (model["name"], model["type"], model["target_column"]) == ("income", "binary", "y")
    assert (model["granularity"], model["spec_digest"]) == ("1H", said["digest"])
    assert hub.get("/v1/model-monitors?model_id=income") == said["monitors"]


def test_the_same_spec_again_changes_nothing(known: Hub, bench: Bench) -> None:
    before = known.get("/v1/model-monitors")

    answer = known.call("POST", "/v1/specs", encode_bundle(bench.bundle))

    assert (answer.status, answer.document["created"]) == (200, False)
    assert known.get("/v1/model-monitors") == before


def test_a_model_that_was_made_first_keeps_its_name_and_labels(hub: Hub, bench: Bench) -> None:
    made = {
        "id": "income",
        "name": "Income of the census",
        "description": "who earns much",
        "type": "binary",
        "target_column": "income",
        "labels": {"no": 0, "yes": 1},
    }
    hub.call("POST", "/v1/models", made)

    assert hub.call("POST", "/v1/specs", encode_bundle(bench.bundle)).status == 201

    model = hub.get("/v1/models/income")
    assert {name: model[name] for name in ("name", "description", "labels")} == {
        name: made[name] for name in ("name", "description", "labels")
    }
    assert model["target_column"] == "y"
    assert hub.get("/v1/model-monitors")


def test_a_new_spec_is_current_and_windows_stay_under_the_old_one(
    known: Hub, bench: Bench, send: Send
) -> None:
    send(0)
    monitors = known.get("/v1/model-monitors")
    spec = replace(bench.spec, target=replace(bench.spec.target, column="outcome"))

    answer = known.call("POST", "/v1/specs", _bundle(spec, bench))

    assert (answer.status, answer.document["created"]) == (201, True)
    assert known.get("/v1/models/income")["spec_digest"] == answer.document["digest"]
    assert known.get("/v1/model-monitors") == monitors
    [report] = known.get("/v1/performance-metrics?model_id=income")
    assert report["spec_digest"] == bench.bundle.digest.hex()


def test_a_spec_of_another_kind_is_a_conflict(hub: Hub, bench: Bench) -> None:
    model = {"id": "income", "name": "x", "type": "regression", "target_column": "y"}
    hub.call("POST", "/v1/models", model)

    status, detail = hub.refused("POST", "/v1/specs", encode_bundle(bench.bundle))

    assert status == 409
    assert "regression" in detail


def test_a_model_id_with_a_slash_is_refused(hub: Hub, bench: Bench) -> None:
    spec = replace(bench.spec, model_id="a/b")

    assert hub.refused("POST", "/v1/specs", _bundle(spec, bench))[0] == 422


@pytest.mark.parametrize("body", [b"", b"not a bundle", b"\xff" * 999])
def test_bytes_that_are_no_bundle_are_refused(hub: Hub, body: bytes) -> None:
    status, detail = hub.refused("POST", "/v1/specs", body)

    assert status == 400
    assert detail


def test_a_bundle_cut_short_is_refused_and_makes_no_model(hub: Hub, bench: Bench) -> None:
    data = encode_bundle(bench.bundle)

    assert hub.refused("POST", "/v1/specs", data[: len(data) // 2])[0] == 400

    assert hub.get("/v1/models") == []


def test_a_bundle_beyond_the_bound_is_refused(hub: Hub) -> None:
    status, detail = hub.refused("POST", "/v1/specs", b"\0" * (BUNDLE_BYTES_MAX + 1))

    assert (status, "at most" in detail) == (400, True)


def test_a_spec_is_given_by_its_digest(known: Hub, bench: Bench) -> None:
    answer = known.call("GET", f"/v1/specs/{bench.bundle.digest.hex()}")

    assert answer.document == bench.bundle.spec_bytes
    assert answer.headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize(("digest", "status"), [("00" * 32, 404), ("xyz", 422), ("0" * 63, 422)])
def test_a_digest_of_nothing_is_a_problem(hub: Hub, digest: str, status: int) -> None:
    assert hub.refused("GET", f"/v1/specs/{digest}")[0] == status
