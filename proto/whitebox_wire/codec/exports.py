"""Exports, questions for specs, and their answers as bytes: what crosses the network.

Fields that a newer peer adds are passed over, and reasons that it adds are counted as `OTHER`: an
export is never refused for saying more. A section or packing that is unknown is refused, since a
vector that cannot be read cannot be added.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from whitebox_wire.codec.parsing import (
    SECTION_NUMBERS,
    SECTIONS,
    bounded,
    digest,
    known,
    packed_vector,
    parse,
    vector_message,
)
from whitebox_wire.codec.specs import SPEC_BYTES_MAX, spec_digest
from whitebox_wire.errors import MalformedError
from whitebox_wire.messages import (
    DropReason,
    ExportRequest,
    ExportResponse,
    ModelLedger,
    Rejection,
    RejectReason,
    RowLedger,
    SketchDelta,
    SpecRef,
    WindowKey,
)
from whitebox_wire.v1 import ingest_pb2
from whitebox_wire.vector import ROWS_PER_DELTA_MAX

# What is read of one message. An agent sends a quarter of it (messages.EXPORT_BYTES_MAX) unless one
# delta alone is larger, which has at most 512 KiB (layout.CELLS_MAX).
REQUEST_BYTES_MAX = 1024 * 1024
DELTAS_MAX = 4_096
LEDGERS_MAX = 1_024
REASONS_MAX = 64
REFS_MAX = 4_096
# What a store's signed 64-bit column holds.
TOTAL_MAX = (1 << 63) - 1

_DROPS = {
    DropReason.UNMATCHED: ingest_pb2.DROP_REASON_UNMATCHED,
    DropReason.BUFFER_FULL: ingest_pb2.DROP_REASON_BUFFER_FULL,
    DropReason.DISK_FULL: ingest_pb2.DROP_REASON_DISK_FULL,
    DropReason.CORRUPTION: ingest_pb2.DROP_REASON_CORRUPTION,
    DropReason.QUEUE_FULL: ingest_pb2.DROP_REASON_QUEUE_FULL,
    DropReason.REJECTED: ingest_pb2.DROP_REASON_REJECTED,
    DropReason.MALFORMED: ingest_pb2.DROP_REASON_MALFORMED,
    DropReason.OTHER: ingest_pb2.DROP_REASON_OTHER,
}
_REJECTS = {
    RejectReason.UNKNOWN_SPEC: ingest_pb2.REJECT_REASON_UNKNOWN_SPEC,
    RejectReason.MALFORMED: ingest_pb2.REJECT_REASON_MALFORMED,
    RejectReason.OVERFLOW: ingest_pb2.REJECT_REASON_OVERFLOW,
    RejectReason.OTHER: ingest_pb2.REJECT_REASON_OTHER,
}
_DROP_NUMBERS = {int(number): reason for reason, number in _DROPS.items()}
_REJECT_NUMBERS = {int(number): reason for reason, number in _REJECTS.items()}


def encode_request(request: ExportRequest) -> bytes:
    message = ingest_pb2.ExportRequest(
        agent_id=request.agent_id,
        epoch=request.epoch,
        sequence=request.sequence,
        deltas=[_delta_message(d) for d in request.deltas],
        ledgers=[_model_ledger_message(ledger) for ledger in request.ledgers],
        agent_time_ms=request.agent_time_ms,
        agent_version=request.agent_version,
    )
    return message.SerializeToString(deterministic=True)


def decode_request(data: bytes) -> ExportRequest:
    """The export in `data`, its vectors still packed; MalformedError when it is not one."""
    message = parse(ingest_pb2.ExportRequest, data, bytes_max=REQUEST_BYTES_MAX)
    if not message.agent_id or not 1 <= message.sequence <= TOTAL_MAX:
        raise MalformedError("an export needs an agent id and a sequence from 1 to 2**63 - 1")
    return ExportRequest(
        agent_id=message.agent_id,
        epoch=message.epoch,
        sequence=message.sequence,
        deltas=tuple(_delta(d) for d in bounded(message.deltas, DELTAS_MAX, "deltas")),
        ledgers=tuple(_model_ledger(m) for m in bounded(message.ledgers, LEDGERS_MAX, "ledgers")),
        agent_time_ms=message.agent_time_ms,
        agent_version=message.agent_version,
    )


def encode_response(response: ExportResponse) -> bytes:
    message = ingest_pb2.ExportResponse(
        acked_sequence=response.acked_sequence,
        expected_sequence=response.expected_sequence,
        rejections=[
            ingest_pb2.Rejection(delta=r.delta, reason=_REJECTS[r.reason], message=r.message)
            for r in response.rejections
        ],
        retry_delay_ms=response.retry_delay_ms,
        server_time_ms=response.server_time_ms,
        specs=_ref_messages(response.specs),
    )
    return message.SerializeToString(deterministic=True)


def decode_response(data: bytes) -> ExportResponse:
    """A hub's answer; MalformedError when it is not one."""
    message = parse(ingest_pb2.ExportResponse, data, bytes_max=REQUEST_BYTES_MAX)
    return ExportResponse(
        acked_sequence=message.acked_sequence,
        expected_sequence=message.expected_sequence,
        server_time_ms=message.server_time_ms,
        rejections=tuple(
            Rejection(r.delta, _REJECT_NUMBERS.get(r.reason, RejectReason.OTHER), r.message)
            for r in bounded(message.rejections, DELTAS_MAX, "rejections")
        ),
        retry_delay_ms=message.retry_delay_ms,
        specs=_refs(message.specs),
    )


