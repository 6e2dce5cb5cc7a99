"""The questions and answers of the InferenceLog service as bytes."""

from __future__ import annotations

from whitebox_wire.codec.batches import (
    BATCH_BYTES_MAX,
    batch_bytes,
    batch_of,
    column_of,
    fill_batch,
    fill_column,
    fill_labels,
    labels_of,
)
from whitebox_wire.codec.parsing import bounded, known, parse
from whitebox_wire.errors import MalformedError
from whitebox_wire.messages import (
    Durability,
    RecordAnswer,
    RecordFailure,
    RecordLabelsRequest,
    RecordRequest,
)
from whitebox_wire.v1 import inference_pb2

ANSWER_BYTES_MAX = 1024 * 1024
# A column of scores for each class; specs have fewer.
SCORES_MAX = 4_096

_DURABILITY_NUMBERS = {
    Durability.DURABLE: inference_pb2.DURABILITY_DURABLE,
    Durability.ACCEPTED: inference_pb2.DURABILITY_ACCEPTED,
}
_DURABILITIES = {int(number): meaning for meaning, number in _DURABILITY_NUMBERS.items()}
_DURABILITIES[int(inference_pb2.DURABILITY_UNSPECIFIED)] = Durability.DURABLE


def encode_record_request(request: RecordRequest) -> bytes:
    """`Record`'s request; DataError as for `encode_batch`."""
    message = inference_pb2.RecordRequest()
    _fill_request(message, request)
    return batch_bytes(message)


def decode_record_request(data: bytes) -> RecordRequest:
    """The table to record; MalformedError or DataError as for `decode_batch`."""
    return _request_of(parse(inference_pb2.RecordRequest, data, bytes_max=BATCH_BYTES_MAX))


def encode_record_labels_request(request: RecordLabelsRequest) -> bytes:
    """`RecordLabels`'s request; DataError as for `encode_labels`."""
    message = inference_pb2.RecordLabelsRequest()
    _fill_labels_request(message, request)
    return batch_bytes(message)


def decode_record_labels_request(data: bytes) -> RecordLabelsRequest:
    """The labels to record; MalformedError as for `decode_labels`."""
    message = parse(inference_pb2.RecordLabelsRequest, data, bytes_max=BATCH_BYTES_MAX)
    return _labels_request_of(message)


def encode_record_response(answer: RecordAnswer) -> bytes:
    message = inference_pb2.RecordResponse()
    _fill_answer(message, answer)
    return message.SerializeToString(deterministic=True)


def decode_record_response(data: bytes) -> RecordAnswer:
    """An agent's answer to rows; MalformedError when it is not one."""
    return _answer_of(parse(inference_pb2.RecordResponse, data, bytes_max=ANSWER_BYTES_MAX))


def encode_record_labels_response(answer: RecordAnswer) -> bytes:
    message = inference_pb2.RecordLabelsResponse(recorded_rows=answer.recorded_rows)
    return message.SerializeToString(deterministic=True)


def decode_record_labels_response(data: bytes) -> RecordAnswer:
    """An agent's answer to labels; MalformedError when it is not one."""
    message = parse(inference_pb2.RecordLabelsResponse, data, bytes_max=ANSWER_BYTES_MAX)
    return RecordAnswer(message.recorded_rows)


def encode_stream_request(request: RecordRequest | RecordLabelsRequest) -> bytes:
    """One request of a stream; DataError as for `encode_batch`."""
    message = inference_pb2.RecordStreamRequest()
    if isinstance(request, RecordRequest):
        _fill_request(message.inferences, request)
    else:
        _fill_labels_request(message.labels, request)
    return batch_bytes(message)


def decode_stream_request(data: bytes) -> RecordRequest | RecordLabelsRequest:
    """What a stream asks to record; MalformedError or DataError as for `decode_batch`."""
    message = parse(inference_pb2.RecordStreamRequest, data, bytes_max=BATCH_BYTES_MAX)
    which = message.WhichOneof("rows")
    if which is None:
        raise MalformedError("RecordStreamRequest: neither inferences nor labels")
    if which == "labels":
        return _labels_request_of(message.labels)
    return _request_of(message.inferences)


def encode_stream_response(outcome: RecordAnswer | RecordFailure) -> bytes:
    message = inference_pb2.RecordStreamResponse()
    if isinstance(outcome, RecordFailure):
        message.failure.code = outcome.code
        message.failure.message = outcome.message
    else:
        message.recorded.SetInParent()
        _fill_answer(message.recorded, outcome)
    return message.SerializeToString(deterministic=True)


def decode_stream_response(data: bytes) -> RecordAnswer | RecordFailure:
    """What became of one request; MalformedError when it says nothing of it."""
    message = parse(inference_pb2.RecordStreamResponse, data, bytes_max=ANSWER_BYTES_MAX)
    which = message.WhichOneof("outcome")
    if which is None:
        raise MalformedError("RecordStreamResponse: neither recorded nor failure")
    if which == "recorded":
        return _answer_of(message.recorded)
    return RecordFailure(message.failure.code, message.failure.message)


def _fill_request(message: inference_pb2.RecordRequest, request: RecordRequest) -> None:
    fill_batch(message.batch, request.batch)
    message.durability = _DURABILITY_NUMBERS[request.durability]
    message.unnamed = request.unnamed
    if request.prediction is not None:
        fill_column(message.prediction, "", request.prediction)
    for column in request.scores:
        fill_column(message.scores.add(), "", column)


def _request_of(message: inference_pb2.RecordRequest) -> RecordRequest:
    batch = batch_of(message.batch)
    has_prediction = message.HasField("prediction")
    return RecordRequest(
        batch=batch,
        durability=known(_DURABILITIES, message.durability, "durability"),
        prediction=column_of(message.prediction, batch.rows) if has_prediction else None,
        scores=tuple(
            column_of(column, batch.rows)
            for column in bounded(message.scores, SCORES_MAX, "columns of scores")
        ),
        unnamed=message.unnamed,
    )


def _fill_labels_request(
    message: inference_pb2.RecordLabelsRequest, request: RecordLabelsRequest
) -> None:
    fill_labels(message.batch, request.batch)
    message.durability = _DURABILITY_NUMBERS[request.durability]


def _labels_request_of(message: inference_pb2.RecordLabelsRequest) -> RecordLabelsRequest:
    durability = known(_DURABILITIES, message.durability, "durability")
    return RecordLabelsRequest(labels_of(message.batch), durability)


def _fill_answer(message: inference_pb2.RecordResponse, answer: RecordAnswer) -> None:
    message.recorded_rows = answer.recorded_rows
    message.warnings.extend(answer.warnings)


def _answer_of(message: inference_pb2.RecordResponse) -> RecordAnswer:
    return RecordAnswer(message.recorded_rows, tuple(message.warnings))
