"""The clients against a real gRPC server with an agent in process behind it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import whitebox_agent
from whitebox_agent import Agent, AsyncSidecarClient, SidecarClient
from whitebox_agent.client.outgoing import Counts
from whitebox_agent.ingest.grpc import serve_grpc
from whitebox_wire.errors import ConfigError, DataError
from whitebox_wire.messages import DropReason

ROWS: list[dict[str, Any]] = [
    {"age": 40.0, "job": "nurse", "prediction": "yes", "score": 0.75},
    {"age": None, "job": "clerk", "prediction": "no", "score": 0.25},
    {"age": 61.5, "job": None, "prediction": "no", "score": 0.1},
    {"age": "forty", "job": 7, "prediction": "no", "score": [1]},
]
WAYS: dict[str, Callable[[Any], Any]] = {
    "one by one": lambda to: [to.log("income", row) for row in ROWS],
    "one by one, the outcome apart": lambda to: [
        to.log(
            "income",
            {"age": row["age"], "job": row["job"]},
            prediction=row["prediction"],
            score=None if isinstance(row["score"], list) else row["score"],
        )
        for row in ROWS[:3]
    ],
    "list of rows": lambda to: to.log("income", ROWS),
    "columns": lambda to: to.log("income", {k: [row[k] for row in ROWS] for k in ROWS[0]}),
    "data frame": lambda to: to.log("income", pd.DataFrame(ROWS[:3])),
    "array of all columns": lambda to: to.log(
        "income", np.array([list(row.values()) for row in ROWS[:3]], object)
    ),
    "array of features, the outcome apart": lambda to: to.log(
        "income",
        np.array([[row["age"], row["job"], "withheld"] for row in ROWS], object),
        prediction=[row["prediction"] for row in ROWS],
        score=np.array([0.75, 0.25, 0.1, np.nan]),
    ),
}


@contextmanager
def serving(agent: Agent, address: str) -> Iterator[None]:
    with serve_grpc(agent.logbook, [address], str, reflection=False):
        yield


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"unix:{tmp_path}/agent.sock"


@pytest.fixture
def client(agent: Agent, address: str) -> Iterator[SidecarClient]:
    with serving(agent, address), SidecarClient(address, linger_ms=0) as client:
        yield client


def outbox(store: Path, agent: Agent) -> Any:
    """The sums of an agent that has ended: what was logged, in numbers."""
    from whitebox_agent.buffer.sqlite import open_sqlite

    agent.close()
    with open_sqlite(store, "t", 1) as buffer:
        buffer.outbox.hasten()
        flight = buffer.outbox.take_off(2**60, 10**9, empty=False)
    assert flight is not None
    return {item.key.section: item.vector.tolist() for item in flight.items}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_log_gives_the_sums_of_the_agent_in_process(
    agent: Agent,
    client: SidecarClient,
    way: str,
    store: Path,
    binary_spec: Any,
    spec_file: Any,
    tmp_path: Path,
) -> None:
    other = whitebox_agent.Config(
        store_path=str(tmp_path / "o.db"), specs=(spec_file(binary_spec),)
    )
    with Agent(other) as in_process:
        WAYS[way](in_process)
        WAYS[way](client)
        assert client.flush()

        assert client.counts.acknowledged == client.counts.logged, client.problem
        assert outbox(store, agent) == outbox(tmp_path / "o.db", in_process)


def test_labels_find_the_rows_that_were_logged_before_them(
    agent: Agent, client: SidecarClient
) -> None:
    for number, row in enumerate(ROWS):
        client.log("income", row, id=f"r{number}")
    client.log_labels("income", "r0", "yes")
    client.log_labels("income", ["r1", "r2", "nobody"], ["no", None, "no"])

    assert client.flush()
    agent.ship(0.1)
    assert client.counts == Counts(logged=8, acknowledged=8)
    labels = agent.books().ledgers[0].labels
    assert (labels.recorded, labels.pending) == (4, 2)
    assert labels.dropped == {DropReason.UNMATCHED: 1, DropReason.MALFORMED: 1}


def test_what_the_agent_refuses_is_counted_and_told_and_raises_nothing(
    client: SidecarClient,
) -> None:
    assert client.log("nobody", ROWS[0]) == 1
    assert client.log("income", {"age": 1.0}) == 1
    assert client.log("income", ROWS[0]) == 1

    assert client.flush()
    assert client.counts == Counts(logged=3, acknowledged=1, refused=2)
    client.log("nobody", ROWS)
    assert client.flush()
    assert "'nobody'" in client.problem


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda c: c.log("income", 7), "rows cannot be read"),
        (lambda c: c.log("income", pd.DataFrame(ROWS[:3]), id=["a"]), "id: 1 ids for 3 rows"),
        (lambda c: c.log("income", pd.DataFrame(ROWS[:3]), prediction=["a"]), "1 cells for 3 rows"),
        (lambda c: c.log("income", ROWS[0], id="x" * 1_000), "id: "),
        (lambda c: c.log("income", ROWS[0], time="noon"), "time"),
        (lambda c: c.log_labels("income", ["a"], ["yes", "no"]), "1 ids for 2 rows"),
        (lambda c: c.log_labels("income", [""], ["yes"]), "a label has no id"),
    ],
)
def test_a_wrong_call_says_what_is_wrong_as_in_process(
    client: SidecarClient, agent: Agent, wrong: Callable[[Any], Any], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        wrong(client)

    assert client.counts == Counts()
    assert not agent.books().ledgers


def test_text_that_is_no_unicode_spoils_no_other_row(agent: Agent, client: SidecarClient) -> None:
    client.log("income", [ROWS[0], {**ROWS[0], "job": "a\ud800"}, {**ROWS[0], "\udfff": 1}])

    assert client.flush()
    assert client.counts == Counts(logged=3, acknowledged=3), client.problem
    assert agent.books().ledgers[0].inferences.recorded == 3


def test_a_table_larger_than_a_call_is_cut(agent: Agent, client: SidecarClient) -> None:
    wide = {f"x{n}": np.zeros(50_000) for n in range(20)}
    texts = np.array([f"text {n} " + "x" * 300 for n in range(50_000)], object)

    client.log("income", {**wide, "job": texts, "prediction": ["yes"] * 50_000})

    assert client.flush(60.0)
    assert client.counts == Counts(logged=50_000, acknowledged=50_000), client.problem
    assert agent.books().ledgers[0].inferences.recorded == 50_000


def test_a_row_that_fits_no_call_is_refused_alone(agent: Agent, client: SidecarClient) -> None:
    client.log("income", [{**ROWS[0], "job": "x" * 10_000_000}, ROWS[0]])

    assert client.flush(60.0)
    assert client.counts == Counts(logged=2, acknowledged=1, refused=1)
    assert "a row of 10000" in client.problem or client.problem == ""
    assert agent.books().ledgers[0].inferences.recorded == 1


def test_accepted_rows_count_when_they_are_in_the_agents_queue(agent: Agent, address: str) -> None:
    with serving(agent, address), SidecarClient(address, durability="accepted") as client:
        client.log("income", ROWS)
        assert client.flush()
        assert client.counts.acknowledged == 4
    assert agent.flush()
    assert agent.books().ledgers[0].inferences.recorded == 4


def test_without_an_agent_nothing_raises_and_what_has_no_room_is_shed(address: str) -> None:
    client = SidecarClient(address, queue_rows_max=5)

    taken = [client.log("income", row) for row in ROWS * 3]

    assert sum(taken) == 5
    assert client.shed == 7
    assert not client.flush(0.1)
    client.close(0.0)
    assert client.counts == Counts(logged=12, shed=12)
    assert client.log("income", ROWS[0]) == 0
    assert client.counts.balances


def test_rows_wait_for_an_agent_that_comes_later(agent: Agent, address: str) -> None:
    with SidecarClient(address) as client:
        client.log("income", ROWS)
        assert not client.flush(0.0)
        with serving(agent, address):
            assert client.flush(30.0)
        assert client.counts == Counts(logged=4, acknowledged=4)
        assert client.problem == ""


def test_an_agent_that_ends_and_comes_back_loses_and_doubles_nothing(
    agent: Agent, address: str
) -> None:
    go_on = threading.Event()
    with SidecarClient(address, linger_ms=0, queue_rows_max=1_000_000) as client:

        def keep_logging() -> None:
            while not go_on.wait(0.001):
                client.log("income", ROWS)

        logging = threading.Thread(target=keep_logging)
        logging.start()
        for _ in range(3):
            with serving(agent, address):
                wait_until(partial(acknowledged_since, client, client.counts.acknowledged + 50))
        go_on.set()
        logging.join()
        with serving(agent, address):
            assert client.flush(30.0), (client.problem, client.counts)
        counts = client.counts

    assert counts.balances
    assert (counts.shed, counts.refused, counts.unconfirmed) == (0, 0, 0)
    assert agent.books().ledgers[0].inferences.recorded == counts.acknowledged == counts.logged


def test_many_threads_may_log_at_once(agent: Agent, client: SidecarClient) -> None:
    def some() -> None:
        for _ in range(200):
            client.log("income", ROWS[0])

    threads = [threading.Thread(target=some) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert client.flush()
    assert agent.books().ledgers[0].inferences.recorded == client.counts.acknowledged == 800


def test_the_client_for_asyncio_awaits_only_what_waits(agent: Agent, address: str) -> None:
    async def story() -> Counts:
        async with AsyncSidecarClient(address) as client:
            assert client.log("income", ROWS[0], id="a") == 1
            assert client.log_labels("income", "a", "yes") == 1
            assert await client.flush()
            assert (client.shed, client.problem) == (0, "")
            return client.counts

    with serving(agent, address):
        assert asyncio.run(story()) == Counts(logged=2, acknowledged=2)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"durability": "eternal"}, "durability: 'eternal'"),
        ({"queue_rows_max": 0}, "queue_rows_max"),
        ({"linger_ms": -1}, "linger_ms"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        SidecarClient("127.0.0.1:1", **settings)


def test_the_package_offers_its_clients_by_name_and_nothing_else() -> None:
    assert {"SidecarClient", "AsyncSidecarClient"} <= set(whitebox_agent.__all__)
    with pytest.raises(AttributeError, match="Sidecart"):
        _ = whitebox_agent.Sidecart


def acknowledged_since(client: SidecarClient, before: int) -> bool:
    return client.counts.acknowledged > before


def wait_until(is_so: Callable[[], bool]) -> None:
    waiting = threading.Event()
    for _ in range(3_000):
        if is_so():
            return
        waiting.wait(0.01)
    pytest.fail("it did not come about in time")
