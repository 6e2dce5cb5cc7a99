"""A daemon and those who talk to it: clients, Whitebox's requests, orchestrators, and its owner."""

from __future__ import annotations

import http.client
import json
import signal
import socket
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pandas as pd
import pytest
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from whitebox_agent import SidecarClient, profile
from whitebox_agent.buffer.sqlite import read_books
from whitebox_wire.messages import RowLedger

Wait = Callable[[Callable[[], bool]], None]
CALL_S = 30.0
FEATURES = ["AGEP", "SCHL", "MAR", "SEX", "prediction", "score"]


@dataclass(frozen=True, slots=True)
class Device:
    """A folder with an agent's settings; `start(...)` runs its daemon."""

    folder: Path
    start: Callable[..., Any]

    @property
    def socket(self) -> str:
        return f"unix:{self.folder}/agent.sock"

    @property
    def settings(self) -> Path:
        return self.folder / "agent.toml"

    def run(self, *arguments: str, **environment: str) -> Any:
        return self.start(
            "whitebox_agent.cli",
            *("run", "--config", str(self.settings), "--http", "127.0.0.1:0", *arguments),
            **environment,
        )

    def ledger(self) -> RowLedger:
        [ledger] = read_books(self.folder / "agent.db").ledgers
        return ledger.inferences


@pytest.fixture
def device(start: Any, spec_file: Path, tmp_path: Path) -> Device:
    found = Device(tmp_path, start)
    found.settings.write_text(
        f'store_path = "{tmp_path}/agent.db"\nspecs = ["{spec_file}"]\n'
        f'listen = ["{found.socket}"]\nsettle_ms = 0\n'
    )
    return found


