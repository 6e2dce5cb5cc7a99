"""Thirty days in which nothing happens: hourly windows of 200 rows and 50 features."""

from __future__ import annotations

from itertools import count

import numpy as np

from whitebox_hub.monitor import ModelContext, Verdict, WindowVectors
from whitebox_hub.monitor.defaults import default_monitors
from whitebox_hub.monitor.evaluate import evaluate
from whitebox_wire.bins import numeric_bins
from whitebox_wire.layout import ClassLabelBlock, ClassPredictionBlock, Layout, Section
from whitebox_wire.spec import CategoricalBins, Feature, ModelKind, ModelSpec, Prediction, Target
from whitebox_wire.vector import IntVector, zeros

NUMERIC, CATEGORICAL, WINDOWS, ROWS, REFERENCE_ROWS = 40, 10, 720, 200, 20_000
SHARES = np.array([0.4, 0.25, 0.15, 0.1, 0.05, 0.03, 0.015, 0.005, 0.0, 0.0])


def model(rng: np.random.Generator) -> ModelSpec:
    numeric = [
        Feature(f"x{i}", numeric_bins(np.sort(rng.lognormal(sigma=0.3 + i % 4, size=2_000))))
        for i in range(NUMERIC)
    ]
    jobs = CategoricalBins(tuple(f"job {i}" for i in range(SHARES.size - 2)))
    categorical = [Feature(f"c{i}", jobs) for i in range(CATEGORICAL)]
    prediction = Prediction("prediction", classes=("no", "yes"))
    return ModelSpec("m", ModelKind.BINARY, (*numeric, *categorical), prediction, Target("y"))


def rows(layout: Layout, rng: np.random.Generator, count: int) -> dict[Section, IntVector]:
    features, labels = zeros(layout, Section.FEATURES), zeros(layout, Section.LABELS)
    features[layout.rows] = count
    for i, block in enumerate(layout.features):
        missing = int(rng.binomial(count, 0.02))
        cells = block.bins.stop - block.bins.start
        # Mass as uneven as that of a reference's own cells: an even core between thin tails.
        shares = np.minimum(np.arange(cells) + 0.1, 5.0) if i < NUMERIC else SHARES
        features[block.missing] = missing
        features[block.bins] = rng.multinomial(count - missing, shares / shares.sum())
    prediction, truth = layout.prediction, layout.labels
    assert isinstance(prediction, ClassPredictionBlock)
    assert isinstance(truth, ClassLabelBlock)
    features[prediction.predicted] = rng.multinomial(count, (0.72, 0.28))
    labels[truth.rows] = count
    labels[truth.confusion] = rng.multinomial(count, (0.6, 0.08, 0.12, 0.2))
    return {Section.FEATURES: features, Section.LABELS: labels}


def test_default_monitors_raise_no_more_than_their_budget_of_false_alarms() -> None:
    alarms = 0
    for seed in (0, 1):
        rng = np.random.default_rng(seed)
        spec = model(rng)
        layout = Layout.of(spec)
        context = ModelContext(spec, layout, rows(layout, rng, REFERENCE_ROWS))
        monitors = default_monitors(spec, map(str, count()).__next__, 0)
        for hour in range(WINDOWS):
            window = WindowVectors(0, hour * 3_600, 3_600, rows(layout, rng, ROWS))
            findings = evaluate(context, window, monitors)
            alarms += sum(f.verdict is Verdict.VIOLATED for f in findings)

    assert alarms <= 3
