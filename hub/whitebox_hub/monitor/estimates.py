"""What a window should have performed like, as far as it can be told without its labels.

Scores say it of a classifier (CBPE), the leaves of the loss tree of a regression model (DLE).
Knows neither monitors nor findings: a spec's vectors go in, estimates come out. Needs numpy alone:
what imports the context of a model must not need scipy (the commands explain themselves without).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from whitebox_hub.statistics.cbpe import (
    METRICS,
    ClassificationEstimate,
    estimate_binary,
    estimate_multi_class,
)
from whitebox_hub.statistics.dle import METRICS as REGRESSION_METRICS
from whitebox_hub.statistics.dle import estimate_regression
from whitebox_hub.statistics.estimate import Estimate
from whitebox_hub.statistics.reference_range import outside
from whitebox_wire.layout import ClassPredictionBlock, Layout, Section
from whitebox_wire.spec import ModelKind, ModelSpec
from whitebox_wire.vector import FloatArray, IntVector

NO_SCORES = "the model's spec names no scores, which an estimate needs"
NO_TREE = "the model's spec has no loss tree: profile data with predictions that differ in error"
NAMED_MAX = 3
_CELLS = ("true_positive", "false_positive", "false_negative", "true_negative")

Vectors = Mapping[Section, IntVector]


@dataclass(frozen=True, slots=True)
class Estimates:
    """A metric is in `metrics`, or a reason in `reasons`. `confusion` is a binary model's.

    `error` is the mean of rows' expected errors (the share of wrong classes, or the absolute
    error) and `error_square` that of their squares. None where no row can be judged.
    """

    rows: int
    metrics: Mapping[str, Estimate]
    reasons: Mapping[str, str]
    confusion: Mapping[str, Estimate] = field(default_factory=dict)
    error: float | None = None
    error_square: float | None = None


@dataclass(frozen=True, slots=True)
class EstimateReference:
    """What estimates are compared with. Each is None where the reference does not have it.

    `error` is the reference's own estimate; `estimates` its metrics. `leaves` counts its rows by
    leaf, shape [leaves]. `cells` are all features sections added up.
    """

    estimates: Estimates | None
    leaves: FloatArray | None
    cells: IntVector | None

    @staticmethod
    def of(
        spec: ModelSpec, layout: Layout, training: Vectors | None, test: Vectors | None
    ) -> EstimateReference:
        """The test set's, where it has predictions, else the training set's."""
        sets = (test, training)
        vectors = [v[Section.FEATURES] for v in sets if v and Section.FEATURES in v]
        cells = np.add.reduce(vectors, dtype=np.int64) if vectors else None
        for vector in vectors:
            leaves = leaf_counts(layout, vector)
            found = estimates_of(spec, layout, vector, leaves)
            if found is not None and found.rows:
                return EstimateReference(found, leaves, cells)
        return EstimateReference(None, None, cells)


def leaf_counts(layout: Layout, vector: IntVector) -> FloatArray | None:
    """Rows by leaf, float64, shape [leaves]; None for a spec without a loss tree."""
    if layout.leaves is None:
        return None
    return np.maximum(vector[layout.leaves], 0).astype(np.float64)


def metrics_of(kind: ModelKind) -> tuple[str, ...]:
    """The metrics that are estimated of a kind of model."""
    return REGRESSION_METRICS if kind is ModelKind.REGRESSION else METRICS


def estimates_of(
    spec: ModelSpec, layout: Layout, vector: IntVector, known: FloatArray | None
) -> Estimates | None:
    """Estimates from a features section; None where the spec has neither scores nor a loss tree.

    `known` are the reference's rows by leaf.
    """
    block, leaves = layout.prediction, leaf_counts(layout, vector)
    if isinstance(block, ClassPredictionBlock):
        if not block.scores:
            return None
        if spec.kind is ModelKind.BINARY:
            return _classification(estimate_binary(vector, block.scores[0]))
        return _classification(estimate_multi_class(vector, block.scores))
    if leaves is None or spec.loss_tree is None:
        return None
    said = estimate_regression(leaves, spec.loss_tree, known)
    mean = said.metrics.get("mean_absolute_error")
    return Estimates(
        said.rows,
        said.metrics,
        said.reasons,
        error=mean.value if mean else None,
        error_square=said.mean_square,
    )


def _classification(said: ClassificationEstimate) -> Estimates:
    accuracy = said.metrics.get("accuracy")
    cells = {name: getattr(said, name) for name in _CELLS}
    return Estimates(
        said.rows,
        said.metrics,
        said.reasons,
        {name: cell for name, cell in cells.items() if cell is not None},
        error=1.0 - accuracy.value if accuracy else None,
        error_square=said.error_square,
    )


def range_warning(
    spec: ModelSpec, layout: Layout, reference: IntVector | None, live: IntVector
) -> str | None:
    """A clause that names the features whose values leave the reference's range, if any do."""
    if reference is None:
        return "there is no reference whose range the inputs could be compared with"
    found = outside(layout.features, reference, live)
    worst = found.warned()
    if not worst:
        return None
    share = found.share
    named = [f"{spec.counted[i].name} ({share[i]:.1%})" for i in worst[:NAMED_MAX]]
    if len(worst) > NAMED_MAX:
        named.append(f"and {len(worst) - NAMED_MAX} more")
    return f"estimates may be wrong where inputs leave the reference's range: {', '.join(named)}"
