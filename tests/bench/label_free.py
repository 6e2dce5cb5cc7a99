"""Our estimates without labels beside NannyML's, from the golden files of `nannyml_cbpe.py`.

Reference rows give calibrators as `profile` makes them, chunks are folded as an agent folds them,
and the hub's statistics estimate. Scores of the golden files are known to a thousandth.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from whitebox_agent.fold.class_prediction import ClassPredictionFold
from whitebox_agent.fold.prediction import Predictions, record_type
from whitebox_agent.profile.calibrate import IDENTITY, calibrate
from whitebox_hub.statistics.cbpe import (
    ClassificationEstimate,
    estimate_binary,
    estimate_multi_class,
)
from whitebox_wire.layout import ClassPredictionBlock, Layout, Section
from whitebox_wire.spec import (
    Calibrator,
    Feature,
    ModelKind,
    ModelSpec,
    NumericBins,
    Prediction,
    Target,
)
from whitebox_wire.vector import FloatArray, IntVector, zeros

GOLDEN = Path(__file__).parents[1] / "hub" / "statistics" / "golden" / "cbpe.json"
SCORE_BINS = 100


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one data set: chunk (-1 is the reference), true and predicted class, scores.

    Shape [rows], and [score columns, rows].
    """

    chunk: IntVector
    target: IntVector
    predicted: IntVector
    scores: FloatArray

    def take(self, which: npt.NDArray[np.bool_]) -> Rows:
        return Rows(
            self.chunk[which], self.target[which], self.predicted[which], self.scores[:, which]
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """One metric's values by chunk: ours, NannyML's and the realised ones; float64."""

    ours: FloatArray
    theirs: FloatArray
    realised: FloatArray

    @property
    def from_theirs(self) -> float:
        """The mean absolute difference to NannyML's estimates."""
        return float(np.abs(self.ours - self.theirs).mean())

    @property
    def from_realised(self) -> float:
        return float(np.abs(self.ours - self.realised).mean())

    @property
    def theirs_from_realised(self) -> float:
        return float(np.abs(self.theirs - self.realised).mean())


def compare(golden: Path = GOLDEN) -> dict[str, dict[str, Comparison]]:
    """By data set and metric."""
    said = json.loads(golden.read_text())
    with np.load(golden.with_suffix(".npz")) as arrays:
        return {
            name: _compare(document, _rows(arrays[name], said["score_steps"]))
            for name, document in said["sets"].items()
        }


def figures(compared: dict[str, dict[str, Comparison]]) -> dict[str, float]:
    """Flat figures: the worst of the two binary sets."""
    aurocs = [compared[name]["roc_auc"] for name in ("census", "car_loan")]
    return {
        "cbpe_auroc_vs_nannyml": max(auroc.from_theirs for auroc in aurocs),
        "cbpe_auroc_vs_realised": max(auroc.from_realised for auroc in aurocs),
        "nannyml_auroc_vs_realised": max(auroc.theirs_from_realised for auroc in aurocs),
    }


def _rows(table: npt.NDArray[np.int16], steps: int) -> Rows:
    """Counted rows, one by one; a score lies in the middle of its step."""
    chunk, target, predicted, *scores = table[:-1].astype(np.int64).repeat(table[-1], axis=1)
    middle = np.minimum((np.array(scores) + 0.5) / steps, 1.0)
    return Rows(chunk, target, predicted, middle)


def _compare(document: dict[str, Any], rows: Rows) -> dict[str, Comparison]:
    estimates = list(_estimates(rows))
    return {
        metric: Comparison(
            np.array([estimate.metrics[metric].value for estimate in estimates]),
            np.array(theirs),
            np.array(document["realised"][metric]),
        )
        for metric, theirs in document["estimated"].items()
    }


def _estimates(rows: Rows) -> Iterator[ClassificationEstimate]:
    """Estimates of the chunks, in order."""
    spec = _spec(rows.take(rows.chunk < 0))
    layout = Layout.of(spec)
    block = layout.prediction
    assert isinstance(block, ClassPredictionBlock)
    fold = ClassPredictionFold(spec, block)
    for number in range(int(rows.chunk.max()) + 1):
        part = rows.take(rows.chunk == number)
        records = np.empty(part.target.size, record_type(spec))
        records["class"], records["scores"] = part.predicted, part.scores.T
        vector = zeros(layout, Section.FEATURES)
        fold.fold(Predictions(records), vector)
        if spec.kind is ModelKind.BINARY:
            yield estimate_binary(vector, block.scores[0])
        else:
            yield estimate_multi_class(vector, block.scores)


def _spec(reference: Rows) -> ModelSpec:
    columns = len(reference.scores)
    classes = tuple(str(place) for place in range(max(columns, 2)))
    positive = (1,) if columns == 1 else range(columns)
    calibrators: tuple[Calibrator, ...] = tuple(
        calibrate(scores, reference.target == place)[0] or IDENTITY
        for scores, place in zip(reference.scores, positive, strict=True)
    )
    return ModelSpec(
        "golden",
        ModelKind.BINARY if columns == 1 else ModelKind.MULTI_CLASS,
        (Feature("none", NumericBins((0.0,), 0.0, 1.0)),),
        Prediction(
            "said", classes, tuple(f"score_{i}" for i in range(columns)), SCORE_BINS, calibrators
        ),
        Target("true"),
    ).check()
