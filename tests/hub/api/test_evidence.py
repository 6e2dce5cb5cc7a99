"""Evidence of drift that gathers over windows, each too weak to say anything by itself."""

from __future__ import annotations

import math

from tests.hub.api.conftest import Send, until
from tests.hub.conftest import Hub

WINDOWS = 12


def _drift_monitor(hub: Hub) -> str:
    monitors = hub.get("/v1/model-monitors?model_id=income")
    found: str = next(m["id"] for m in monitors if m["metric"] == "data_drift")
    return found


def test_a_small_shift_gathers_evidence_while_a_quiet_feature_does_not(
    known: Hub, send: Send
) -> None:
    send(*range(WINDOWS), shift=0.15)
    path = f"/v1/model-monitors/{_drift_monitor(known)}/evidence"

    said = until(known, path, lambda document: len(document["windows"]) == WINDOWS)

    assert said["windows"][0] == "2026-01-01T00:00:00Z"
    assert set(said["evidence"]) == {"age", "job"}
    age, job = said["evidence"]["age"], said["evidence"]["job"]
    assert len(age) == len(job) == WINDOWS
    assert age[-1] > age[0]
    # Wrong with a probability of at most 1 % for who acts on it.
    assert age[-1] > math.log10(100)
    assert max(job) < math.log10(20)


def test_a_monitor_that_judged_nothing_has_no_evidence_yet(known: Hub) -> None:
    said = known.get(f"/v1/model-monitors/{_drift_monitor(known)}/evidence")

    assert (said["windows"], said["evidence"]) == ([], {})


def test_evidence_of_no_monitor_is_not_found(known: Hub) -> None:
    answer = known.call("GET", "/v1/model-monitors/nobody/evidence")

    assert answer.status == 404
    assert "'nobody'" in answer.document["detail"]
