"""Raw rows and labels as bytes: between a serving process and its agent, and in the buffer.

Columns are little-endian arrays, so decoding copies nothing and costs no time per value.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt
from google.protobuf.message import Message

from whitebox_wire.codec.parsing import digest, parse
from whitebox_wire.errors import DataError, MalformedError
from whitebox_wire.messages import OUT_OF_VOCABULARY, Codes, Column, InferenceBatch, LabelBatch
from whitebox_wire.v1 import inference_pb2
from whitebox_wire.vector import ROWS_PER_DELTA_MAX

BATCH_BYTES_MAX = 64 * 1024 * 1024
_F64 = np.dtype("<f8")
_I64 = np.dtype("<i8")
_I32 = np.dtype("<i4")

ScalarT = TypeVar("ScalarT", bound=np.generic)


def encode_batch(batch: InferenceBatch) -> bytes:
    """The bytes of a table; DataError for text that is no Unicode, or too many rows or bytes."""
    message = inference_pb2.InferenceBatch()
    fill_batch(message, batch)
    return batch_bytes(message)


def decode_batch(data: bytes) -> InferenceBatch:
    """The table in `data`.

    Raises:
        MalformedError: not a batch, or its columns, ids and times do not agree in length.
        DataError: two columns share a name.
    """
    return batch_of(parse(inference_pb2.InferenceBatch, data, bytes_max=BATCH_BYTES_MAX))


def encode_labels(batch: LabelBatch) -> bytes:
    """The bytes of labels; DataError for text that is no Unicode, or too many rows or bytes."""
    message = inference_pb2.LabelBatch()
    fill_labels(message, batch)
    return batch_bytes(message)


def decode_labels(data: bytes) -> LabelBatch:
    """The labels in `data`; MalformedError when ids and labels do not agree."""
    return labels_of(parse(inference_pb2.LabelBatch, data, bytes_max=BATCH_BYTES_MAX))


def batch_bytes(message: Message) -> bytes:
    """A message's bytes; DataError when they are more than a reader takes."""
    data = message.SerializeToString(deterministic=True)
    if len(data) > BATCH_BYTES_MAX:
        raise DataError(
            f"a batch of {len(data)} bytes; {BATCH_BYTES_MAX} are possible",
            hint="log fewer rows at once",
        )
    return data


def fill_batch(message: inference_pb2.InferenceBatch, batch: InferenceBatch) -> None:
    """Put a table into an empty message, which may be a part of another: that copies nothing."""
    _check_rows(batch.rows, DataError)
    try:
        message.model_id = batch.model_id
        message.rows = batch.rows
        message.received_ms = batch.received_ms
        message.spec_digest = batch.spec_digest
        message.ids.extend(batch.ids)
        if batch.times_ms is not None:
            message.times_ms = batch.times_ms.astype(_I64, copy=False).tobytes()
        for name, column in batch.columns.items():
            fill_column(message.columns.add(), name, column)
    except ValueError as error:
        raise _not_encodable(error) from error


def batch_of(message: inference_pb2.InferenceBatch) -> InferenceBatch:
    rows = message.rows
    _check_rows(rows, MalformedError)
    columns: dict[str, Column] = {}
    for column in message.columns:
        if column.name in columns:
            raise DataError(f"column {column.name!r} appears twice", hint="rename one of them")
        columns[column.name] = column_of(column, rows)
    if len(message.ids) not in (0, rows):
        raise MalformedError(f"{len(message.ids)} ids for {rows} rows")
    times = _array(message.times_ms, _I64, rows, "times_ms") if message.times_ms else None
    return InferenceBatch(
        model_id=message.model_id,
        rows=rows,
        columns=columns,
        received_ms=message.received_ms,
        ids=tuple(message.ids),
        times_ms=times,
        spec_digest=message.spec_digest and digest(message.spec_digest),
    )


def fill_labels(message: inference_pb2.LabelBatch, batch: LabelBatch) -> None:
    """Put labels into an empty message."""
    _check_rows(len(batch.ids), DataError)
    try:
        message.model_id = batch.model_id
        message.received_ms = batch.received_ms
        message.ids.extend(batch.ids)
        fill_column(message.labels, "", batch.labels)
    except ValueError as error:
        raise _not_encodable(error) from error


def labels_of(message: inference_pb2.LabelBatch) -> LabelBatch:
    rows = len(message.ids)
    _check_rows(rows, MalformedError)
    return LabelBatch(
        model_id=message.model_id,
        ids=tuple(message.ids),
        labels=column_of(message.labels, rows),
        received_ms=message.received_ms,
    )


def _check_rows(rows: int, kind: type[DataError | MalformedError]) -> None:
    """A batch may become one delta, so it has no more rows than that."""
    if rows > ROWS_PER_DELTA_MAX:
        raise kind(
            f"a batch of {rows} rows; {ROWS_PER_DELTA_MAX} are possible",
            hint="log fewer rows at once",
        )


def _not_encodable(error: ValueError) -> DataError:
    return DataError(
        f"the batch cannot be encoded: {error}",
        hint="names of columns, ids and categories travel as UTF-8: no lone surrogates",
    )


def fill_column(message: inference_pb2.Column, name: str, column: Column) -> None:
    message.name = name
    if isinstance(column, Codes):
        message.categories.codes = column.codes.astype(_I32, copy=False).tobytes()
        message.categories.dictionary.extend(column.dictionary)
    else:
        message.numbers = column.astype(_F64, copy=False).tobytes()


def column_of(message: inference_pb2.Column, rows: int) -> Column:
    """The column in a message; MalformedError when it has not one cell a row."""
    which = message.WhichOneof("values")
    if which == "numbers":
        return _array(message.numbers, _F64, rows, message.name)
    if which is None and rows:
        raise MalformedError(f"column {message.name!r} has no values")
    codes = _array(message.categories.codes, _I32, rows, message.name)
    dictionary = tuple(message.categories.dictionary)
    if rows and int(codes.min()) < OUT_OF_VOCABULARY:
        raise MalformedError(f"column {message.name!r} has a code below {OUT_OF_VOCABULARY}")
    if rows and dictionary and int(codes.max()) >= len(dictionary):
        raise MalformedError(f"column {message.name!r} has a code beyond its dictionary")
    return Codes(codes, dictionary)


def _array(data: bytes, dtype: np.dtype[ScalarT], rows: int, name: str) -> npt.NDArray[ScalarT]:
    if len(data) != dtype.itemsize * rows:
        raise MalformedError(f"column {name!r} has {len(data)} bytes for {rows} rows")
    return np.frombuffer(data, dtype)
