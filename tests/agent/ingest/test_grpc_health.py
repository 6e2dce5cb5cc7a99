"""The standard health service, read by messages that protobuf itself makes of its definition."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from whitebox_agent import Agent
from whitebox_agent.ingest.grpc import serve_grpc

CALL_S = 20.0
OURS = "whitebox_wire.v1.InferenceLog"
UNKNOWN, SERVING, NOT_SERVING, SERVICE_UNKNOWN = range(4)


def _messages() -> tuple[Any, Any]:
    """HealthCheckRequest and HealthCheckResponse as the published health.proto defines them."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name="health.proto", package="grpc.health.v1", syntax="proto3"
    )
    request = file.message_type.add(name="HealthCheckRequest")
    request.field.add(name="service", number=1, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL)
    response = file.message_type.add(name="HealthCheckResponse")
    response.field.add(name="status", number=1, type=field.TYPE_INT32, label=field.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = (pool.FindMessageTypeByName(f"grpc.health.v1.{m.name}") for m in file.message_type)
    first, second = map(message_factory.GetMessageClass, found)
    return first, second


Request, Response = _messages()


def ask(channel: grpc.Channel, service: str) -> int:
    call = channel.unary_unary("/grpc.health.v1.Health/Check")
    answer = call(Request(service=service).SerializeToString(), timeout=CALL_S)
    return int(Response.FromString(answer).status)


def watch(channel: grpc.Channel, service: str) -> Any:
    call = channel.unary_stream("/grpc.health.v1.Health/Watch")
    return call(Request(service=service).SerializeToString(), timeout=CALL_S)


@pytest.mark.parametrize("service", ["", OURS])
def test_a_working_agent_is_serving(served: Any, service: str) -> None:
    assert ask(served.channel, service) == SERVING


@pytest.mark.parametrize("service", ["", OURS])
def test_an_agent_whose_store_refuses_writes_is_not_serving(served: Any, service: str) -> None:
    served.problems.append("the disk is full")

    assert ask(served.channel, service) == NOT_SERVING


@pytest.mark.parametrize("service", ["nobody.Knows", "x" * 1_000, "ü"])
def test_a_service_that_is_not_there_is_not_found(served: Any, service: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        ask(served.channel, service)

    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    statuses = watch(served.channel, service)
    assert Response.FromString(next(statuses)).status == SERVICE_UNKNOWN
    statuses.cancel()


def test_bytes_that_are_no_request_name_no_service(served: Any) -> None:
    call = served.channel.unary_unary("/grpc.health.v1.Health/Check")
    for data in (b"\x0a", b"\x0a\x01\xff", b"\xff\xff", b"\x0a\x05ab"):
        with pytest.raises(grpc.RpcError):
            call(data, timeout=CALL_S)

    assert ask(served.channel, "") == SERVING


def test_a_watch_tells_of_each_change_and_of_the_end(agent: Agent, tmp_path: Path) -> None:
    problems: list[str] = []
    told: list[int] = []
    changed = threading.Condition()
    address = f"unix:{tmp_path}/own.sock"

    def read(channel: grpc.Channel) -> None:
        for answer in watch(channel, OURS):
            with changed:
                told.append(Response.FromString(answer).status)
                changed.notify_all()

    def wait_for(statuses: list[int]) -> None:
        with changed:
            assert changed.wait_for(lambda: told == statuses, CALL_S), told

    with grpc.insecure_channel(address) as channel:
        reader = threading.Thread(target=read, args=(channel,))
        with serve_grpc(agent.logbook, [address], lambda: "".join(problems), reflection=False):
            reader.start()
            wait_for([SERVING])
            problems.append("the disk is full")
            wait_for([SERVING, NOT_SERVING])
            problems.clear()
            wait_for([SERVING, NOT_SERVING, SERVING])
        reader.join(CALL_S)

    assert not reader.is_alive()
    assert told == [SERVING, NOT_SERVING, SERVING, NOT_SERVING]


def test_watches_are_bounded(served: Any) -> None:
    open_now = [watch(served.channel, "") for _ in range(4)]
    for statuses in open_now:
        next(statuses)

    with pytest.raises(grpc.RpcError) as caught:
        next(watch(served.channel, ""))

    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    for statuses in open_now:
        statuses.cancel()
