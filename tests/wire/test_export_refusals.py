"""Exports, answers and questions that cannot be, and those of newer peers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from whitebox_wire import codec
from whitebox_wire.errors import MalformedError
from whitebox_wire.messages import DropReason, InferenceBatch, Rejection, RejectReason, SpecRef
from whitebox_wire.v1 import ingest_pb2, spec_pb2

DIGEST = bytes(range(32))
BATCH = InferenceBatch("m", 0, {}, 0)


def forged(change: Callable[[ingest_pb2.ExportRequest], object]) -> bytes:
    """An honest export, changed by hand."""
    message = ingest_pb2.ExportRequest(agent_id="edge", sequence=1)
    vector = spec_pb2.Vector(
        counts_packing=spec_pb2.PACKING_DENSE_U8, sums_packing=spec_pb2.PACKING_DENSE_U8
    )
    message.deltas.add(spec_digest=DIGEST, section=spec_pb2.SECTION_LABELS, vector=vector)
    codec.decode_request(message.SerializeToString())
    change(message)
    return message.SerializeToString()


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("section", 0, "section 0 is unknown"),
        ("section", 4, "section 4 is unknown"),
        ("section", -1, "section -1 is unknown"),
        ("spec_digest", b"short", "digest of 5 bytes"),
        ("spec_digest", b"", "digest of 0 bytes"),
        ("rows", 2**21 + 1, "2097153 rows"),
    ],
)
def test_a_delta_that_cannot_be_is_refused(field: str, value: object, says: str) -> None:
    data = forged(lambda message: setattr(message.deltas[0], field, value))

    with pytest.raises(MalformedError, match=says):
        codec.decode_request(data)


def test_an_unknown_packing_is_refused() -> None:
    data = forged(lambda message: setattr(message.deltas[0].vector, "sums_packing", 9))

    with pytest.raises(MalformedError, match="packing 9 is unknown"):
        codec.decode_request(data)


@pytest.mark.parametrize(
    ("field", "value"), [("agent_id", ""), ("sequence", 0), ("sequence", 2**63)]
)
def test_an_export_without_its_place_in_the_ledger_is_refused(field: str, value: object) -> None:
    with pytest.raises(MalformedError, match="agent id and a sequence"):
        codec.decode_request(forged(lambda message: setattr(message, field, value)))


def test_totals_that_no_store_holds_are_refused() -> None:
    data = forged(
        lambda m: m.ledgers.add().inferences.MergeFrom(ingest_pb2.RowLedger(folded=2**63))
    )

    with pytest.raises(MalformedError, match="total"):
        codec.decode_request(data)


def test_drop_reasons_of_a_newer_agent_are_counted_as_other_and_the_ledger_balances() -> None:
    ledger = ingest_pb2.RowLedger(recorded=10, acknowledged=1)
    reasons = [(ingest_pb2.DROP_REASON_DISK_FULL, 2), (99, 3), (0, 1), (100, 2), (-1, 1)]
    for reason, rows in reasons:
        ledger.dropped.add(rows=rows).reason = reason  # type: ignore[assignment]  # not ours

    data = forged(lambda message: message.ledgers.add().inferences.MergeFrom(ledger))
    found = codec.decode_request(data).ledgers[0].inferences

    assert found.dropped == {DropReason.DISK_FULL: 2, DropReason.OTHER: 7}
    assert found.balances


def test_reject_reasons_of_a_newer_hub_are_taken_for_other() -> None:
    message = ingest_pb2.ExportResponse(acked_sequence=4, expected_sequence=5)
    message.rejections.add(delta=1, message="why").reason = 77  # type: ignore[assignment]  # not ours

    found = codec.decode_response(message.SerializeToString())

    assert found.acked_sequence == 4
    assert found.rejections == (Rejection(1, RejectReason.OTHER, "why"),)


def test_fields_that_a_newer_agent_adds_are_passed_over() -> None:
    data = forged(lambda _: None)

    assert codec.decode_request(data + b"\xfa\x07\x03abc") == codec.decode_request(data)


@pytest.mark.parametrize("digest", [b"x", bytes(33)])
def test_a_digest_of_another_length_is_refused_everywhere(digest: bytes) -> None:
    with pytest.raises(MalformedError, match="digest"):
        codec.decode_get_request(codec.encode_get_request(SpecRef("m", digest)))
    with pytest.raises(MalformedError, match="digest"):
        codec.decode_watch_response(codec.encode_watch_response([SpecRef("m", digest)]))
    with pytest.raises(MalformedError, match="digest"):
        codec.decode_batch(codec.encode_batch(replace(BATCH, spec_digest=digest)))


def test_a_question_for_no_spec_is_refused() -> None:
    with pytest.raises(MalformedError, match="by digest or by model id"):
        codec.decode_get_request(b"")


def test_a_spec_that_is_not_what_its_digest_says_is_refused() -> None:
    answer = ingest_pb2.GetResponse(digest=DIGEST, spec=b"spec").SerializeToString()

    with pytest.raises(MalformedError, match="digest it came with"):
        codec.decode_get_response(answer)
