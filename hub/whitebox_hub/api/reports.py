"""One window's report in Whitebox's shapes: performance, drift, integrity; and its raw counts.

Pure: from a context and a window's vectors to a document. What no row speaks of is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from whitebox_hub.api.estimates import estimated
from whitebox_hub.monitor import ModelContext, WindowVectors
from whitebox_hub.statistics.classification import binary_performance, multi_class_performance
from whitebox_hub.statistics.descriptive import categorical_summary, numeric_summary
from whitebox_hub.statistics.regression import regression_performance
from whitebox_wire.layout import FeatureBlock, NumericBlock, RegressionLabelBlock, Section
from whitebox_wire.spec import CategoricalBins, ModelKind, NumericBins
from whitebox_wire.vector import IntVector, zeros

_INTEGRITY = (
    *("missing_count", "non_missing_count", "mean", "minimum", "maximum", "sum"),
    *("standard_deviation", "variance", "invalid_count", "unseen_count", "noise_deviation"),
)

Document = dict[str, Any]
Vectors = Mapping[Section, IntVector]


def performance(context: ModelContext, window: WindowVectors) -> Document | None:
    """Realised performance beside what was to be expected; None where neither can be told.

    Realised values are None where no row is labelled yet, `estimated` where no row can be judged
    without its label. `scored_rows` are labelled rows whose target and prediction are both known.
    """
    vector = window.vectors.get(Section.LABELS)
    expected = estimated(context, window)
    if vector is None and expected["estimated"] is None:
        return None
    said = _realised(context, zeros(context.layout, Section.LABELS) if vector is None else vector)
    return {"scored_rows": said.pop("rows"), **said, **expected}


def _realised(context: ModelContext, vector: IntVector) -> Document:
    block = context.layout.labels
    if isinstance(block, RegressionLabelBlock):
        target = context.spec.target.value
        assert target is not None  # a checked regression spec has bins
        return asdict(regression_performance(vector, block, target))
    if context.spec.kind is ModelKind.BINARY:
        return asdict(binary_performance(vector, block))
    said = asdict(multi_class_performance(vector, block))
    by_class = zip(context.spec.prediction.classes, said.pop("classes"), strict=True)
    return {**said, "confusion_matrix": dict(by_class)}


def integrity(context: ModelContext, window: WindowVectors) -> Document | None:
    """Descriptive statistics by feature; None where no features have arrived."""
    vector = window.vectors.get(Section.FEATURES)
    if vector is None:
        return None
    summaries = {
        feature.name: _summary(vector, block, feature.bins)
        for feature, block in zip(context.spec.counted, context.layout.features, strict=True)
    }
    return {
        "feature_metrics": {
            statistic: {name: summary.get(statistic) for name, summary in summaries.items()}
            for statistic in _INTEGRITY
        }
    }


def _summary(
    vector: IntVector, block: FeatureBlock, bins: NumericBins | CategoricalBins
) -> Document:
    if isinstance(block, NumericBlock):
        assert isinstance(bins, NumericBins)  # blocks follow from bins
        return asdict(numeric_summary(vector, block, bins))
    return asdict(categorical_summary(vector, block))


def histograms(context: ModelContext, window: WindowVectors, feature: str) -> Document | None:
    """Counts of every cell, or of one feature's, beside those of the training set."""
    vector = window.vectors.get(Section.FEATURES)
    if vector is None:
        return None
    reference = context.training.get(Section.FEATURES) if context.training else None
    return {
        "features": {
            counted.name: {
                **_cells(counted.bins),
                **_counts(vector, block),
                "reference": None if reference is None else _counts(reference, block),
            }
            for counted, block in zip(context.spec.counted, context.layout.features, strict=True)
            if feature in {"", counted.name}
        }
    }


def _cells(bins: NumericBins | CategoricalBins) -> Document:
    """What the counts are of: cells between edges (outer ones open), or categories."""
    if isinstance(bins, NumericBins):
        return {"type": "num", "edges": list(bins.edges)}
    return {"type": "cat", "categories": list(bins.vocabulary)}


def _counts(vector: IntVector, block: FeatureBlock) -> Document:
    """For categories the last two counts are of other categories and of unseen ones."""
    return {
        "counts": vector[block.bins].tolist(),
        "missing": int(vector[block.missing]),
        "invalid": int(vector[block.invalid]),
    }
