"""Our side of the experiments: a model made of reference rows, and windows folded as agents do.

The whole path is taken: bins from the reference, the agent's fold, the hub's evaluation. The model
is binary, predicts "yes" for a share of the rows and is right for a share of those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tests.bench.stats.rows import CATEGORIES, Law
from whitebox_agent.fold import ModelFold
from whitebox_hub.monitor import ModelContext, WindowVectors
from whitebox_wire.bins import categorical_bins, numeric_bins
from whitebox_wire.layout import Section
from whitebox_wire.messages import Codes, Column, InferenceBatch
from whitebox_wire.spec import Feature, ModelKind, ModelSpec, Prediction, Target
from whitebox_wire.vector import FloatArray, IntVector

HOUR_S = 3_600
CLASSES = ("no", "yes")
YES_SHARE, RIGHT_SHARE = 0.28, 0.85


@dataclass(frozen=True, slots=True)
class Subject:
    """A model with its reference, and the fold that its agents have."""

    laws: tuple[Law, ...]
    fold: ModelFold
    context: ModelContext

    @staticmethod
    def of(laws: Sequence[Law], reference: FloatArray, *, labelled: bool = False) -> Subject:
        """The model of a reference, shape [rows, columns], whose columns follow the laws."""
        columns = zip(laws, reference.T, strict=True)
        spec = ModelSpec(
            model_id="bench",
            kind=ModelKind.BINARY,
            features=tuple(_feature(i, law, column) for i, (law, column) in enumerate(columns)),
            prediction=Prediction("prediction", classes=CLASSES),
            target=Target("y"),
        ).check()
        fold = ModelFold(spec)
        vectors = _fold(fold, tuple(laws), reference, 0, labelled=labelled)
        context = ModelContext(spec, fold.layout, vectors)
        return Subject(tuple(laws), fold, context)

    @property
    def features(self) -> set[str]:
        """The names of the features: their places."""
        return {feature.name for feature in self.context.spec.features}

    def window(self, rows: FloatArray, number: int, *, labelled: bool = False) -> WindowVectors:
        """The n-th hour's rows, folded; its outcomes are drawn from its number."""
        vectors = _fold(self.fold, self.laws, rows, number + 1, labelled=labelled)
        return WindowVectors(0, number * HOUR_S, HOUR_S, vectors)


def _feature(place: int, law: Law, column: FloatArray) -> Feature:
    if not law.categorical:
        return Feature(str(place), numeric_bins(np.sort(column)))
    counts = np.bincount(column.astype(np.intp), minlength=len(CATEGORIES)).tolist()
    known = {name: count for name, count in zip(CATEGORIES, counts, strict=True) if count}
    return Feature(str(place), categorical_bins(known))


def _fold(
    fold: ModelFold, laws: tuple[Law, ...], rows: FloatArray, seed: int, *, labelled: bool
) -> dict[Section, IntVector]:
    count = len(rows)
    columns: dict[str, Column] = {}
    for place, (law, column) in enumerate(zip(laws, rows.T, strict=True)):
        columns[str(place)] = (
            Codes(column.astype(np.int32), CATEGORIES)
            if law.categorical
            else np.ascontiguousarray(column)
        )
    rng = np.random.default_rng(seed)
    predicted = rng.uniform(size=count) < YES_SHARE
    columns["prediction"] = Codes(predicted.astype(np.int32), CLASSES)
    batch = InferenceBatch("bench", count, columns, received_ms=0)
    vectors = {Section.FEATURES: fold.features(batch)}
    if labelled:
        right = rng.uniform(size=count) < RIGHT_SHARE
        targets = Codes((predicted == right).astype(np.int32), CLASSES)
        vectors[Section.LABELS] = fold.labels(fold.predictions(batch), targets)
    return vectors
