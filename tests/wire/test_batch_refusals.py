"""Batches of rows and labels that do not agree with themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from whitebox_wire import codec
from whitebox_wire.codec.batches import BATCH_BYTES_MAX
from whitebox_wire.errors import DataError, MalformedError
from whitebox_wire.messages import Codes, InferenceBatch, LabelBatch
from whitebox_wire.v1 import inference_pb2

BATCH = InferenceBatch("m", 2, {"x": np.zeros(2)}, 0, ("a", "b"))
LABELS = LabelBatch("m", ("a",), np.zeros(1), 0)


def forged_batch(change: Callable[[inference_pb2.InferenceBatch], object]) -> bytes:
    batch = replace(BATCH, columns={**BATCH.columns, "c": Codes(np.zeros(2, np.int32), ("a",))})
    message = inference_pb2.InferenceBatch.FromString(codec.encode_batch(batch))
    change(message)
    return message.SerializeToString()


def codes(*numbers: int) -> bytes:
    return np.array(numbers, "<i4").tobytes()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda b: setattr(b, "rows", 3), "'x' has 16 bytes for 3 rows"),
        (lambda b: setattr(b, "rows", 2**32 - 1), "4294967295 rows; 2097152 are possible"),
        (lambda b: b.ids.append("c"), "3 ids for 2 rows"),
        (lambda b: setattr(b, "times_ms", bytes(9)), "'times_ms' has 9 bytes"),
        (lambda b: b.columns[0].ClearField("values"), "column 'x' has no values"),
        (lambda b: setattr(b.columns[1].categories, "codes", codes(0, 1)), "beyond its dictionary"),
        (lambda b: setattr(b.columns[1].categories, "codes", codes(0, -4)), "a code below -3"),
        (lambda b: setattr(b.columns[1].categories, "codes", b"123"), "'c' has 3 bytes"),
    ],
)
def test_a_batch_that_does_not_agree_with_itself_is_refused(
    change: Callable[[inference_pb2.InferenceBatch], object], says: str
) -> None:
    with pytest.raises(MalformedError, match=says):
        codec.decode_batch(forged_batch(change))


def test_two_columns_of_one_name_are_refused_by_name() -> None:
    with pytest.raises(DataError, match="column 'x' appears twice"):
        codec.decode_batch(forged_batch(lambda b: b.columns.append(b.columns[0])))


def test_labels_and_ids_of_different_number_are_refused() -> None:
    data = codec.encode_labels(replace(LABELS, ids=("a", "b")))

    with pytest.raises(MalformedError, match="8 bytes for 2 rows"):
        codec.decode_labels(data)


@pytest.mark.parametrize(
    "batch",
    [
        replace(BATCH, ids=("a", "\udc80")),
        replace(BATCH, columns={"\udc80": np.zeros(2)}),
        replace(BATCH, columns={"c": Codes(np.zeros(2, np.int32), ("\udc80",))}),
    ],
)
def test_text_that_cannot_travel_is_the_callers_error(batch: InferenceBatch) -> None:
    with pytest.raises(DataError, match=r"udc80.*travel as UTF-8"):
        codec.encode_batch(batch)


def test_labels_whose_text_cannot_travel_are_the_callers_error() -> None:
    with pytest.raises(DataError, match=r"udc80.*travel as UTF-8"):
        codec.encode_labels(replace(LABELS, ids=("\udc80",)))


def test_a_batch_too_large_to_be_read_is_never_written() -> None:
    with pytest.raises(DataError, match="rows; 2097152 are possible"):
        codec.encode_batch(InferenceBatch("m", 2**21 + 1, {}, 0))
    with pytest.raises(DataError, match="log fewer rows"):
        codec.encode_batch(replace(BATCH, rows=1, ids=("x" * (BATCH_BYTES_MAX + 1),), columns={}))
