"""Ingest and Specs over a real channel to a whole hub."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import grpc
import pytest

from tests.hub.conftest import Bench, Hub
from whitebox_wire.codec import (
    decode_get_response,
    decode_response,
    decode_watch_response,
    encode_bundle,
    encode_get_request,
    encode_request,
    encode_watch_request,
)
from whitebox_wire.messages import ExportRequest, ExportResponse, RejectReason, SpecRef

DEADLINE_S = 30.0


class Client:
    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel

    def call(self, method: str, data: bytes) -> bytes:
        answer: bytes = self._channel.unary_unary(f"/whitebox_wire.v1.{method}")(
            data, timeout=DEADLINE_S, wait_for_ready=True
        )
        return answer

    def export(self, request: ExportRequest) -> ExportResponse:
        return decode_response(self.call("Ingest/Export", encode_request(request)))

    def refused(self, method: str, data: bytes) -> tuple[grpc.StatusCode, str]:
        with pytest.raises(grpc.RpcError) as caught:
            self.call(method, data)
        return caught.value.code(), caught.value.details()


@pytest.fixture
def client(hub: Hub) -> Iterator[Client]:
    with grpc.insecure_channel(hub.grpc) as channel:
        yield Client(channel)


@pytest.fixture
def registered_hub(hub: Hub, bench: Bench) -> Hub:
    hub.call("POST", "/v1/specs", encode_bundle(bench.bundle))
    return hub


def _report(bench: Bench, sequence: int = 1) -> ExportRequest:
    return bench.report([bench.delta(bench.features(bench.rows(20)))], sequence=sequence)


def test_an_export_is_acknowledged_and_its_rows_are_in_the_hub(
    registered_hub: Hub, client: Client, bench: Bench
) -> None:
    answer = client.export(_report(bench))

    assert (answer.acked_sequence, answer.expected_sequence, answer.rejections) == (1, 2, ())
    assert answer.specs == (SpecRef("income", bench.bundle.digest),)
    assert answer.server_time_ms == registered_hub.clock()
    assert registered_hub.get("/v1/models/income")["totals"]["rows"] == 20


def test_an_export_sent_twice_counts_once(
    registered_hub: Hub, client: Client, bench: Bench
) -> None:
    client.export(_report(bench))
    again = client.export(_report(bench))
    gap = client.export(_report(bench, 5))

    assert (again.acked_sequence, gap.expected_sequence) == (1, 2)
    assert registered_hub.get("/v1/models/income")["totals"]["rows"] == 20
    ingest = registered_hub.get("/v1/health")["ingest"]
    assert (ingest["accepted"], ingest["duplicate"], ingest["gap"]) == (1, 1, 1)


def test_rows_of_a_spec_that_nobody_registered_are_refused_by_name(
    client: Client, bench: Bench
) -> None:
    answer = client.export(_report(bench))

    assert answer.acked_sequence == 1
    assert [r.reason for r in answer.rejections] == [RejectReason.UNKNOWN_SPEC]


def test_a_store_that_cannot_be_written_is_unavailable_and_the_report_counts_later(
    registered_hub: Hub, client: Client, bench: Bench
) -> None:
    with sqlite3.connect(registered_hub.config.store_path) as conn:
        conn.execute("ALTER TABLE partials RENAME TO elsewhere")
    code, _ = client.refused("Ingest/Export", encode_request(_report(bench)))
    assert code is grpc.StatusCode.UNAVAILABLE

    with sqlite3.connect(registered_hub.config.store_path) as conn:
        conn.execute("ALTER TABLE elsewhere RENAME TO partials")
    conn.close()

    assert client.export(_report(bench)).acked_sequence == 1
    assert registered_hub.get("/v1/models/income")["totals"]["rows"] == 20


@pytest.mark.parametrize("method", ["Ingest/Export", "Specs/Get", "Specs/Watch"])
def test_bytes_that_are_no_message_are_an_invalid_argument(client: Client, method: str) -> None:
    code, details = client.refused(method, b"\xff\xfe nonsense")

    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert details


def test_an_export_without_an_agent_is_an_invalid_argument(client: Client) -> None:
    code, details = client.refused("Ingest/Export", b"")

    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert "agent id" in details


def test_a_message_beyond_the_bound_is_refused_before_it_is_read(client: Client) -> None:
    code, _ = client.refused("Ingest/Export", b"\0" * (8 * 1024 * 1024))

    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_spec_is_got_by_digest_and_by_model(
    registered_hub: Hub, client: Client, bench: Bench
) -> None:
    assert registered_hub.addresses is not None
    for wanted in (SpecRef("", bench.bundle.digest), SpecRef("income", b"")):
        answer = client.call("Specs/Get", encode_get_request(wanted))
        assert decode_get_response(answer) == bench.bundle.spec_bytes


def test_a_spec_that_nobody_registered_is_not_found(client: Client) -> None:
    code, details = client.refused("Specs/Get", encode_get_request(SpecRef("loans", b"")))

    assert code is grpc.StatusCode.NOT_FOUND
    assert "loans" in details


def test_a_watch_is_answered_when_the_spec_is_registered(
    hub: Hub, client: Client, bench: Bench
) -> None:
    asked = encode_watch_request([SpecRef("income", b"")])
    watching = client._channel.unary_unary("/whitebox_wire.v1.Specs/Watch").future(
        asked, timeout=DEADLINE_S, wait_for_ready=True
    )

    hub.call("POST", "/v1/specs", encode_bundle(bench.bundle))

    found = decode_watch_response(watching.result(DEADLINE_S))
    assert found == (SpecRef("income", bench.bundle.digest),)


def test_a_watch_is_answered_with_nothing_before_its_deadline(
    registered_hub: Hub, client: Client, bench: Bench
) -> None:
    assert registered_hub.addresses is not None
    asked = encode_watch_request([SpecRef("income", bench.bundle.digest)])
    watch = client._channel.unary_unary("/whitebox_wire.v1.Specs/Watch")

    assert decode_watch_response(watch(asked, timeout=0.7, wait_for_ready=True)) == ()
