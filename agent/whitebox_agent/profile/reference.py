"""The last look: every row folded into a data set's own vectors."""

from __future__ import annotations

from whitebox_agent.fold import ModelFold
from whitebox_agent.profile.progress import Meter
from whitebox_agent.profile.source import Source
from whitebox_agent.table import Encoder
from whitebox_wire.codec import Reference
from whitebox_wire.layout import Section
from whitebox_wire.messages import Dataset
from whitebox_wire.spec import ModelSpec
from whitebox_wire.vector import add, zeros


def fold_reference(
    source: Source, dataset: Dataset, spec: ModelSpec, *, labelled: bool, meter: Meter
) -> Reference:
    """The reference of a data set, folded as an agent folds live rows.

    `labelled` says that rows hold predictions beside their targets: then it has a labels section.
    """
    encoder, fold = Encoder(spec, b""), ModelFold(spec)
    features, labels = zeros(fold.layout, Section.FEATURES), zeros(fold.layout, Section.LABELS)
    rows = 0
    meter.begin(f"counting the {dataset.value} set", source.rows)
    for table in source.chunks():
        batch = encoder.batch(table, received_ms=0)
        features = add(features, fold.features(batch))
        if labelled:
            targets = encoder.targets(table)
            labels = add(labels, fold.labels(fold.predictions(batch), targets))
        rows += table.rows
        meter.add(table.rows)
    vectors = {Section.FEATURES: features}
    if labelled:
        vectors[Section.LABELS] = labels
    return Reference(dataset, rows, vectors)
