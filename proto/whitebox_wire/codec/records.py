"""The questions and answers of the InferenceLog service as bytes."""

from __future__ import annotations

from whitebox_wire.codec.batches import (
    BATCH_BYTES_MAX,
    batch_bytes,
    batch_message,
    batch_of,
    labels_message,
    labels_of,
)
from whitebox_wire.codec.parsing import parse
from whitebox_wire.messages import InferenceBatch, LabelBatch, RecordAnswer
from whitebox_wire.v1 import inference_pb2

ANSWER_BYTES_MAX = 1024 * 1024


def encode_record_request(batch: InferenceBatch) -> bytes:
    """`Record`'s request; DataError as for `encode_batch`."""
    return batch_bytes(inference_pb2.RecordRequest(batch=batch_message(batch)))


def decode_record_request(data: bytes) -> InferenceBatch:
    """The table to record; MalformedError or DataError as for `decode_batch`."""
    return batch_of(parse(inference_pb2.RecordRequest, data, bytes_max=BATCH_BYTES_MAX).batch)


def encode_record_response(answer: RecordAnswer) -> bytes:
    message = inference_pb2.RecordResponse(
        recorded_rows=answer.recorded_rows, warnings=answer.warnings
    )
    return message.SerializeToString(deterministic=True)


def decode_record_response(data: bytes) -> RecordAnswer:
    """An agent's answer to rows; MalformedError when it is not one."""
    message = parse(inference_pb2.RecordResponse, data, bytes_max=ANSWER_BYTES_MAX)
    return RecordAnswer(message.recorded_rows, tuple(message.warnings))


def encode_record_labels_request(batch: LabelBatch) -> bytes:
    """`RecordLabels`'s request; DataError as for `encode_labels`."""
    return batch_bytes(inference_pb2.RecordLabelsRequest(batch=labels_message(batch)))


def decode_record_labels_request(data: bytes) -> LabelBatch:
    """The labels to record; MalformedError as for `decode_labels`."""
    message = parse(inference_pb2.RecordLabelsRequest, data, bytes_max=BATCH_BYTES_MAX)
    return labels_of(message.batch)


def encode_record_labels_response(answer: RecordAnswer) -> bytes:
    message = inference_pb2.RecordLabelsResponse(recorded_rows=answer.recorded_rows)
    return message.SerializeToString(deterministic=True)


def decode_record_labels_response(data: bytes) -> RecordAnswer:
    """An agent's answer to labels; MalformedError when it is not one."""
    message = parse(inference_pb2.RecordLabelsResponse, data, bytes_max=ANSWER_BYTES_MAX)
    return RecordAnswer(message.recorded_rows)
