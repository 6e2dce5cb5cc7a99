"""Whitebox's own requests for raw rows, over a real socket to an agent in process."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from whitebox_agent.fold import ModelFold
from whitebox_wire.layout import CategoricalBlock, NumericBlock, Section
from whitebox_wire.messages import DropReason
from whitebox_wire.spec import ModelSpec

Ask = Callable[..., tuple[int, Any]]


def row(**changes: Any) -> dict[str, Any]:
    """A row as Whitebox's published SDK sends it."""
    return {
        "model_id": "income",
        "timestamp": "2026-01-01T12:00:00",
        "nonprocessed": {"age": 40.0, "job": "nurse", "prediction": "yes"},
        "processed": {"age": 0.5, "job": 2.0, "score": 0.75, "prediction": 1.0},
        "actual": None,
        **changes,
    }


def test_a_row_is_answered_as_whitebox_answers_and_is_on_disk(ask: Ask, agent: Any) -> None:
    status, answer = ask("POST", "/v1/inference-rows", row())

    assert status == 201
    assert {key: answer[key] for key in row()} == row()
    assert {"id", "created_at", "updated_at"} < answer.keys()
    assert agent.books().ledgers[0].inferences.recorded == 1


def test_raw_values_count_where_both_name_a_column_and_processed_ones_where_only_they_do(
    ask: Ask, sums: Callable[[], Any], binary_spec: ModelSpec
) -> None:
    assert ask("POST", "/v1/inference-rows/batch", [row(), row()])[0] == 201

    found, layout = sums()[Section.FEATURES], ModelFold(binary_spec).layout
    age, job = layout.features
    assert isinstance(age, NumericBlock)
    assert isinstance(job, CategoricalBlock)
    assert found[job.bins].tolist() == [0, 0, 2, 0, 0]
    assert np.flatnonzero(found[age.bins]).tolist() == [6], "40 lies in 40..45, 0.5 would in ..15"


def test_a_label_comes_with_its_row_or_later_by_its_id(ask: Ask, agent: Any) -> None:
    _, [first, second] = ask(
        "POST", "/v1/inference-rows/batch", [row(actual="yes"), row(id="own-id")]
    )
    status, answer = ask(
        "PATCH", f"/v1/inference-rows/{second['id']}", {"model_id": "income", "actual": "no"}
    )
    ask("PUT", "/v1/inference-rows/nobody", {"model_id": "income", "actual": "no"})

    assert (status, answer["actual"]) == (200, "no")
    assert second["id"] == "own-id"
    assert first["id"] != second["id"]
    agent.ship(0.1)
    labels = agent.books().ledgers[0].labels
    assert (labels.recorded, labels.pending) == (3, 2)
    assert labels.dropped == {DropReason.UNMATCHED: 1}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ([row(), row(model_id="nobody")], "body: rows of 2 models, such as 'nobody'"),
        ([row(), 7], "body[1]: an object is expected"),
        ([row(), row(timestamp="noon")], "body[1].timestamp: a time is expected"),
        ([row(timestamp=None)], "body[0].timestamp: a time is expected"),
        ([row(nonprocessed=[1])], "body[0].nonprocessed: an object is expected"),
        ([row(actual={})], "body[0].actual: a label is expected"),
        ([row(model_id=3)], "body[0].model_id: a text is expected"),
        ([row(id="x" * 1_000)], "id: 'xxxx"),
        ([row(nonprocessed={}, processed={})], "column 'prediction' is absent"),
        ({}, "body: a list of rows is expected"),
    ],
)
def test_a_wrong_row_is_named_and_nothing_of_its_request_is_recorded(
    ask: Ask, agent: Any, body: object, said: str
) -> None:
    status, problem = ask("POST", "/v1/inference-rows/batch", body)

    assert status == 422
    assert said in problem["detail"]
    assert not agent.books().ledgers


def test_a_model_that_is_not_known_is_not_found(ask: Ask) -> None:
    status, problem = ask("POST", "/v1/inference-rows", row(model_id="nobody"))

    assert status == 404
    assert problem["type"] == "urn:whitebox:problem:unknown-model"


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000, b""])
def test_what_is_not_json_is_malformed(ask: Ask, body: bytes) -> None:
    status, problem = ask("POST", "/v1/inference-rows", body)

    assert (status, problem["type"]) == (400, "urn:whitebox:problem:malformed")


def test_another_type_of_body_is_refused(ask: Ask) -> None:
    status, problem = ask("POST", "/v1/inference-rows", row(), {"Content-Type": "text/plain"})

    assert status == 415
    assert "application/json" in problem["hint"]


def test_a_cell_that_is_odd_spoils_nothing(ask: Ask, agent: Any) -> None:
    odd = {"age": [1], "job": {"a": "b"}, "prediction": "yes", "x" * 10_000: float("nan")}
    body = json.dumps([row(nonprocessed=odd, processed={}), row()]).encode()

    assert ask("POST", "/v1/inference-rows/batch", body)[0] == 201
    assert agent.books().ledgers[0].inferences.recorded == 2


def test_no_rows_are_no_trouble(ask: Ask) -> None:
    assert ask("POST", "/v1/inference-rows/batch", []) == (201, [])