def encode_get_request(wanted: SpecRef) -> bytes:
    """Ask for one spec: by its digest, or with an empty digest for the model's current one."""
    message = ingest_pb2.GetRequest(model_id=wanted.model_id, digest=wanted.digest)
    return message.SerializeToString(deterministic=True)


def decode_get_request(data: bytes) -> SpecRef:
    """Which spec is wanted; MalformedError when neither a digest nor a model is named."""
    message = parse(ingest_pb2.GetRequest, data, bytes_max=REQUEST_BYTES_MAX)
    if not message.digest and not message.model_id:
        raise MalformedError("a spec is asked for by digest or by model id")
    return SpecRef(message.model_id, message.digest and digest(message.digest))


def encode_get_response(spec_bytes: bytes) -> bytes:
    message = ingest_pb2.GetResponse(digest=spec_digest(spec_bytes), spec=spec_bytes)
    return message.SerializeToString(deterministic=True)


def decode_get_response(data: bytes) -> bytes:
    """The spec's bytes; MalformedError when they are not what their digest says."""
    message = parse(ingest_pb2.GetResponse, data, bytes_max=SPEC_BYTES_MAX + REQUEST_BYTES_MAX)
    if spec_digest(message.spec) != message.digest:
        raise MalformedError("the spec does not have the digest it came with")
    return message.spec


def encode_watch_request(known_specs: Iterable[SpecRef]) -> bytes:
    message = ingest_pb2.WatchRequest(known=_ref_messages(known_specs))
    return message.SerializeToString(deterministic=True)


def decode_watch_request(data: bytes) -> tuple[SpecRef, ...]:
    """The specs an agent knows, one a model; an empty digest where it knows none."""
    return _refs(parse(ingest_pb2.WatchRequest, data, bytes_max=REQUEST_BYTES_MAX).known)


def encode_watch_response(specs: Iterable[SpecRef]) -> bytes:
    message = ingest_pb2.WatchResponse(specs=_ref_messages(specs))
    return message.SerializeToString(deterministic=True)


def decode_watch_response(data: bytes) -> tuple[SpecRef, ...]:
    """The current specs of models whose spec the agent does not know; empty at the deadline."""
    return _refs(parse(ingest_pb2.WatchResponse, data, bytes_max=REQUEST_BYTES_MAX).specs)


def _ref_messages(refs: Iterable[SpecRef]) -> list[ingest_pb2.SpecRef]:
    return [ingest_pb2.SpecRef(model_id=ref.model_id, digest=ref.digest) for ref in refs]


def _refs(messages: Collection[ingest_pb2.SpecRef]) -> tuple[SpecRef, ...]:
    return tuple(
        SpecRef(ref.model_id, ref.digest and digest(ref.digest))
        for ref in bounded(messages, REFS_MAX, "specs")
    )


def _delta_message(delta: SketchDelta) -> ingest_pb2.SketchDelta:
    return ingest_pb2.SketchDelta(
        model_id=delta.key.model_id,
        spec_digest=delta.key.spec_digest,
        segment=delta.key.segment,
        window_start_s=delta.key.start_s,
        window_length_s=delta.length_s,
        section=SECTIONS[delta.key.section],
        rows=delta.rows,
        vector=vector_message(delta.vector),
        clock_offset_ms=delta.clock_offset_ms,
    )


def _delta(message: ingest_pb2.SketchDelta) -> SketchDelta:
    if message.rows > ROWS_PER_DELTA_MAX:
        raise MalformedError(f"a delta of {message.rows} rows; {ROWS_PER_DELTA_MAX} are possible")
    key = WindowKey(
        model_id=message.model_id,
        spec_digest=digest(message.spec_digest),
        segment=message.segment,
        start_s=message.window_start_s,
        section=known(SECTION_NUMBERS, message.section, "section"),
    )
    vector = packed_vector(message.vector)
    return SketchDelta(key, message.rows, vector, message.window_length_s, message.clock_offset_ms)


def _model_ledger_message(ledger: ModelLedger) -> ingest_pb2.ModelLedger:
    return ingest_pb2.ModelLedger(
        model_id=ledger.model_id,
        inferences=_row_ledger_message(ledger.inferences),
        labels=_row_ledger_message(ledger.labels),
    )


def _row_ledger_message(ledger: RowLedger) -> ingest_pb2.RowLedger:
    return ingest_pb2.RowLedger(
        recorded=ledger.recorded,
        folded=ledger.folded,
        acknowledged=ledger.acknowledged,
        pending=ledger.pending,
        dropped=[
            ingest_pb2.Dropped(reason=_DROPS[reason], rows=rows)
            for reason, rows in sorted(ledger.dropped.items(), key=lambda item: item[0].value)
        ],
    )


def _model_ledger(message: ingest_pb2.ModelLedger) -> ModelLedger:
    return ModelLedger(
        message.model_id, _row_ledger(message.inferences), _row_ledger(message.labels)
    )


def _row_ledger(message: ingest_pb2.RowLedger) -> RowLedger:
    dropped: dict[DropReason, int] = {}
    for entry in bounded(message.dropped, REASONS_MAX, "drop reasons"):
        reason = _DROP_NUMBERS.get(entry.reason, DropReason.OTHER)
        dropped[reason] = dropped.get(reason, 0) + entry.rows
    totals = (message.recorded, message.folded, message.acknowledged, message.pending)
    if max(*totals, *dropped.values()) > TOTAL_MAX:
        raise MalformedError("a ledger's total is beyond 2**63 - 1")
    return RowLedger(*totals, dropped)
