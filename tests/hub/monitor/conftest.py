"""Three small models with references, and windows of rows drawn for them.

Rows are folded plainly from the layout. What a window holds is said by its arguments: how far
`age` has moved (in standard deviations), the share of missing ages, of rows with a job that
training never held, and of wrong predictions (for a regression model: how large errors are).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from whitebox_hub.monitor import ModelContext, WindowVectors
from whitebox_wire.layout import (
    CategoricalBlock,
    ClassLabelBlock,
    ClassPredictionBlock,
    Layout,
    NumericBlock,
    RegressionLabelBlock,
    Section,
)
from whitebox_wire.spec import (
    CategoricalBins,
    ExplanationPolicy,
    ExplanationSpace,
    Feature,
    LossSplit,
    LossTree,
    ModelKind,
    ModelSpec,
    NumericBins,
    NumericRange,
    Predicate,
    Prediction,
    Segment,
    Target,
)
from whitebox_wire.vector import ONE, FloatArray, IntVector, zeros

HOUR_S = 3_600
AGES = NumericBins(tuple(float(e) for e in range(15, 70, 5)), 40.0, 10.0)
INCOMES = NumericBins(tuple(float(e) for e in range(100, 1_000, 100)), 500.0, 200.0)
JOBS = ("clerk", "driver", "nurse")
LEVELS = ("low", "mid", "high")
SCORE_BINS = 10
# Rows below the age of 40 are predicted better.
LOSS_TREE = LossTree((LossSplit(0, 40.0, -1, -2),), means=(10.0, 30.0), deviations=(8.0, 20.0))

Vectors = Mapping[Section, IntVector]


def spec_of(kind: ModelKind) -> ModelSpec:
    prediction, target = {
        ModelKind.BINARY: (
            Prediction("prediction", ("no", "yes"), ("score",), SCORE_BINS),
            Target("y"),
        ),
        ModelKind.MULTI_CLASS: (
            Prediction("prediction", LEVELS, tuple(f"score_{c}" for c in LEVELS), SCORE_BINS),
            Target("y"),
        ),
        ModelKind.REGRESSION: (
            Prediction("prediction", value=INCOMES),
            Target("y", INCOMES, error_edges=(50.0, 100.0)),
        ),
    }[kind]
    features = (Feature("age", AGES), Feature("job", CategoricalBins(JOBS)))
    young, old = NumericRange(0.0, 40.0), NumericRange(40.0, 200.0)
    segments = tuple(
        Segment(name, (Predicate("age", ages),)) for name, ages in (("young", young), ("old", old))
    )
    tree = LOSS_TREE if kind is ModelKind.REGRESSION else None
    outputs = len(LEVELS) if kind is ModelKind.MULTI_CLASS else 1
    return ModelSpec(
        "m",
        kind,
        features,
        prediction,
        target,
        segments=segments,
        explanation=ExplanationPolicy(ExplanationSpace.MARGIN, (0.5,) * outputs),
        loss_tree=tree,
    ).check()


def fill(vector: IntVector, block: NumericBlock, bins: NumericBins, values: FloatArray) -> None:
    """Count values, and add up what a numeric block adds up."""
    cells = np.searchsorted(bins.edges, values, side="right")
    vector[block.bins] = np.bincount(cells, minlength=bins.cells)
    z = (values - bins.centre) / bins.scale
    low, high = ((edge - bins.centre) / bins.scale for edge in (bins.edges[0], bins.edges[-1]))
    sums = {
        block.s1: z,
        block.s2: z * z,
        block.excess_low: np.maximum(low - z, 0.0),
        block.excess_high: np.maximum(z - high, 0.0),
    }
    for place, terms in sums.items():
        vector[place] = np.rint(terms * ONE).sum()


def fold_features(
    layout: Layout,
    rng: np.random.Generator,
    rows: int,
    *,
    shift: float = 0.0,
    missing: float = 0.02,
    new_jobs: float = 0.0,
) -> IntVector:
    vector = zeros(layout, Section.FEATURES)
    vector[layout.rows] = rows
    age, job = layout.features
    assert isinstance(age, NumericBlock)
    assert isinstance(job, CategoricalBlock)
    there = rng.uniform(size=rows) >= missing
    fill(vector, age, AGES, rng.normal(40 + 10 * shift, 10, rows)[there])
    vector[age.missing] = rows - there.sum()
    shares = [*(np.array((0.5, 0.3, 0.2)) * (1 - new_jobs)), 0.0, new_jobs]
    vector[job.bins] = rng.multinomial(rows, shares)
    block = layout.prediction
    if isinstance(block, ClassPredictionBlock):
        classes = block.predicted.stop - block.predicted.start
        counts = rng.multinomial(rows, np.full(classes, 1 / classes))
        vector[block.predicted] = counts
        _fill_predicted(vector, block, counts[-len(block.scores) :])
    else:
        fill(vector, block, INCOMES, rng.normal(500, 200, rows))
        young = int(vector[age.bins][:6].sum())
        vector[layout.leaves] = young, rows - young
    return vector


def _fill_predicted(vector: IntVector, block: ClassPredictionBlock, counts: IntVector) -> None:
    """Every row scores 0.75 for the class it is predicted to be of, and 0.25 for the others."""
    rows = int(vector[block.predicted].sum())
    for scores, count in zip(block.scores, counts.tolist(), strict=True):
        vector[scores.bins.start + 7] = count
        vector[scores.mass.start + 7] = count * 3 * ONE // 4
        vector[scores.other_bins.start + 2] = rows - count
        vector[scores.other_mass.start + 2] = (rows - count) * ONE // 4


def fold_labels(
    layout: Layout, rng: np.random.Generator, rows: int, *, wrong: float = 0.2
) -> IntVector:
    vector, block = zeros(layout, Section.LABELS), layout.labels
    vector[block.rows] = rows
    vector[block.scored] = rows
    if isinstance(block, RegressionLabelBlock):
        _fill_errors(vector, block, rng.normal(500, 200, rows), rng.normal(0, 100 * wrong, rows))
        return vector
    classes = block.targets.stop - block.targets.start
    target = rng.integers(0, classes, rows)
    predicted = (target + (rng.uniform(size=rows) < wrong)) % classes
    vector[block.confusion] = np.bincount(target * classes + predicted, minlength=classes**2)
    vector[block.targets] = np.bincount(target, minlength=classes)
    _fill_scores(vector, block, target, predicted)
    return vector


def _fill_scores(
    vector: IntVector, block: ClassLabelBlock, target: IntVector, predicted: IntVector
) -> None:
    score = np.where(predicted == 1, 0.75, 0.25)
    cells = (score * SCORE_BINS).astype(int)
    if block.positives:
        vector[block.positives[0]] = np.bincount(cells[target == 1], minlength=SCORE_BINS)
        vector[block.negatives[0]] = np.bincount(cells[target == 0], minlength=SCORE_BINS)
    truth = np.where(target == predicted, 0.75, 0.25)
    vector[block.log_loss] = np.rint(-np.log(truth) * ONE).sum()
    vector[block.brier] = np.rint((1 - truth) ** 2 * ONE).sum()


def _fill_errors(
    vector: IntVector, block: RegressionLabelBlock, target: FloatArray, error: FloatArray
) -> None:
    z, e = (target - INCOMES.centre) / INCOMES.scale, error / INCOMES.scale
    sums = {
        block.error: e,
        block.absolute_error: np.abs(e),
        block.squared_error: e**2,
        block.y: z,
        block.y_squared: z**2,
        block.percentage_error: np.abs(error / target),
    }
    for place, values in sums.items():
        vector[place] = np.rint(values * ONE).sum()
    vector[block.percentage_rows] = target.size
    fill(vector, block.target, INCOMES, target)


def fold_explanations(layout: Layout, rows: int, *attributions: float) -> IntVector:
    """Explained rows of which each feature has this mean absolute SHAP value, of each output."""
    vector, block = zeros(layout, Section.EXPLANATIONS), layout.explanations
    assert block is not None
    vector[block.rows] = rows
    for places in block.absolute:
        vector[places] = np.rint(np.array(attributions) * rows * ONE)
    return vector


def draw(layout: Layout, rows: int, seed: int, **said: float) -> Vectors:
    """All sections of so many rows; `said` is what `fold_features` and `fold_labels` take."""
    rng = np.random.default_rng(seed)
    explained = np.random.default_rng(seed).uniform(0.9, 1.1, 2) * (0.8, 0.2)
    of_labels = {name: said.pop(name) for name in ("wrong",) if name in said}
    return {
        Section.FEATURES: fold_features(layout, rng, rows, **said),
        Section.LABELS: fold_labels(layout, rng, rows, **of_labels),
        Section.EXPLANATIONS: fold_explanations(layout, rows, *explained),
    }


@pytest.fixture
def context() -> Callable[..., ModelContext]:
    """`context(kind)` is a model of a kind with 20,000 training rows and no test set."""

    def make(kind: ModelKind = ModelKind.BINARY, **changes: Any) -> ModelContext:
        spec = spec_of(kind)
        layout = Layout.of(spec)
        return ModelContext(spec, layout, **{"training": draw(layout, 20_000, 1), **changes})

    return make


@pytest.fixture
def vectors() -> Callable[..., Vectors]:
    """`vectors(context, rows, ...)` are all sections of rows drawn for a model."""

    def make(context: ModelContext, rows: int = 1_000, *, seed: int = 2, **said: float) -> Vectors:
        return draw(context.layout, rows, seed, **said)

    return make


@pytest.fixture
def window(vectors: Callable[..., Vectors]) -> Callable[..., WindowVectors]:
    """`window(context, rows, ...)` is an hour of such rows."""

    def make(context: ModelContext, rows: int = 1_000, **said: float) -> WindowVectors:
        return WindowVectors(0, 0, HOUR_S, vectors(context, rows, **said))

    return make
