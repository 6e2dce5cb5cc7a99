"""Every message and its bytes: what is encoded decodes to the same value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whitebox_wire import codec
from whitebox_wire.codec import Reference, SpecBundle
from whitebox_wire.errors import MalformedError
from whitebox_wire.layout import Layout, Section
from whitebox_wire.messages import (
    Codes,
    Dataset,
    DropReason,
    Durability,
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
from whitebox_wire.packing import PackedVector, Packing
from whitebox_wire.spec import ModelSpec

TEXTS = st.text(max_size=8)
U32 = st.integers(0, 2**32 - 1)
I64 = st.integers(-(2**63), 2**63 - 1)
TOTALS = st.integers(0, 2**63 - 1)
DIGESTS = st.binary(min_size=32, max_size=32)
REFS = st.builds(SpecRef, TEXTS, DIGESTS)

VECTORS = st.builds(
    PackedVector,
    st.binary(max_size=20),
    st.sampled_from(Packing),
    st.sampled_from(Packing),
    U32,
    U32,
    st.booleans(),
)
KEYS = st.builds(WindowKey, TEXTS, DIGESTS, U32, I64, st.sampled_from(Section))
DELTAS = st.builds(SketchDelta, KEYS, st.integers(0, 2**21), VECTORS, U32, I64)
DROPPED = st.dictionaries(st.sampled_from(DropReason), TOTALS)
ROW_LEDGERS = st.builds(RowLedger, TOTALS, TOTALS, TOTALS, TOTALS, DROPPED)
LEDGERS = st.builds(ModelLedger, TEXTS, ROW_LEDGERS, ROW_LEDGERS)
REQUESTS = st.builds(
    ExportRequest,
    st.text(min_size=1, max_size=8),
    st.integers(0, 2**64 - 1),
    st.integers(1, 2**63 - 1),
    st.lists(DELTAS, max_size=3).map(tuple),
    st.lists(LEDGERS, max_size=2).map(tuple),
    I64,
    TEXTS,
)
REJECTIONS = st.builds(Rejection, U32, st.sampled_from(RejectReason), TEXTS)
RESPONSES = st.builds(
    ExportResponse,
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**64 - 1),
    I64,
    st.lists(REJECTIONS, max_size=3).map(tuple),
    U32,
    st.lists(REFS, max_size=3).map(tuple),
)


@given(REQUESTS)
def test_an_export_round_trips(request: ExportRequest) -> None:
    assert codec.decode_request(codec.encode_request(request)) == request


@given(RESPONSES)
def test_an_answer_round_trips(response: ExportResponse) -> None:
    assert codec.decode_response(codec.encode_response(response)) == response


@given(st.builds(SpecRef, st.text(min_size=1, max_size=8), DIGESTS | st.just(b"")))
def test_a_question_for_a_spec_round_trips(wanted: SpecRef) -> None:
    assert codec.decode_get_request(codec.encode_get_request(wanted)) == wanted


@given(st.binary(max_size=50))
def test_an_answer_with_a_spec_round_trips(spec_bytes: bytes) -> None:
    assert codec.decode_get_response(codec.encode_get_response(spec_bytes)) == spec_bytes


@given(st.lists(REFS | st.builds(SpecRef, TEXTS, st.just(b"")), max_size=4).map(tuple))
def test_a_watch_and_its_answer_round_trip(refs: tuple[SpecRef, ...]) -> None:
    assert codec.decode_watch_request(codec.encode_watch_request(refs)) == refs
    assert codec.decode_watch_response(codec.encode_watch_response(refs)) == refs


@given(st.from_type(ModelSpec))
def test_a_spec_round_trips_and_its_bytes_are_its_own(spec: ModelSpec) -> None:
    data = codec.encode_spec(spec)

    assert codec.decode_spec(data) == spec
    assert codec.encode_spec(codec.decode_spec(data)) == data


def test_a_full_spec_of_each_kind_round_trips(spec: ModelSpec) -> None:
    assert codec.decode_spec(codec.encode_spec(spec)) == spec


# Made once. A change here is a change of the wire: every registered spec would get a new name.
DIGESTS_BY_KIND = {
    "binary": "da80df1b912090cb98be23fd881453e61e86543bf92824261f0f4286e57ddc83",
    "multi_class": "d3a6abe717cdae6bac5e9912c6eeda03f970467834a3d4fc7920089c0ce47664",
    "regression": "3a76e34d1de217c86cc110324f17cdc35ea0b94854d8301962677fa28d6e0655",
}


@pytest.mark.parametrize("kind", DIGESTS_BY_KIND)
def test_the_digest_of_a_spec_never_changes(kind: str, specs: dict[str, ModelSpec]) -> None:
    digest = codec.spec_digest(codec.encode_spec(specs[kind]))

    assert digest.hex() == DIGESTS_BY_KIND[kind]


@given(st.from_type(ModelSpec), st.from_type(ModelSpec))
def test_specs_that_differ_have_digests_that_differ(one: ModelSpec, other: ModelSpec) -> None:
    same = codec.encode_spec(one) == codec.encode_spec(other)

    assert same == (one == other)


@given(st.from_type(ModelSpec), st.integers(0, 2**20))
def test_a_bundle_round_trips(spec: ModelSpec, rows: int) -> None:
    bundle = bundle_of(spec, rows)

    found = codec.decode_bundle(codec.encode_bundle(bundle))

    assert (found.spec, found.spec_bytes, found.digest) == (
        spec,
        bundle.spec_bytes,
        bundle.digest,
    )
    assert [(r.dataset, r.rows, r.segment) for r in found.references] == [
        (dataset, rows, segment)
        for dataset in (Dataset.TRAINING, Dataset.TEST)
        for segment in range(1 + len(spec.segments))
    ]
    for reference, made in zip(found.references, bundle.references, strict=True):
        assert reference.vectors.keys() == made.vectors.keys()
        for section, vector in made.vectors.items():
            assert np.array_equal(reference.vectors[section], vector)


def bundle_of(spec: ModelSpec, rows: int) -> SpecBundle:
    """A bundle with all references that fit the spec; their numbers mean nothing."""
    layout = Layout.of(spec)
    vectors = {}
    for section in Section:
        place = layout.rows_place(section)
        if place is not None:
            vectors[section] = np.arange(layout.sizes[section].cells) ** 5
            vectors[section][place] = rows
    references = tuple(
        Reference(dataset, rows, vectors, segment)
        for dataset in Dataset
        for segment in range(1 + len(spec.segments))
    )
    return SpecBundle(spec, codec.encode_spec(spec), references)


def same_column(one: object, other: object) -> bool:
    if isinstance(one, Codes) and isinstance(other, Codes):
        return one.dictionary == other.dictionary and np.array_equal(one.codes, other.codes)
    assert isinstance(one, np.ndarray)
    assert isinstance(other, np.ndarray)
    return one.tobytes() == other.tobytes()


BATCH = InferenceBatch(
    model_id="m",
    rows=3,
    columns={
        "x": np.array([1.5, np.nan, np.inf]),
        "c": Codes(np.array([1, -1, 0], np.int32), ("a", "bé")),
        "d": Codes(np.array([7, -2, -3], np.int32)),
    },
    received_ms=-5,
    ids=("one", "", "three"),
    times_ms=np.array([1, -(2**62), 3]),
    spec_digest=bytes(range(32)),
)
LABELS = LabelBatch("m", ("one", "two"), Codes(np.array([0, -1], np.int32), ("yes",)), 9)

Encode = Callable[[InferenceBatch], bytes]
Decode = Callable[[bytes], InferenceBatch]


@pytest.mark.parametrize(
    ("encode", "decode"),
    [
        (codec.encode_batch, codec.decode_batch),
        (
            lambda batch: codec.encode_record_request(RecordRequest(batch)),
            lambda data: codec.decode_record_request(data).batch,
        ),
    ],
)
@pytest.mark.parametrize("batch", [BATCH, replace(BATCH, ids=(), times_ms=None, spec_digest=b"")])
def test_a_batch_round_trips(encode: Encode, decode: Decode, batch: InferenceBatch) -> None:
    found = decode(encode(batch))

    assert replace(found, columns={}, times_ms=None) == replace(batch, columns={}, times_ms=None)
    assert list(found.columns) == list(batch.columns)
    assert all(same_column(found.columns[name], batch.columns[name]) for name in batch.columns)
    assert np.array_equal(
        [] if found.times_ms is None else found.times_ms,
        [] if batch.times_ms is None else batch.times_ms,
    )


@pytest.mark.parametrize(
    ("encode", "decode"),
    [
        (codec.encode_labels, codec.decode_labels),
        (
            lambda batch: codec.encode_record_labels_request(RecordLabelsRequest(batch)),
            lambda data: codec.decode_record_labels_request(data).batch,
        ),
    ],
)
@pytest.mark.parametrize("labels", [LABELS.labels, np.array([0.5, np.nan])])
def test_a_batch_of_labels_round_trips(
    encode: Callable[[LabelBatch], bytes],
    decode: Callable[[bytes], LabelBatch],
    labels: Codes,
) -> None:
    found = decode(encode(replace(LABELS, labels=labels)))

    assert (found.model_id, found.ids, found.received_ms) == ("m", ("one", "two"), 9)
    assert same_column(found.labels, labels)


def test_an_empty_batch_round_trips() -> None:
    empty = InferenceBatch("m", 0, {"x": np.empty(0)}, 0)

    found = codec.decode_batch(codec.encode_batch(empty))

    assert (found.rows, found.ids, found.times_ms) == (0, (), None)
    assert same_column(found.columns["x"], np.empty(0))


@pytest.mark.parametrize("durability", Durability)
def test_requests_of_a_stream_round_trip(durability: Durability) -> None:
    scores = (np.array([0.25, np.nan, 1.0]), np.zeros(3))
    prediction = Codes(np.array([0, 0, -1], np.int32), ("yes",))
    request = RecordRequest(BATCH, durability, prediction, scores, unnamed=True)
    labels = RecordLabelsRequest(LABELS, durability)

    found = codec.decode_stream_request(codec.encode_stream_request(request))
    found_labels = codec.decode_stream_request(codec.encode_stream_request(labels))

    assert isinstance(found, RecordRequest)
    assert found.prediction is not None
    assert (found.durability, found.unnamed) == (durability, True)
    assert same_column(found.prediction, prediction)
    assert all(map(same_column, found.scores, scores))
    assert list(found.batch.columns) == list(BATCH.columns)
    assert isinstance(found_labels, RecordLabelsRequest)
    assert (found_labels.durability, found_labels.batch.ids) == (durability, LABELS.ids)


@pytest.mark.parametrize(
    "outcome", [RecordAnswer(0), RecordAnswer(9, ("a",)), RecordFailure(3, "")]
)
def test_answers_of_a_stream_round_trip(outcome: RecordAnswer | RecordFailure) -> None:
    assert codec.decode_stream_response(codec.encode_stream_response(outcome)) == outcome


def test_messages_of_a_stream_that_say_nothing_are_malformed() -> None:
    for decode in (codec.decode_stream_request, codec.decode_stream_response):
        with pytest.raises(MalformedError, match="neither"):
            decode(b"")


def test_answers_to_records_round_trip() -> None:
    answer = RecordAnswer(12, ("column 'z' is not in the spec",))
    bare = RecordAnswer(12)

    assert codec.decode_record_response(codec.encode_record_response(answer)) == answer
    assert codec.decode_record_labels_response(codec.encode_record_labels_response(bare)) == bare


def test_everything_the_codec_exports_is_there() -> None:
    assert sorted(codec.__all__) == codec.__all__
    assert all(hasattr(codec, name) for name in codec.__all__)
