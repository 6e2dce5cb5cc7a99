"""The last look: every row folded into a data set's own vectors, whole and by segment."""

from __future__ import annotations

from whitebox_agent.fold import ModelFold, SegmentSum
from whitebox_agent.profile.progress import Meter
from whitebox_agent.profile.source import Source
from whitebox_agent.table import Encoder
from whitebox_wire.codec import Reference
from whitebox_wire.layout import Layout, Section
from whitebox_wire.messages import Dataset
from whitebox_wire.spec import ModelSpec
from whitebox_wire.vector import IntVector, add, zeros


def fold_references(
    source: Source, dataset: Dataset, spec: ModelSpec, *, labelled: bool, meter: Meter
) -> tuple[Reference, ...]:
    """The references of a data set, folded as an agent folds live rows: of every row, then of each
    segment that has predicates. Labels of agents are taken as carried; a segment of labels alone
    has no rows of its own here, and is compared with every row.

    `labelled` says that rows hold predictions beside their targets: then there are labels sections.
    """
    encoder, fold = Encoder(spec, b""), ModelFold(spec)
    tested = [number for number, segment in enumerate(spec.segments, start=1) if segment.where]
    sums = {number: _Sums(fold.layout, labelled=labelled) for number in (0, *tested)}
    meter.begin(f"counting the {dataset.value} set", source.rows)
    for table in source.chunks():
        batch = encoder.batch(table, received_ms=0)
        segments = fold.segments(batch)
        for each in fold.features_by_segment(batch, segments):
            if each.segment in sums:
                sums[each.segment].add(Section.FEATURES, each)
        if labelled:
            predictions = fold.predictions(batch, segments)
            for each in fold.labels_by_segment(predictions, encoder.targets(table)):
                if each.segment in sums:
                    sums[each.segment].add(Section.LABELS, each)
        meter.add(table.rows)
    return tuple(
        Reference(dataset, found.rows, found.vectors, segment) for segment, found in sums.items()
    )


class _Sums:
    """What one reference adds up."""

    def __init__(self, layout: Layout, *, labelled: bool) -> None:
        sections = (Section.FEATURES, Section.LABELS) if labelled else (Section.FEATURES,)
        self.vectors: dict[Section, IntVector] = {s: zeros(layout, s) for s in sections}
        self.rows = 0

    def add(self, section: Section, part: SegmentSum) -> None:
        self.vectors[section] = add(self.vectors[section], part.vector)
        if section is Section.FEATURES:
            self.rows += part.rows
