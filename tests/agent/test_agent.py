"""The agent in process: what it takes, what it refuses, what it counts; without a hub."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from whitebox_agent import Agent, Config
from whitebox_agent.buffer.sqlite import open_sqlite
from whitebox_agent.fold import ModelFold
from whitebox_agent.recorder.queue import ClosedError
from whitebox_wire.errors import ConfigError, DataError, SpecError, UnknownModelError
from whitebox_wire.layout import CategoricalBlock, NumericBlock, Section
from whitebox_wire.messages import DropReason, RowLedger
from whitebox_wire.policies import NoiseBudget, PrivacyPolicy
from whitebox_wire.spec import ModelSpec
from whitebox_wire.vector import IntVector

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
NOON_S = int(NOON.timestamp())
Sums = Callable[[], dict[Section, IntVector]]
SpecFile = Callable[[ModelSpec], str]
ROW: dict[str, Any] = {"age": 40.0, "job": "nurse", "prediction": "yes", "score": 0.75}


def ledger(agent: Agent) -> RowLedger:
    assert agent.flush()
    return agent.books().ledgers[0].inferences


ROWS: list[dict[str, Any]] = [
    {"age": 40.0, "job": "nurse", "prediction": "yes", "score": 0.75},
    {"age": None, "job": "clerk", "prediction": "no", "score": 0.25},
    {"age": 61.5, "job": None, "prediction": "no", "score": 0.1},
]
WAYS: dict[str, Callable[[Agent], Any]] = {
    "one by one": lambda agent: [agent.log("income", row) for row in ROWS],
    "one by one, the prediction apart": lambda agent: [
        agent.log(
            "income",
            {"age": row["age"], "job": row["job"]},
            prediction=row["prediction"],
            score=row["score"],
        )
        for row in ROWS
    ],
    "list of rows": lambda agent: agent.log("income", ROWS),
    "columns": lambda agent: agent.log("income", {k: [row[k] for row in ROWS] for k in ROWS[0]}),
    "data frame": lambda agent: agent.log("income", pd.DataFrame(ROWS)),
    "array of all columns": lambda agent: agent.log(
        "income", np.array([list(row.values()) for row in ROWS], object)
    ),
    "array of features, the prediction apart": lambda agent: agent.log(
        "income",
        np.array([[row["age"], row["job"], "withheld"] for row in ROWS], object),
        prediction=[row["prediction"] for row in ROWS],
        score=np.array([row["score"] for row in ROWS]),
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_log_gives_the_same_sums(
    agent: Agent, binary_spec: ModelSpec, way: str, sums: Sums
) -> None:
    WAYS[way](agent)

    found = sums()[Section.FEATURES]

    layout = ModelFold(binary_spec).layout
    age, job = layout.features
    assert isinstance(age, NumericBlock)
    assert isinstance(job, CategoricalBlock)
    assert found[layout.rows] == 3
    assert found[age.missing] == 1
    assert found[age.bins].sum() == 2
    assert found[job.bins].tolist() == [1, 0, 1, 0, 0]
    assert found[job.missing] == 1


def test_an_unknown_model_is_refused_by_name(agent: Agent) -> None:
    with pytest.raises(UnknownModelError, match=r"'nobody' is not known.*known: income"):
        agent.log("nobody", ROW)
    with pytest.raises(UnknownModelError, match="'nobody'"):
        agent.log_labels("nobody", ["a"], ["yes"])
    assert not agent.books().ledgers


def test_an_unknown_column_is_ignored_and_spoken_of_once(
    agent: Agent, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert agent.log("income", {**ROW, "shoe": 43}) == 1

    assert [r.getMessage() for r in caplog.records] == [
        "model=income column 'shoe' is not in the spec and is ignored"
    ]
    assert ledger(agent).recorded == 3


def test_a_missing_column_counts_as_missing_and_is_spoken_of_once(
    agent: Agent, binary_spec: ModelSpec, caplog: pytest.LogCaptureFixture, sums: Sums
) -> None:
    row = {name: value for name, value in ROW.items() if name != "age"}
    with caplog.at_level(logging.WARNING):
        agent.log("income", row)
        agent.log("income", [row, row])

    assert [r.getMessage() for r in caplog.records] == [
        "model=income column 'age' is absent: its rows count as missing"
    ]
    age = ModelFold(binary_spec).layout.features[0]
    assert sums()[Section.FEATURES][age.missing] == 3


@pytest.mark.parametrize("rows", [{"age": 40.0, "job": "nurse"}, [{"age": 40.0}], {"age": [1.0]}])
def test_rows_without_a_prediction_are_refused_and_nothing_is_recorded(
    agent: Agent, rows: object
) -> None:
    with pytest.raises(DataError, match="'prediction' is absent"):
        agent.log("income", rows)

    assert agent.flush()
    assert not agent.books().ledgers


@pytest.mark.parametrize(
    ("cell", "place"),
    [
        (None, "missing"),
        (float("nan"), "missing"),
        (pd.NaT, "missing"),
        (pd.NA, "missing"),
        ("forty", "invalid"),
        ("40", "invalid"),
        (float("inf"), "invalid"),
        ([40], "invalid"),
        (b"x" * 1_000_000, "invalid"),
    ],
    ids=str,
)
def test_a_cell_that_is_no_number_is_counted_and_its_row_kept(
    agent: Agent, binary_spec: ModelSpec, cell: object, place: str, sums: Sums
) -> None:
    agent.log("income", [{**ROW, "age": cell}, ROW])

    layout = ModelFold(binary_spec).layout
    found = sums()[Section.FEATURES]
    assert found[getattr(layout.features[0], place)] == 1
    assert found[layout.features[0].bins].sum() == 1
    assert found[layout.rows] == 2


def test_a_million_characters_are_counted_and_never_written(
    agent: Agent, store: Path, binary_spec: ModelSpec, sums: Sums
) -> None:
    text = "secret" * 170_000
    agent.log("income", {**ROW, "job": text})
    agent.log("income", pd.DataFrame([{**ROW, "job": text}]))
    assert agent.flush()

    files = list(store.parent.glob("agent.db*"))
    assert not any(b"secretsecret" in path.read_bytes() for path in files)
    job = ModelFold(binary_spec).layout.features[1]
    assert isinstance(job, CategoricalBlock)
    assert sums()[Section.FEATURES][job.unseen] == 2


def test_an_id_of_a_million_characters_is_refused_by_name(agent: Agent) -> None:
    with pytest.raises(DataError, match=r"^id: .*longer than 256 bytes"):
        agent.log("income", ROW, id="x" * 1_000_000)


def test_times_in_the_future_go_to_their_own_window(agent: Agent, store: Path) -> None:
    agent.log("income", ROW, time=NOON + timedelta(days=3_650))
    agent.log("income", ROW, time=float("nan"))
    agent.log("income", ROW, time=1e300)
    agent.close()

    with open_sqlite(store, "t", 1) as buffer:
        buffer.outbox.hasten()
        flight = buffer.outbox.take_off(0, 10**9, empty=False)
    assert flight is not None
    starts = {item.key.start_s: item.rows for item in flight.items}
    assert starts.pop(NOON_S + 3_650 * 86_400) == 1
    # A time that says nothing is the time of arrival.
    assert sum(starts.values()) == 2


def test_columns_of_one_name_or_of_different_lengths_are_refused(agent: Agent) -> None:
    twice = pd.DataFrame([[40.0, 41.0, "yes"]], columns=["age", "age", "prediction"])
    with pytest.raises(DataError, match="age"):
        agent.log("income", twice)
    with pytest.raises(DataError, match="prediction"):
        agent.log("income", {"age": [1.0, 2.0]}, prediction=["yes"])
    with pytest.raises(DataError, match="score"):
        agent.log("income", ROW, score=(0.1, 0.2, 0.7))
    with pytest.raises(DataError, match="id: 2 ids for 3 rows"):
        agent.log("income", pd.DataFrame(ROWS), id=["a", "b"])
    with pytest.raises(DataError, match="time"):
        agent.log("income", ROW, time="yesterday")
    with pytest.raises(DataError, match="7 columns"):
        agent.log("income", np.zeros((3, 7)))
    with pytest.raises(DataError, match="rows cannot be read"):
        agent.log("income", 7)


def test_no_rows_are_no_trouble(agent: Agent) -> None:
    assert agent.log("income", pd.DataFrame(ROWS).iloc[:0]) == 0
    assert agent.log_labels("income", [], []) == 0
    assert agent.flush()
    assert not agent.books().ledgers


def test_a_table_larger_than_one_batch_is_recorded_whole(agent: Agent) -> None:
    frame = pd.concat([pd.DataFrame(ROWS)] * 10_000, ignore_index=True)

    assert agent.log("income", frame) == 30_000
    assert ledger(agent).pending == 30_000


def test_the_bounded_queue_sheds_whole_calls_and_counts_them(
    store: Path, binary_spec: ModelSpec, spec_file: SpecFile
) -> None:
    config = Config(
        store_path=str(store), specs=(spec_file(binary_spec),), queue_rows_max=5,
        commit_interval_ms=10_000,
    )  # fmt: skip
    with Agent(config) as agent:
        taken = sum(agent.log("income", ROWS) for _ in range(50))
        counted = ledger(agent)

    assert counted.recorded == 150
    assert counted.dropped.get(DropReason.QUEUE_FULL, 0) == 150 - taken
    assert counted.balances


def test_a_closed_agent_says_so(agent: Agent) -> None:
    agent.close()

    with pytest.raises(ClosedError, match="closed"):
        agent.log("income", ROW)


def test_what_was_logged_before_close_is_there_after_reopening(
    store: Path, binary_spec: ModelSpec, spec_file: SpecFile
) -> None:
    config = Config(store_path=str(store), specs=(spec_file(binary_spec),))
    with Agent(config) as agent:
        agent.log("income", ROW, id="a")
    with Agent(Config(store_path=str(store))) as agent:
        assert agent.models() == ("income",), "the spec was kept, too"
        agent.log_labels("income", "a", "yes")
        agent.ship(timeout_s=10.0)

        assert agent.books().ledgers[0].labels.pending == 1


def test_a_spec_that_asks_for_more_noise_than_is_possible_is_refused(
    store: Path, binary_spec: ModelSpec, spec_file: SpecFile
) -> None:
    policy = PrivacyPolicy(budgets=(NoiseBudget(("age",), 1e-4, 1e-6),))
    path = spec_file(replace(binary_spec, privacy=policy))

    with (
        pytest.raises(SpecError, match=r"epsilon 0.0001 .* more than 4096 rows a cell"),
        closing(Agent(Config(store_path=str(store), specs=(path,)))),
    ):
        pass


def test_a_spec_file_that_is_not_there_is_refused_by_name(store: Path) -> None:
    with pytest.raises(ConfigError, match=r"spec nowhere\.spec.*whitebox-agent profile"):
        Agent(Config(store_path=str(store), specs=("nowhere.spec",)))
