"""The model whose rows are measured: its spec, and rows of it in every form a caller may hold.

Bins come from other draws of the same laws, as they would from a training set. Rows have the
predicted class that every inference has, and where the model is scored its probability: Whitebox
folds these columns as well, though its cost is told for each value of the features, which is all
that peers are given.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from tests.bench.data import VOCABULARY, Drawn, Floats, Texts, draw
from whitebox_agent.fold import ModelFold
from whitebox_agent.table import Encoder, Table, read_table
from whitebox_wire.bins import categorical_bins, numeric_bins
from whitebox_wire.codec import encode_spec, spec_digest
from whitebox_wire.messages import InferenceBatch
from whitebox_wire.spec import Calibrator, Feature, ModelKind, ModelSpec, Prediction, Target

MODEL_ID = "bench"
CLASSES = ("no", "yes")
TRAINING_ROWS = 20_000
TRAINING_SEED, LIVE_SEED, SCORE_SEED = 1, 0, 2


_UNSCORED = Prediction("prediction", classes=CLASSES)
_SCORED = replace(
    _UNSCORED,
    score_columns=("score",),
    score_bins=20,
    calibrators=(Calibrator((0.0, 0.5, 1.0), (0.1, 0.4, 0.9)),),
)


@dataclass(frozen=True, slots=True)
class Shape:
    """How many features of either kind a model has, and whether it gives scores."""

    floats: int
    texts: int = 0
    scored: bool = False

    @property
    def features(self) -> int:
        return self.floats + self.texts


FLOATS = Shape(50)
SCORED = Shape(50, scored=True)
MIXED = Shape(40, 10)


@dataclass(frozen=True, slots=True)
class Subject:
    """A spec with the agent's tools for it."""

    shape: Shape
    spec: ModelSpec
    spec_bytes: bytes
    encoder: Encoder
    fold: ModelFold

    @staticmethod
    def of(shape: Shape) -> Subject:
        training = draw(TRAINING_ROWS, shape.floats, shape.texts, seed=TRAINING_SEED)
        spec = ModelSpec(
            model_id=MODEL_ID,
            kind=ModelKind.BINARY,
            features=tuple(_feature(name, column) for name, column in training.items()),
            prediction=_SCORED if shape.scored else _UNSCORED,
            target=Target("y"),
        ).check()
        spec_bytes = encode_spec(spec)
        encoder = Encoder(spec, spec_digest(spec_bytes))
        return Subject(shape, spec, spec_bytes, encoder, ModelFold(spec))


@dataclass(frozen=True, slots=True)
class Rows:
    """Live rows: the features alone, as peers have them, and what the model said of each."""

    features: Drawn
    predictions: list[str]
    scores: Floats

    @staticmethod
    def of(shape: Shape, rows: int) -> Rows:
        scores = np.random.default_rng(SCORE_SEED).uniform(size=rows)
        predictions = [CLASSES[score >= 0.5] for score in scores.tolist()]
        return Rows(draw(rows, shape.floats, shape.texts, seed=LIVE_SEED), predictions, scores)

    @property
    def columns(self) -> dict[str, Floats | Texts | list[str]]:
        """What an inference of a scored model has; other models do not look at the score."""
        return {**self.features, "prediction": self.predictions, "score": self.scores}

    def frame(self) -> pd.DataFrame:
        return pd.DataFrame(self.columns)

    def batch(self, subject: Subject) -> InferenceBatch:
        """The rows encoded by the subject's spec."""
        return encoded(subject, read_table(self.columns))


def encoded(subject: Subject, table: Table) -> InferenceBatch:
    return subject.encoder.batch(table, received_ms=0)


def _feature(name: str, column: Floats | Texts) -> Feature:
    if isinstance(column, list):
        return Feature(name, categorical_bins({word: column.count(word) for word in VOCABULARY}))
    return Feature(name, numeric_bins(np.sort(column[~np.isnan(column)])))
