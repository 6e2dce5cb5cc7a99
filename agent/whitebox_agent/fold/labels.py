"""Labelled rows into the labels section: how predictions compare with what came true.

Scores are judged as the model gave them; calibration is for estimates without labels. A row whose
label is missing or of no class is counted as such, so that no row is lost silently.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from whitebox_agent.fold.batch import numbers_of
from whitebox_agent.fold.numeric import Kernel, NumericFold
from whitebox_agent.fold.prediction import Predictions
from whitebox_agent.fold.scores import brier_scores, fixed_sum, log_losses, score_bins
from whitebox_agent.fold.vocabulary import Vocabulary
from whitebox_wire.layout import ClassLabelBlock, Layout, RegressionLabelBlock
from whitebox_wire.messages import MISSING, Column
from whitebox_wire.spec import ModelKind, ModelSpec
from whitebox_wire.vector import CLIP, ONE, FloatArray, IntVector

_LIMIT = float(CLIP * ONE)


def label_fold(
    spec: ModelSpec, layout: Layout, *, kernel: Kernel | None = None
) -> ClassLabelFold | RegressionLabelFold:
    """The fold of a spec's labels."""
    block = layout.labels
    if isinstance(block, ClassLabelBlock):
        return ClassLabelFold(spec, block)
    return RegressionLabelFold(spec, block, kernel=kernel)


class ClassLabelFold:
    """Folds labels of a classifier.

    A row is scored when its target is known and all of its scores are valid; score bins, log loss
    and Brier score are sums over scored rows, whatever was predicted.
    """

    def __init__(self, spec: ModelSpec, block: ClassLabelBlock) -> None:
        self._classes = Vocabulary(spec.target.column, spec.prediction.classes)
        self._count = len(spec.prediction.classes)
        self._bins = spec.prediction.score_bins
        self._positive = spec.positive_classes
        self._binary = spec.kind is ModelKind.BINARY
        self._block = block

    def fold(self, predictions: Predictions, targets: Column, vector: IntVector) -> None:
        """Add rows (targets belong to predictions, in order) to a labels vector.

        Raises:
            MalformedError: a code of the targets points nowhere.
        """
        block, count = self._block, self._count
        places = self._classes.places(targets).astype(np.intp)
        known = places >= 0
        both = known & (predictions.classes >= 0)
        pairs = places[both] * count + predictions.classes[both]
        vector[block.rows] += places.size
        vector[block.confusion] += np.bincount(pairs, minlength=count * count)
        vector[block.targets] += np.bincount(places[known], minlength=count)
        missing = np.count_nonzero(places == MISSING)
        vector[block.missing_target] += missing
        vector[block.unknown_target] += places.size - np.count_nonzero(known) - missing
        if self._positive:
            scored = known & ~np.isnan(predictions.scores).any(axis=1)
            self._fold_scores(predictions.scores[scored], places[scored], vector)

    def _fold_scores(
        self, scores: FloatArray, targets: npt.NDArray[np.intp], vector: IntVector
    ) -> None:
        block, bins = self._block, self._bins
        vector[block.scored] += len(targets)
        for k, positive in enumerate(self._positive):
            at = score_bins(scores[:, k], bins) + bins * (targets != positive)
            found = np.bincount(at, minlength=2 * bins)
            vector[block.positives[k]] += found[:bins]
            vector[block.negatives[k]] += found[bins:]
        if self._binary:
            scores = np.column_stack((1.0 - scores[:, 0], scores[:, 0]))
        vector[block.log_loss] += fixed_sum(log_losses(scores, targets) * ONE)
        vector[block.brier] += fixed_sum(brier_scores(scores, targets) * ONE)


class RegressionLabelFold:
    """Folds labels of a regression model.

    Sums are of errors over the target's scale, clipped to 1024 scales as z is in a numeric block,
    and of shares |error| / |target|, clipped alike. `error_bins` compares |error| in the target's
    own units with `spec.target.error_edges`.
    """

    def __init__(
        self, spec: ModelSpec, block: RegressionLabelBlock, *, kernel: Kernel | None
    ) -> None:
        value = spec.target.value
        assert value is not None  # a checked regression spec has bins
        self._target = NumericFold([value], [block.target], kernel=kernel)
        self._edges = np.array(spec.target.error_edges)
        self._centre, self._unit = value.centre, ONE / value.scale
        self._block = block

    def fold(self, predictions: Predictions, targets: Column, vector: IntVector) -> None:
        """Add rows (targets belong to predictions, in order) to a labels vector."""
        block = self._block
        target = numbers_of(targets, len(predictions))
        self._target.fold([target], vector)
        scored = np.isfinite(target) & ~np.isnan(predictions.value)
        y = target[scored]
        vector[block.rows] += target.size
        vector[block.scored] += y.size
        with np.errstate(over="ignore"):
            error = predictions.value[scored] - y
            self._fold_errors(error, y, vector)
            self._add(y - self._centre, block.y, block.y_squared, vector)
            self._add(error, block.error, block.squared_error, vector)

    def _fold_errors(self, error: FloatArray, y: FloatArray, vector: IntVector) -> None:
        block, absolute = self._block, np.abs(error)
        cells = self._edges.searchsorted(absolute, side="right")
        vector[block.error_bins] += np.bincount(cells, minlength=self._edges.size + 1)
        vector[block.absolute_error] += fixed_sum(np.minimum(absolute * self._unit, _LIMIT))
        some = y != 0.0
        shares = absolute[some] / np.abs(y[some])
        vector[block.percentage_rows] += shares.size
        vector[block.percentage_error] += fixed_sum(np.minimum(shares, CLIP) * ONE)

    def _add(self, values: FloatArray, first: int, second: int, vector: IntVector) -> None:
        """Add the sum of values over the scale, and the sum of their squares."""
        terms = np.clip(values * self._unit, -_LIMIT, _LIMIT)
        vector[first] += fixed_sum(terms)
        vector[second] += fixed_sum(terms * terms * (1.0 / ONE))
