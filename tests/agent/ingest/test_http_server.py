"""The agent's HTTP: its state, what it refuses, what it forwards, and its bounds."""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from whitebox_agent.ingest.http.server import BODY_BYTES_MAX, CONNECTIONS_MAX
from whitebox_wire.settings import host_and_port

Ask = Callable[..., tuple[int, Any]]
WAIT_S = 20.0
ROW = {"age": 40.0, "job": "nurse", "prediction": "yes", "score": 0.75}
# A line of Prometheus' text format.
SAMPLE = re.compile(r'([a-z_]+)(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? (-?[0-9.e+-]+)')


def test_a_working_agent_is_live_and_ready(ask: Ask) -> None:
    assert ask("GET", "/livez") == (200, {"status": "ok"})
    assert ask("GET", "/readyz") == (200, {"status": "ok"})


def test_an_agent_whose_store_refuses_writes_is_live_and_not_ready(
    ask: Ask, problems: list[str]
) -> None:
    problems.append("the disk is full")

    assert ask("GET", "/livez")[0] == 200
    status, problem = ask("GET", "/readyz")
    assert (status, problem["detail"]) == (503, "the disk is full")


def test_the_metrics_are_the_ledger(ask: Ask, agent: Any) -> None:
    agent.log("income", [ROW] * 3)
    agent.log_labels("income", ["a"], ["yes"])
    agent.ship(0.1)

    status, text = ask("GET", "/metrics")

    assert status == 200
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(map(SAMPLE.fullmatch, samples))
    of = 'model="income",stream="inferences"'
    assert f"whitebox_agent_recorded_rows_total{{{of}}} 3" in samples
    assert f"whitebox_agent_pending_rows{{{of}}} 3" in samples
    assert (
        'whitebox_agent_dropped_rows_total{model="income",stream="labels",reason="unmatched"} 1'
        in samples
    )
    assert "whitebox_agent_outbox_sums 1" in samples
    assert "whitebox_agent_config_last_reload_successful 1" in samples
    described = set(re.findall(r"# TYPE (\S+) ", text))
    assert {sample.partition("{")[0].partition(" ")[0] for sample in samples} <= described


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("GET", "/v1/inference-rows?model_id=income", 404, "rows-not-kept"),
        ("GET", "/v1/inference-rows/abc", 404, "rows-not-kept"),
        ("GET", "/v1/inference-rows/abc/xai", 404, "not-explained"),
        ("GET", "/v1/dataset-rows?model_id=income", 404, "rows-not-kept"),
        ("POST", "/v1/dataset-rows", 501, "profile-instead"),
        ("DELETE", "/v1/inference-rows/abc", 405, "method-not-allowed"),
        ("GET", "/v1/models", 404, "not-found"),
    ],
)
def test_what_the_agent_does_not_have_is_a_problem_that_says_why(
    ask: Ask, method: str, path: str, status: int, slug: str
) -> None:
    found, problem = ask(method, path, [] if method == "POST" else None)

    assert found == status
    assert problem["type"] == f"urn:whitebox:problem:{slug}"
    assert problem["status"] == status
    assert problem["detail"]


def test_a_head_has_no_body(http_address: str) -> None:
    with connected(http_address) as connection:
        for path in ("/livez", "/metrics"):
            connection.request("HEAD", path)
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, b"")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "10.0.0.1:8811"}, 421),
        ({"Host": "[::1"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "localhost", "Origin": "http://127.0.0.1:3000"}, 200),
    ],
)
def test_only_this_machine_and_its_own_pages_are_served(
    ask: Ask, headers: dict[str, str], status: int
) -> None:
    assert ask("GET", "/livez", None, headers)[0] == status


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (f"Content-Length: {BODY_BYTES_MAX + 1}", b"413"),
        ("Content-Length: " + "9" * 5_000, b"413"),
        ("Content-Length: -1", b"400"),
        ("Content-Length: ten", b"400"),
        ("Transfer-Encoding: chunked", b"411"),
    ],
)
def test_a_body_that_may_not_be_read_ends_the_connection(
    http_address: str, head: str, status: bytes
) -> None:
    answer = raw(
        http_address, f"POST /v1/inference-rows HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\n"
    )

    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b"\r\nConnection: close\r\n" in answer
    assert b"urn:whitebox:problem:" in answer


