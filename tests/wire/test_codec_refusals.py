"""Bytes from strangers, for every decoder: truncated, corrupt, oversized or foreign."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whitebox_wire import codec
from whitebox_wire.codec import Reference, SpecBundle
from whitebox_wire.codec.batches import BATCH_BYTES_MAX
from whitebox_wire.codec.bundles import BUNDLE_BYTES_MAX
from whitebox_wire.codec.exports import REQUEST_BYTES_MAX
from whitebox_wire.codec.records import ANSWER_BYTES_MAX
from whitebox_wire.codec.specs import SPEC_BYTES_MAX
from whitebox_wire.errors import MalformedError, WhiteboxError
from whitebox_wire.layout import Layout, Section
from whitebox_wire.messages import (
    Dataset,
    DropReason,
    ExportRequest,
    ExportResponse,
    InferenceBatch,
    LabelBatch,
    ModelLedger,
    RecordAnswer,
    RecordFailure,
    RecordLabelsRequest,
    RecordRequest,
    Rejection,
    RejectReason,
    RowLedger,
    SketchDelta,
    SpecRef,
    WindowKey,
)
from whitebox_wire.packing import pack
from whitebox_wire.spec import ModelSpec

DIGEST = bytes(range(32))
BATCH = InferenceBatch("m", 2, {"x": np.zeros(2)}, 0, ("a", "b"))
LABELS = LabelBatch("m", ("a",), np.zeros(1), 0)
REF = SpecRef("m", DIGEST)


def request_of(spec: ModelSpec) -> ExportRequest:
    layout = Layout.of(spec)
    size = layout.sizes[Section.FEATURES]
    key = WindowKey(spec.model_id, DIGEST, 0, 3_600, Section.FEATURES)
    delta = SketchDelta(key, 3, pack(np.arange(size.cells), size, deflate=True), 3_600)
    ledger = RowLedger(9, 8, 5, 1, {DropReason.DISK_FULL: 3})
    return ExportRequest(
        "edge", 7, 1, (delta,), (ModelLedger("m", ledger, RowLedger()),), 1, "0.1.0"
    )


def bundle_of(spec: ModelSpec, rows: int = 5) -> SpecBundle:
    layout = Layout.of(spec)
    vectors = {s: np.full(layout.sizes[s].cells, rows) for s in Section}
    return SpecBundle(spec, codec.encode_spec(spec), (Reference(Dataset.TEST, rows, vectors),))


Decode = Callable[[bytes], object]
# Every decoder, with an honest message for it (of a spec) and the most bytes that it reads.
DECODERS: dict[str, tuple[Decode, Callable[[ModelSpec], bytes], int]] = {
    "spec": (codec.decode_spec, codec.encode_spec, SPEC_BYTES_MAX),
    "bundle": (
        codec.decode_bundle,
        lambda spec: codec.encode_bundle(bundle_of(spec)),
        BUNDLE_BYTES_MAX,
    ),
    "request": (
        codec.decode_request,
        lambda spec: codec.encode_request(request_of(spec)),
        REQUEST_BYTES_MAX,
    ),
    "response": (
        codec.decode_response,
        lambda _: codec.encode_response(
            ExportResponse(3, 4, 9, (Rejection(1, RejectReason.OVERFLOW, "why"),), 5, (REF,))
        ),
        REQUEST_BYTES_MAX,
    ),
    "get request": (
        codec.decode_get_request,
        lambda _: codec.encode_get_request(REF),
        REQUEST_BYTES_MAX,
    ),
    "get response": (
        codec.decode_get_response,
        lambda spec: codec.encode_get_response(codec.encode_spec(spec)),
        SPEC_BYTES_MAX + REQUEST_BYTES_MAX,
    ),
    "watch request": (
        codec.decode_watch_request,
        lambda _: codec.encode_watch_request([REF]),
        REQUEST_BYTES_MAX,
    ),
    "watch response": (
        codec.decode_watch_response,
        lambda _: codec.encode_watch_response([REF]),
        REQUEST_BYTES_MAX,
    ),
    "batch": (codec.decode_batch, lambda _: codec.encode_batch(BATCH), BATCH_BYTES_MAX),
    "labels": (codec.decode_labels, lambda _: codec.encode_labels(LABELS), BATCH_BYTES_MAX),
    "record request": (
        codec.decode_record_request,
        lambda _: codec.encode_record_request(RecordRequest(BATCH)),
        BATCH_BYTES_MAX,
    ),
    "record labels request": (
        codec.decode_record_labels_request,
        lambda _: codec.encode_record_labels_request(RecordLabelsRequest(LABELS)),
        BATCH_BYTES_MAX,
    ),
    "stream request": (
        codec.decode_stream_request,
        lambda _: codec.encode_stream_request(RecordRequest(BATCH)),
        BATCH_BYTES_MAX,
    ),
    "stream response": (
        codec.decode_stream_response,
        lambda _: codec.encode_stream_response(RecordFailure(3, "why")),
        ANSWER_BYTES_MAX,
    ),
    "record response": (
        codec.decode_record_response,
        lambda _: codec.encode_record_response(RecordAnswer(3, ("why",))),
        ANSWER_BYTES_MAX,
    ),
    "record labels response": (
        codec.decode_record_labels_response,
        lambda _: codec.encode_record_labels_response(RecordAnswer(3)),
        ANSWER_BYTES_MAX,
    ),
}


@pytest.fixture(params=DECODERS)
def decoder(
    request: pytest.FixtureRequest, specs: dict[str, ModelSpec]
) -> tuple[Decode, bytes, int]:
    """Each decoder in turn, with an honest message and the most bytes it reads."""
    decode, honest, bytes_max = DECODERS[request.param]
    return decode, honest(specs["regression"]), bytes_max


def test_every_decoder_is_tested_here() -> None:
    named = {"decode_" + name.replace(" ", "_") for name in DECODERS}

    assert named == {name for name in codec.__all__ if name.startswith("decode_")}


def answers_or_refuses(decode: Decode, data: bytes) -> None:
    """Nothing but an error of ours may come out of a decoder."""
    with suppress(WhiteboxError):
        decode(data)


def test_every_truncation_is_answered_or_refused(decoder: tuple[Decode, bytes, int]) -> None:
    decode, honest, _ = decoder

    for cut in range(len(honest)):
        answers_or_refuses(decode, honest[:cut])


@given(st.data())
def test_any_damage_is_answered_or_refused(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(DECODERS)))
    decode, honest, _ = DECODERS[name]
    damaged = bytearray(honest(data.draw(st.from_type(ModelSpec))))
    for _ in range(data.draw(st.integers(1, 4))):
        if damaged:
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))

    answers_or_refuses(decode, bytes(damaged))


@given(st.sampled_from(sorted(DECODERS)), st.binary(max_size=100))
def test_any_bytes_are_answered_or_refused(name: str, data: bytes) -> None:
    answers_or_refuses(DECODERS[name][0], data)


def test_a_message_too_large_is_refused_unread(decoder: tuple[Decode, bytes, int]) -> None:
    decode, _, bytes_max = decoder
    data = bytes(bytes_max + 1)
    tracemalloc.start()

    with pytest.raises(MalformedError, match=f"at most {bytes_max} are read"):
        decode(data)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 * 1024


def test_text_that_is_no_utf8_is_refused() -> None:
    with pytest.raises(MalformedError, match="not a message"):
        codec.decode_request(b"\x0a\x02\xff\xfe\x18\x01")


def test_bytes_of_another_program_are_refused() -> None:
    for decode, _, _ in DECODERS.values():
        with pytest.raises(MalformedError):
            decode(b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n")


# Empty entries of a repeated field: two bytes each, and a Python value each if nobody counts.
REPEATED = {
    "deltas": (codec.decode_request, b"\x0a\x01a\x18\x01", b"\x22\x00"),
    "ledgers": (codec.decode_request, b"\x0a\x01a\x18\x01", b"\x2a\x00"),
    "rejections": (codec.decode_response, b"", b"\x1a\x00"),
    "specs": (codec.decode_watch_request, b"", b"\x0a\x00"),
    "features of a spec": (codec.decode_spec, b"\x10\x01", b"\x1a\x00"),
    "segments of a spec": (codec.decode_spec, b"\x10\x01", b"\x3a\x00"),
}


@pytest.mark.parametrize("what", REPEATED)
def test_more_entries_than_any_honest_message_has_are_refused_in_bounded_memory(
    what: str,
) -> None:
    decode, head, entry = REPEATED[what]
    data = head + entry * 500_000
    tracemalloc.start()

    with pytest.raises(MalformedError, match=f"500000 {what}; at most"):
        decode(data)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1024 * 1024
