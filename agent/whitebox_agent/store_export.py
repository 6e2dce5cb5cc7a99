"""A store as documents for JSON lines: its books, specs and sums; raw rows when they are asked for.

Pure: from values to dictionaries that JSON can hold.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from whitebox_agent.buffer import Books, RowBatch, StoredSpec, Stream
from whitebox_agent.buffer.waiting import WaitingSum
from whitebox_agent.models import Model
from whitebox_wire.codec import decode_batch, decode_labels
from whitebox_wire.messages import Codes, Column
from whitebox_wire.spec import CategoricalBins, ModelSpec

Document = dict[str, Any]
FindModel = Callable[[bytes], Model | None]


def books_documents(books: Books) -> Iterator[Document]:
    """The books, and a document for each model and stream."""
    yield {
        "kind": "books",
        "agent_id": books.agent_id,
        "epoch": f"{books.epoch:016x}",
        "sequence": books.sequence,
        "acknowledged_ms": books.acknowledged_ms,
        "remembered": books.remembered,
    }
    for ledger in books.ledgers:
        for stream, rows in (
            (Stream.INFERENCES, ledger.inferences),
            (Stream.LABELS, ledger.labels),
        ):
            yield {
                "kind": "ledger",
                "model_id": ledger.model_id,
                "stream": stream.value,
                "recorded": rows.recorded,
                "folded": rows.folded,
                "acknowledged": rows.acknowledged,
                "pending": rows.pending,
                "dropped": {reason.value: count for reason, count in rows.dropped.items()},
            }


def spec_document(spec: StoredSpec) -> Document:
    digest = spec.digest.hex()
    return {"kind": "spec", "model_id": spec.model_id, "digest": digest, "current": spec.current}


def sum_document(waiting: WaitingSum) -> Document:
    """One sum of the outbox, its vector as whole numbers."""
    item = waiting.item
    return {
        "kind": "sum",
        "model_id": item.key.model_id,
        "digest": item.key.spec_digest.hex(),
        "segment": item.key.segment,
        "section": item.key.section.value,
        "window_start_s": item.key.start_s,
        "window_length_s": item.length_s,
        "rows": item.rows,
        "rows_min": waiting.rows_min,
        "noise_is_due": waiting.bare,
        "under_way": waiting.under_way,
        "vector": item.vector.tolist(),
    }


def rows_document(batch: RowBatch, find: FindModel) -> Document:
    """Raw rows by column, or labels by id; MalformedError when they are damaged."""
    known: Document = {"kind": "rows", "model_id": batch.model_id, "stream": batch.stream.value}
    if batch.stream is Stream.LABELS:
        labels = decode_labels(batch.body)
        return {**known, "ids": [*labels.ids], "labels": _cells(labels.labels, ())}
    rows = decode_batch(batch.body)
    model = find(rows.spec_digest)
    return {
        **known,
        "ids": [*rows.ids],
        "times_ms": [] if rows.times_ms is None else rows.times_ms.tolist(),
        "columns": {
            name: _cells(column, _vocabulary(model.spec, name) if model else ())
            for name, column in rows.columns.items()
        },
    }


def _vocabulary(spec: ModelSpec, column: str) -> tuple[str, ...]:
    if column == spec.prediction.column:
        return spec.prediction.classes
    for feature in spec.features:
        if feature.name == column and isinstance(feature.bins, CategoricalBins):
            return feature.bins.vocabulary
    return ()


def _cells(column: Column, vocabulary: tuple[str, ...]) -> list[Any]:
    """Values as JSON has them; None is missing, invalid or a text that was not kept."""
    if isinstance(column, Codes):
        texts = column.dictionary or vocabulary
        return [texts[code] if 0 <= code < len(texts) else None for code in column.codes.tolist()]
    return [value if math.isfinite(value) else None for value in column.tolist()]