@pytest.mark.parametrize(
    "request_text",
    [
        "GARBAGE\r\n\r\n",
        "GET http://evil.example/ HTTP/1.1\r\n\r\n",
        "BREW /livez HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_request_is_a_problem_without_a_trace(
    http_address: str, request_text: str
) -> None:
    answer = raw(http_address, request_text)

    assert b"urn:whitebox:problem:" in answer
    assert b"Traceback" not in answer


def test_a_defect_answers_500_and_the_agent_goes_on(ask: Ask, problems: list[str]) -> None:
    problems.append(7)  # type: ignore[arg-type]  # what no reader expects

    status, problem = ask("GET", "/readyz")

    assert (status, problem["type"]) == (500, "urn:whitebox:problem:internal")
    assert "7" not in problem["detail"]
    problems.clear()
    assert ask("GET", "/readyz")[0] == 200


def test_connections_are_bounded_and_make_room_again(http_address: str, ask: Ask) -> None:
    idle = [socket.create_connection(host_and_port(http_address)) for _ in range(CONNECTIONS_MAX)]
    try:
        for connection in idle:
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(4_096)
        assert raw(http_address, "").startswith(b"HTTP/1.1 503")
    finally:
        for connection in idle:
            connection.close()

    assert any(answers(ask) for _ in range(1_000))


def answers(ask: Ask) -> bool:
    try:
        return ask("GET", "/livez")[0] == 200
    except (OSError, http.client.HTTPException):
        return False


class Hub(BaseHTTPRequestHandler):
    """A hub that says what it was asked."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        said = json.dumps({"asked": f"{self.command} {self.path}", "body": body, "got": headers})
        self.send_response(418)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.send_header("X-Cursor", "7")
        self.send_header("Connection", "x-secret")
        self.send_header("X-Secret", "of this connection")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(said.encode())

    do_GET = do_HEAD = do_POST = do_DELETE = answer  # noqa: N815  # the base's names

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def hub(hub_address: list[str]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    hub_address.append(f"127.0.0.1:{server.server_port}")
    yield hub_address[0]
    server.shutdown()
    server.server_close()
    thread.join()


def test_every_other_path_is_the_hubs_with_body_query_and_key(hub: str, http_address: str) -> None:
    with connected(http_address) as connection:
        connection.request(
            "POST",
            "/v1/models?x=%20y",
            b'{"name": "n"}',
            {"api-key": "k", "Content-Type": "application/json", "TE": "trailers"},
        )
        answer = connection.getresponse()
        said = json.loads(answer.read())

    assert answer.status == 418
    assert said["asked"] == "POST /v1/models?x=%20y"
    assert said["body"] == '{"name": "n"}'
    assert said["got"]["api-key"] == "k"
    assert said["got"]["host"] == hub
    assert "te" not in said["got"]
    assert answer.headers["X-Cursor"] == "7"
    assert answer.headers["X-Secret"] is None
    assert answer.headers["Content-Type"] == "application/json"


def test_a_hub_that_is_not_there_is_a_bad_gateway(ask: Ask, hub_address: list[str]) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        hub_address.append(f"127.0.0.1:{free.getsockname()[1]}")

    status, problem = ask("GET", "/v1/models")

    assert (status, problem["type"]) == (502, "urn:whitebox:problem:bad-gateway")


def test_a_head_and_a_delete_are_forwarded(hub: str, http_address: str) -> None:
    with connected(http_address) as connection:
        connection.request("HEAD", "/v1/models")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (418, b"")
        connection.request("DELETE", "/v1/models/m")
        assert json.loads(connection.getresponse().read())["asked"] == "DELETE /v1/models/m"
    assert hub


def connected(address: str) -> closing[http.client.HTTPConnection]:
    host, port = host_and_port(address)
    return closing(http.client.HTTPConnection(host, port, timeout=WAIT_S))


def raw(address: str, text: str) -> bytes:
    """All that is answered to some bytes."""
    with closing(socket.create_connection(host_and_port(address), WAIT_S)) as connection:
        connection.sendall(text.encode())
        found = b""
        while part := connection.recv(65_536):
            found += part
        return found
