"""`RecordStream`: answers in order, refusals in their place, and an end that tells the truth."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from whitebox_agent import Agent
from whitebox_agent.ingest.grpc import serve_grpc
from whitebox_agent.ingest.grpc.stream import UNANSWERED_MAX, Window
from whitebox_wire.codec import decode_stream_response, encode_stream_request
from whitebox_wire.errors import WhiteboxError
from whitebox_wire.messages import (
    Codes,
    Durability,
    InferenceBatch,
    LabelBatch,
    RecordAnswer,
    RecordFailure,
    RecordLabelsRequest,
    RecordRequest,
    RowLedger,
)
from whitebox_wire.spec import ModelSpec

CALL_S = 20.0
METHOD = "/whitebox_wire.v1.InferenceLog/RecordStream"
Request = RecordRequest | RecordLabelsRequest
Outcome = RecordAnswer | RecordFailure


def stream(channel: grpc.Channel, requests: Iterable[bytes]) -> Any:
    return channel.stream_stream(METHOD)(iter(requests), timeout=CALL_S)


def outcomes(channel: grpc.Channel, requests: Iterable[Request]) -> list[Outcome]:
    answers = stream(channel, map(encode_stream_request, requests))
    return [decode_stream_response(answer) for answer in answers]


@pytest.fixture
def batch(binary_spec: ModelSpec, draw_batch: Callable[..., InferenceBatch]) -> InferenceBatch:
    return draw_batch(binary_spec, 20)


def test_rows_and_their_labels_are_answered_in_order(served: Any, batch: InferenceBatch) -> None:
    labels = LabelBatch("income", batch.ids[:5], Codes(np.zeros(5, np.int32), ("no",)), 0)

    found = outcomes(served.channel, [RecordRequest(batch), RecordLabelsRequest(labels)])

    assert found == [RecordAnswer(20), RecordAnswer(5)]
    [ledger] = served.agent.books().ledgers
    assert (ledger.inferences.recorded, ledger.labels.recorded) == (20, 5)


def test_an_answer_means_that_the_rows_are_in_the_store(served: Any, batch: InferenceBatch) -> None:
    go_on = threading.Event()

    def one_then_wait() -> Iterator[bytes]:
        yield encode_stream_request(RecordRequest(batch))
        go_on.wait(CALL_S)

    answers = stream(served.channel, one_then_wait())
    first = decode_stream_response(next(answers))
    books = served.agent.books()
    go_on.set()

    assert first == RecordAnswer(20)
    assert books.ledgers[0].inferences == RowLedger(20, books.ledgers[0].inferences.folded, 0, 20)
    assert list(answers) == []


def test_a_refused_request_ends_neither_the_stream_nor_those_behind_it(
    served: Any, batch: InferenceBatch
) -> None:
    no_prediction = {n: c for n, c in batch.columns.items() if n != "prediction"}
    requests = [
        encode_stream_request(RecordRequest(replace(batch, model_id="nobody"))),
        b"\xff\xff",
        encode_stream_request(RecordRequest(replace(batch, columns=no_prediction))),
        encode_stream_request(RecordRequest(batch)),
    ]

    found = [decode_stream_response(answer) for answer in stream(served.channel, requests)]

    assert [o.code for o in found[:3] if isinstance(o, RecordFailure)] == [5, 3, 3]
    assert found[3] == RecordAnswer(20)
    assert served.agent.books().ledgers[0].inferences.recorded == 20


def test_who_does_not_know_the_spec_gives_columns_in_order_and_outcomes_apart(
    served: Any, batch: InferenceBatch, sums: Callable[[], Any]
) -> None:
    features = {name: batch.columns.get(name, np.zeros(20)) for name in ("age", "job", "name")}
    unnamed = {str(place): column for place, column in enumerate(features.values())}
    apart = RecordRequest(
        replace(batch, columns=unnamed, ids=()),
        prediction=batch.columns["prediction"],
        scores=(np.asarray(batch.columns["score"]),),
        unnamed=True,
    )
    named = RecordRequest(replace(batch, ids=()))
    wrong = replace(apart, scores=apart.scores * 2)

    found = outcomes(served.channel, [apart, named, wrong])

    assert found[:2] == [RecordAnswer(20), RecordAnswer(20)]
    assert isinstance(found[2], RecordFailure)
    assert "score: 2 given" in found[2].message
    assert all(np.array_equal(v % 2, 0 * v) for v in sums().values()), "both say the same"


def test_accepted_rows_are_answered_from_the_queue_and_get_to_disk(
    served: Any, batch: InferenceBatch
) -> None:
    request = RecordRequest(batch, Durability.ACCEPTED)

    assert outcomes(served.channel, [request] * 10) == [RecordAnswer(20)] * 10
    assert served.agent.flush()
    assert served.agent.books().ledgers[0].inferences.recorded == 200


def test_a_stream_that_its_server_ends_has_answered_all_that_it_recorded(
    agent: Agent, batch: InferenceBatch, tmp_path: Path
) -> None:
    address = f"unix:{tmp_path}/own.sock"
    answered = threading.Semaphore(0)
    found: list[Outcome] = []
    body = encode_stream_request(RecordRequest(replace(batch, ids=())))

    def endless() -> Iterator[bytes]:
        while True:
            yield body

    def read(channel: grpc.Channel) -> grpc.StatusCode:
        call = stream(channel, endless())
        for answer in call:
            found.append(decode_stream_response(answer))
            answered.release()
        return call.code()

    with grpc.insecure_channel(address) as channel:
        codes: list[grpc.StatusCode] = []
        reader = threading.Thread(target=lambda: codes.append(read(channel)))
        with serve_grpc(agent.logbook, [address], str, reflection=False):
            reader.start()
            for _ in range(50):
                answered.acquire(timeout=CALL_S)
        reader.join(CALL_S)

    assert codes == [grpc.StatusCode.OK]
    assert set(found) == {RecordAnswer(20)}
    assert agent.books().ledgers[0].inferences.recorded == 20 * len(found)


def test_a_cut_stream_leaves_room_for_others(served: Any, batch: InferenceBatch) -> None:
    body = encode_stream_request(RecordRequest(batch))
    for _ in range(40):
        call = stream(served.channel, iter([body] * 3))
        next(call)
        call.cancel()

    deadline_and_retries = range(50)
    for _ in deadline_and_retries:
        try:
            assert outcomes(served.channel, [RecordRequest(batch)]) == [RecordAnswer(20)]
            break
        except grpc.RpcError as error:
            assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED  # noqa: PT017  # retried


def test_a_full_window_makes_its_reader_wait_until_one_is_answered() -> None:
    window = Window(UNANSWERED_MAX)
    for place in range(UNANSWERED_MAX):
        assert window.reserve()
        window.put(RecordFailure(place, ""))
    got: list[bool] = []
    reader = threading.Thread(target=lambda: got.append(window.reserve()))
    reader.start()

    assert not got
    assert window.next() == RecordFailure(0, "")
    reader.join(CALL_S)
    assert got == [True]
    window.put(RecordFailure(99, ""))
    window.end()
    assert not window.reserve()
    left = [window.next() for _ in range(UNANSWERED_MAX)]
    assert left[-1] == RecordFailure(99, "")
    assert window.next() is None


def test_errors_of_every_kind_have_a_status() -> None:
    from whitebox_agent.ingest.grpc.calls import status_of

    assert status_of(WhiteboxError("x")) is grpc.StatusCode.INVALID_ARGUMENT