def ask(address: str, method: str, path: str, body: object = None) -> tuple[int, Any]:
    host, _, port = address.removeprefix("http://").rpartition(":")
    with closing(http.client.HTTPConnection(host, int(port), timeout=CALL_S)) as connection:
        data = None if body is None else json.dumps(body).encode()
        connection.request(method, path, data, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read().decode()
    is_json = "json" in answer.headers.get("Content-Type", "")
    return answer.status, json.loads(text) if is_json else text


def columns_of(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.drop(columns=["id", "time", "employed", "year"])


def test_a_client_goes_on_through_kills_and_its_counts_are_the_stores(
    device: Device, live: pd.DataFrame, wait_for: Wait
) -> None:
    rows = columns_of(live.iloc[:50])
    agent = device.run()
    with SidecarClient(device.socket, linger_ms=0, queue_rows_max=1_000_000) as client:
        for _ in range(4):
            before = client.counts.acknowledged

            def more_arrived(before: int = before) -> bool:
                client.log("employment", rows)
                return client.counts.acknowledged >= before + 500

            wait_for(more_arrived)
            for _ in range(20):
                client.log("employment", rows)
            agent.kill()
            client.log("employment", rows)
            agent = device.run()
        assert client.flush(CALL_S)
        counts = client.counts
    assert agent.stop() == 0

    assert counts.balances
    assert (counts.shed, counts.refused, counts.pending) == (0, 0, 0)
    recorded = device.ledger().recorded
    assert counts.acknowledged <= recorded <= counts.acknowledged + counts.unconfirmed
    # At each kill at most the requests under way are in doubt.
    assert counts.unconfirmed <= 4 * 16 * 50


def test_a_whitebox_user_changes_one_url(
    device: Device, start_hub: Any, registered: Any, live: pd.DataFrame, wait_for: Wait
) -> None:
    hub = registered(start_hub())
    hub_http = hub.said["http"].removeprefix("http://")
    agent = device.run("--hub", hub.said["grpc"], "--hub-http", hub_http)
    url = agent.said["http"]
    raw = columns_of(live.iloc[:40]).to_dict("records")
    body = [
        {
            "model_id": "employment",
            "timestamp": "2016-01-05T12:00:00",
            "nonprocessed": row,
            "processed": {},
            "actual": None,
        }
        for row in raw
    ]

    status, rows = ask(url, "POST", "/v1/inference-rows/batch", body)
    label = {"model_id": "employment", "actual": 1}
    labelled, _ = ask(url, "PATCH", f"/v1/inference-rows/{rows[0]['id']}", label)

    assert (status, labelled, len(rows)) == (201, 200, 40)
    wait_for(lambda: ask(url, "GET", "/v1/models/employment")[1]["totals"]["labelled_rows"] == 1)
    assert ask(url, "GET", "/v1/models/employment")[1]["totals"]["rows"] == 40
    assert ask(url, "GET", "/v1/models/nobody")[1]["type"] == "urn:whitebox:problem:not-found"
    assert ask(url, "GET", "/v1/alerts?model_id=employment")[0] == 200
    assert ask(url, "GET", f"/v1/inference-rows/{rows[0]['id']}/xai")[0] == 404


def test_new_settings_are_used_on_sighup_and_wrong_ones_are_not(
    device: Device, live: pd.DataFrame, wait_for: Wait
) -> None:
    agent = device.run()
    url, settings = agent.said["http"], device.settings.read_text()

    def reloads(value: int) -> Callable[[], bool]:
        line = f"whitebox_agent_config_last_reload_successful {value}"
        return lambda: line in ask(url, "GET", "/metrics")[1].splitlines()

    made = profile(
        columns_of(live.iloc[:500]).assign(employed=live["employed"]),
        model_id="second", kind="binary", target="employed", scores="score",
    )  # fmt: skip
    second = made.save(device.folder / "second.spec")
    with SidecarClient(device.socket) as client:
        device.settings.write_text(settings + "commit_interval_ms = 'soon'\n")
        agent.process.send_signal(signal.SIGHUP)
        wait_for(reloads(0))
        device.settings.write_text(settings.replace("specs = [", f'specs = ["{second}.not", '))
        agent.process.send_signal(signal.SIGHUP)
        client.log("employment", columns_of(live.iloc[:10]))
        client.log("second", columns_of(live.iloc[:10]))
        assert client.flush(CALL_S)
        assert (client.counts.acknowledged, client.counts.refused) == (10, 10)

        device.settings.write_text(settings.replace("specs = [", f'specs = ["{second}", '))
        agent.process.send_signal(signal.SIGHUP)
        wait_for(reloads(1))
        client.log("second", columns_of(live.iloc[:10]))
        assert client.flush(CALL_S)
        assert client.counts.acknowledged == 20

    assert agent.stop() == 0


def test_sigterm_ends_an_agent_whose_clients_stay(device: Device, live: pd.DataFrame) -> None:
    agent = device.run()
    host, _, port = agent.said["http"].rpartition(":")
    idle = socket.create_connection((host, int(port)))
    idle.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert idle.recv(4_096).startswith(b"HTTP/1.1 200")
    with SidecarClient(device.socket) as client, grpc.insecure_channel(device.socket) as channel:
        client.log("employment", columns_of(live.iloc[:100]))
        assert client.flush(CALL_S)
        watch = channel.unary_stream("/grpc.health.v1.Health/Watch")(b"", timeout=CALL_S)
        assert next(watch) == b"\x08\x01"

        assert agent.stop() == 0
        assert list(watch) == [b"\x08\x02"]
    idle.close()

    assert device.ledger() == RowLedger(100, 100, 0, 100)


def test_systemd_is_told_of_each_state(device: Device) -> None:
    path = str(device.folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(path)
        systemd.settimeout(CALL_S)
        agent = device.run(NOTIFY_SOCKET=path)
        told = [systemd.recv(4_096)]
        agent.process.send_signal(signal.SIGHUP)
        told += [systemd.recv(4_096).split(b"=")[0], systemd.recv(4_096)]
        assert agent.stop() == 0
        told.append(systemd.recv(4_096))

    assert told == [b"READY=1", b"RELOADING", b"READY=1", b"STOPPING=1"]


def test_an_address_that_is_taken_is_named(device: Device, capfd: Any) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(AssertionError, match="ended before it was ready"):
            device.run("--http", address)

    assert f"HTTP cannot listen on {address}" in capfd.readouterr().err


def test_reflection_is_there_when_it_is_asked_for(device: Device) -> None:
    agent = device.run(WHITEBOX_AGENT_REFLECTION="true")
    with grpc.insecure_channel(device.socket) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        assert "whitebox_wire.v1.InferenceLog" in database.get_services()
        file = database.FindFileContainingSymbol("whitebox_wire.v1.InferenceLog")
    assert agent.stop() == 0

    methods = [method.name for service in file.service for method in service.method]
    assert methods == ["Record", "RecordLabels", "RecordStream"]

    device.run(WHITEBOX_AGENT_REFLECTION="false")
    with grpc.insecure_channel(device.socket) as channel, pytest.raises(grpc.RpcError) as caught:
        ProtoReflectionDescriptorDatabase(channel).get_services()
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_http_may_be_off(device: Device) -> None:
    assert device.run("--http", "").said["http"] == "none"
