"""The agent as a daemon: rows over gRPC, killed and started again, and never a row lost."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pandas as pd
import pytest

from whitebox_agent.buffer.sqlite import read_books
from whitebox_agent.table import read_table
from whitebox_wire.codec import (
    decode_record_labels_response,
    decode_record_response,
    encode_record_labels_request,
    encode_record_request,
)
from whitebox_wire.messages import (
    InferenceBatch,
    LabelBatch,
    RecordAnswer,
    RecordLabelsRequest,
    RecordRequest,
    RowLedger,
)

Wait = Callable[[Callable[[], bool]], None]
CALL_S = 30.0
SERVICE = "/whitebox_wire.v1.InferenceLog"
NOT_FEATURES = ["id", "time", "employed", "year"]


@dataclass(frozen=True, slots=True)
class Client:
    """What a serving process does: rows and labels as columns, over one channel."""

    channel: grpc.Channel

    def record(self, rows: pd.DataFrame, model_id: str = "employment") -> RecordAnswer:
        table = read_table(rows.drop(columns=NOT_FEATURES, errors="ignore"))
        columns = {name: np.asarray(cells, np.float64) for name, cells in table.columns.items()}
        times = (rows["time"].to_numpy() * 1_000).astype(np.int64)
        batch = InferenceBatch(model_id, len(rows), columns, 0, tuple(rows["id"]), times)
        call = self.channel.unary_unary(f"{SERVICE}/Record")
        return decode_record_response(
            call(encode_record_request(RecordRequest(batch)), timeout=CALL_S)
        )

    def label(self, rows: pd.DataFrame) -> RecordAnswer:
        labels = rows["employed"].to_numpy().astype(np.float64)
        batch = LabelBatch("employment", tuple(rows["id"]), labels, 0)
        call = self.channel.unary_unary(f"{SERVICE}/RecordLabels")
        answer = call(encode_record_labels_request(RecordLabelsRequest(batch)), timeout=CALL_S)
        return decode_record_labels_response(answer)


@contextmanager
def connected(agent: Any, number: int = 0) -> Iterator[Client]:
    with grpc.insecure_channel(agent.said["listen"].split(",")[number]) as channel:
        yield Client(channel)


@pytest.fixture
def start_agent(start: Any, spec_file: Path, tmp_path: Path) -> Callable[..., Any]:
    """`start_agent(hub="host:port")`: a daemon on a Unix socket and a free port."""

    def run(hub: str = "") -> Any:
        return start(
            "whitebox_agent.cli",
            *("run", "--store", str(tmp_path / "agent.db"), "--spec", str(spec_file)),
            *("--listen", f"unix:{tmp_path}/agent.sock", "--listen", "127.0.0.1:0"),
            *("--http", "127.0.0.1:0", "--agent-id", "edge-1", *(("--hub", hub) if hub else ())),
            WHITEBOX_AGENT_SETTLE_MS="0",
        )

    return run


@pytest.mark.parametrize("address", [0, 1], ids=["Unix socket", "loopback"])
def test_rows_and_labels_over_grpc_are_recorded(
    start_agent: Callable[..., Any], live: pd.DataFrame, tmp_path: Path, address: int
) -> None:
    agent = start_agent()
    with connected(agent, address) as client:
        assert client.record(live.iloc[:500]) == RecordAnswer(500)
        assert client.label(live.iloc[:200]) == RecordAnswer(200)
    assert agent.stop() == 0

    [ledger] = read_books(tmp_path / "agent.db").ledgers
    assert ledger.inferences == RowLedger(500, 500, 0, 500)
    assert ledger.labels == RowLedger(200, 200, 0, 200)


def test_wrong_calls_are_told_what_is_wrong(
    start_agent: Callable[..., Any], live: pd.DataFrame
) -> None:
    rows = live.iloc[:2]
    cases: list[tuple[grpc.StatusCode, str, Callable[[Client], object]]] = [
        (grpc.StatusCode.NOT_FOUND, "'nobody'", lambda c: c.record(rows, "nobody")),
        (
            grpc.StatusCode.INVALID_ARGUMENT,
            "'prediction' is absent",
            lambda c: c.record(rows.drop(columns="prediction")),
        ),
        (
            grpc.StatusCode.INVALID_ARGUMENT,
            "RecordRequest",
            lambda c: c.channel.unary_unary(f"{SERVICE}/Record")(b"\xff\xff", timeout=CALL_S),
        ),
        (
            grpc.StatusCode.UNIMPLEMENTED,
            "",
            lambda c: c.channel.unary_unary(f"{SERVICE}/Predict")(b"", timeout=CALL_S),
        ),
    ]
    with connected(start_agent()) as client:
        for code, said, call in cases:
            with pytest.raises(grpc.RpcError) as caught:
                call(client)
            assert caught.value.code() is code
            assert said in caught.value.details()
        notes = client.record(rows.assign(shoe=43.0).drop(columns="AGEP")).warnings
        assert notes == (
            "column 'shoe' is not in the spec and is ignored",
            "column 'AGEP' is absent: its rows count as missing",
        )


def test_rows_that_were_answered_survive_kill_nine_again_and_again(
    start_agent: Callable[..., Any],
    start_hub: Any,
    registered: Any,
    live: pd.DataFrame,
    wait_for: Wait,
) -> None:
    hub = registered(start_hub())
    acknowledged = 0
    for number, places in enumerate(np.array_split(np.arange(6_000), 6)):
        agent = start_agent(hub.said["grpc"] if number % 2 else "")
        with connected(agent) as client:
            for piece in np.array_split(places, 5):
                acknowledged += client.record(live.iloc[piece]).recorded_rows
            client.label(live.iloc[places])
        agent.kill()

    agent = start_agent(hub.said["grpc"])
    wait_for(lambda: model(hub)["totals"]["labelled_rows"] == 6_000)
    assert agent.stop() == 0

    assert acknowledged == 6_000
    assert model(hub)["totals"]["rows"] == 6_000
    [ledger] = read_books(Path(agent.said["store"])).ledgers
    assert ledger.inferences == ledger.labels == RowLedger(6_000, 6_000, 6_000, 0)


def test_an_agent_without_its_hub_keeps_everything_until_the_hub_is_there(
    start_agent: Callable[..., Any],
    start_hub: Any,
    registered: Any,
    live: pd.DataFrame,
    wait_for: Wait,
) -> None:
    hub = registered(start_hub())
    address = hub.said["grpc"]
    hub.kill()

    agent = start_agent(address)
    with connected(agent) as client:
        client.record(live.iloc[:300])
    hub = start_hub(grpc=address)
    wait_for(lambda: model(hub)["totals"]["rows"] == 300)


def model(hub: Any) -> Any:
    with urllib.request.urlopen(f"{hub.said['http']}/v1/models/employment", timeout=10) as answer:
        return json.load(answer)
