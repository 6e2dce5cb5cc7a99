"""One step of folding: stored batches to sums, and labels to the predictions they belong to.

Decides and touches nothing: what a step does is a `Fold`, and the store carries it out as one
transaction. A step holds either inferences or labels, so labels see every prediction before them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from whitebox_agent.buffer import Drop, Fold, Remembered, RowBatch, Stream, Sum
from whitebox_agent.fold import (
    Masks,
    Predictions,
    SegmentSum,
    join_batches,
    take_column,
    take_rows,
)
from whitebox_agent.models import Model
from whitebox_agent.window import ShipPolicy, split_by_window
from whitebox_wire.codec import decode_batch, decode_labels
from whitebox_wire.errors import WhiteboxError
from whitebox_wire.layout import Section
from whitebox_wire.messages import (
    MISSING,
    Codes,
    Column,
    DropReason,
    InferenceBatch,
    LabelBatch,
    WindowKey,
)

FindModel = Callable[[bytes], Model | None]
Recall = Callable[[str, Sequence[str]], Mapping[str, Remembered]]
Batch = TypeVar("Batch", InferenceBatch, LabelBatch)


def steps_of(batches: Sequence[RowBatch]) -> list[list[RowBatch]]:
    """The batches as one step of inferences and then one of labels, where there are any."""
    streams = [[batch for batch in batches if batch.stream is stream] for stream in Stream]
    return [step for step in streams if step]


def plan_fold(
    batches: Sequence[RowBatch],
    find: FindModel,
    recall: Recall,
    policy: ShipPolicy,
    now_ms: int,
) -> Fold:
    """What folding some batches of one stream does. A batch that cannot be read is dropped."""
    plan = _Plan(find, recall, policy, now_ms)
    if batches and batches[0].stream is Stream.INFERENCES:
        plan.inferences(batches)
    else:
        plan.labels(batches)
    return Fold(
        batches=batches,
        sums=plan.sums,
        remembered=plan.remembered,
        joined=list(plan.joined.values()),
        drops=plan.drops,
        now_ms=now_ms,
    )


class _Plan:
    def __init__(self, find: FindModel, recall: Recall, policy: ShipPolicy, now_ms: int) -> None:
        self._find = find
        self._recall = recall
        self._policy = policy
        self._now_ms = now_ms
        self.sums: list[Sum] = []
        self.remembered: list[Remembered] = []
        self.joined: dict[tuple[str, str], Remembered] = {}
        self.drops: list[Drop] = []

    def inferences(self, batches: Sequence[RowBatch]) -> None:
        """Fold runs of batches that look alike as one table each."""
        readable: dict[tuple[bytes, tuple[str, ...]], list[InferenceBatch]] = {}
        for stored in batches:
            batch = self._read(stored, decode_batch)
            if batch is None:
                continue
            readable.setdefault((batch.spec_digest, tuple(batch.columns)), []).append(batch)
        for (digest, _), alike in readable.items():
            model = self._find(digest)
            if model is None:
                rows = sum(batch.rows for batch in alike)
                self._drop(alike[0].model_id, Stream.INFERENCES, DropReason.CORRUPTION, rows)
            else:
                self._fold_table(model, join_batches(alike))

    def _fold_table(self, model: Model, batch: InferenceBatch) -> None:
        times = batch.times_ms
        assert times is not None  # joined batches have times
        segments = model.fold.segments(batch)
        for start_s, places in split_by_window(times, model.spec.window):
            part, own = batch, segments
            if places.size < batch.rows:
                part, own = take_rows(batch, places), segments[places]
            self._add(model, start_s, Section.FEATURES, model.fold.features_by_segment(part, own))
            self._remember(model, start_s, part, own)

    def _remember(self, model: Model, start_s: int, batch: InferenceBatch, segments: Masks) -> None:
        if not any(batch.ids):
            return
        records = model.fold.predictions(batch, segments).to_records()
        expires_ms = batch.received_ms + model.spec.window.label_horizon_s * 1_000
        self.remembered += [
            Remembered(model.spec.model_id, id_, model.digest, start_s, record, expires_ms)
            for id_, record in zip(batch.ids, records, strict=True)
            if id_
        ]

    def labels(self, batches: Sequence[RowBatch]) -> None:
        for stored in batches:
            batch = self._read(stored, decode_labels)
            if batch is not None:
                self._join(batch)

    def _join(self, batch: LabelBatch) -> None:
        """Find the predictions of some labels and fold them, window by window."""
        model_id = batch.model_id
        known = self._recall(model_id, batch.ids)
        there = _present(batch.labels)
        places: dict[tuple[bytes, int], list[int]] = {}
        unmatched = 0
        for place, id_ in enumerate(batch.ids):
            if not there[place]:
                continue
            found = known.get(id_)
            if found is None or (model_id, id_) in self.joined:
                unmatched += 1
                continue
            self.joined[model_id, id_] = found
            places.setdefault((found.digest, found.start_s), []).append(place)
        self._drop(model_id, Stream.LABELS, DropReason.UNMATCHED, unmatched)
        empty = int(there.size - np.count_nonzero(there))
        self._drop(model_id, Stream.LABELS, DropReason.MALFORMED, empty)
        for (digest, start_s), at in places.items():
            self._fold_labels(digest, start_s, batch, [known[batch.ids[i]] for i in at], at)

    def _fold_labels(
        self,
        digest: bytes,
        start_s: int,
        batch: LabelBatch,
        found: Sequence[Remembered],
        places: Sequence[int],
    ) -> None:
        model = self._find(digest)
        if model is None:
            self._drop(batch.model_id, Stream.LABELS, DropReason.CORRUPTION, len(found))
            return
        predictions = Predictions.of_records(model.spec, [r.record for r in found])
        targets = take_column(batch.labels, np.array(places, np.intp))
        by_segment = model.fold.labels_by_segment(predictions, targets)
        self._add(model, start_s, Section.LABELS, by_segment)

    def _add(
        self, model: Model, start_s: int, section: Section, sums: Sequence[SegmentSum]
    ) -> None:
        length_s, size = model.spec.window.granularity_s, model.fold.layout.sizes[section]
        ready_ms = self._policy.ready_ms(start_s + length_s, self._now_ms)
        for each in sums:
            key = WindowKey(model.spec.model_id, model.digest, each.segment, start_s, section)
            self.sums.append(
                Sum(
                    *(key, length_s, each.rows, size, each.vector, ready_ms),
                    rows_min=model.spec.privacy.minimum_rows,
                    bare=model.seal.owes(section),
                )
            )

    def _read(self, stored: RowBatch, decode: Callable[[bytes], Batch]) -> Batch | None:
        try:
            return decode(stored.body)
        except WhiteboxError:
            self._drop(stored.model_id, stored.stream, DropReason.CORRUPTION, stored.rows)
            return None

    def _drop(self, model_id: str, stream: Stream, reason: DropReason, rows: int) -> None:
        if rows:
            self.drops.append(Drop(model_id, stream, reason, rows))


def _present(labels: Column) -> npt.NDArray[np.bool_]:
    """Which labels say something: a missing one does not."""
    return labels.codes != MISSING if isinstance(labels, Codes) else ~np.isnan(labels)
