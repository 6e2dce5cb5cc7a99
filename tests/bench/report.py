"""One report of a 1,000-row window of 50 features, as an agent ships it."""

from __future__ import annotations

from tests.bench.model import Subject
from whitebox_wire import __version__
from whitebox_wire.codec import encode_request, spec_digest
from whitebox_wire.layout import Section
from whitebox_wire.messages import (
    ExportRequest,
    InferenceBatch,
    ModelLedger,
    RowLedger,
    SketchDelta,
    WindowKey,
)
from whitebox_wire.packing import pack

# 2025-01-01T00:00:00Z
START_S, START_MS = 1_735_689_600, 1_735_689_600_000


def report_bytes(subject: Subject, batch: InferenceBatch, *, deflate: bool) -> bytes:
    """The export of one window's delta with its envelope: agent, sequence, ledger."""
    spec, rows = subject.spec, batch.rows
    vector = subject.fold.features(batch)
    size = subject.fold.layout.sizes[Section.FEATURES]
    key = WindowKey(spec.model_id, spec_digest(subject.spec_bytes), 0, START_S, Section.FEATURES)
    delta = SketchDelta(key, rows, pack(vector, size, deflate=deflate), spec.window.granularity_s)
    books = RowLedger(recorded=rows, folded=rows, pending=rows)
    return encode_request(
        ExportRequest(
            agent_id="bench",
            epoch=1 << 63,
            sequence=1,
            deltas=(delta,),
            ledgers=(ModelLedger(spec.model_id, books, RowLedger()),),
            agent_time_ms=START_MS,
            agent_version=__version__,
        )
    )
