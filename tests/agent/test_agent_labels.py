"""True labels in process: by id, right after their rows or much later, for nothing, and twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from whitebox_agent import Agent
from whitebox_agent.fold import ModelFold
from whitebox_wire.errors import DataError
from whitebox_wire.layout import Section
from whitebox_wire.messages import DropReason, RowLedger
from whitebox_wire.spec import ModelSpec
from whitebox_wire.vector import IntVector

Sums = Callable[[], dict[Section, IntVector]]
ROW: dict[str, Any] = {"age": 40.0, "job": "nurse", "prediction": "yes", "score": 0.75}


def test_an_id_logged_twice_counts_two_rows_and_joins_one_label(agent: Agent) -> None:
    agent.log("income", ROW, id="a")
    agent.log("income", ROW, id="a")
    agent.ship(timeout_s=10.0)

    agent.log_labels("income", ["a"], ["yes"])
    agent.log_labels("income", "a", "no")
    agent.ship(timeout_s=10.0)

    books = agent.books()
    assert books.ledgers[0].inferences.recorded == 2
    assert books.duplicate_ids == {"income": 1}
    assert books.ledgers[0].labels == RowLedger(2, 1, 0, 1, {DropReason.UNMATCHED: 1})


def test_a_label_for_nothing_is_counted_as_unmatched(agent: Agent) -> None:
    assert agent.log_labels("income", ["x", "y"], ["yes", "no"]) == 2
    agent.ship(timeout_s=10.0)

    labels = agent.books().ledgers[0].labels
    assert labels == RowLedger(2, 0, 0, 0, {DropReason.UNMATCHED: 2})
    assert labels.balances


def test_a_label_needs_an_id(agent: Agent) -> None:
    with pytest.raises(DataError, match="id"):
        agent.log_labels("income", ["a", None], ["yes", "no"])
    with pytest.raises(DataError, match="id"):
        agent.log_labels("income", ["a"], ["yes", "no"])


def test_labels_logged_right_after_their_rows_find_them(
    agent: Agent, binary_spec: ModelSpec, sums: Sums
) -> None:
    no = {**ROW, "prediction": "no"}
    agent.log("income", pd.DataFrame([ROW, no, no]), id=["a", "b", "c"])
    agent.log_labels("income", ["c", "a"], ["no", "no"])

    found = sums()[Section.LABELS]

    block = ModelFold(binary_spec).layout.labels
    # Row-major [target, predicted]: one true negative, one false positive.
    assert found[block.rows] == 2
    assert found[block.confusion].tolist() == [1, 1, 0, 0]  # type: ignore[union-attr]  # a classifier's
