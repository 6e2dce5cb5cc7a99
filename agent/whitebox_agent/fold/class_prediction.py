"""A classifier's predictions into the features section: classes, score bins, probability mass."""

from __future__ import annotations

from itertools import zip_longest

import numpy as np
import numpy.typing as npt

from whitebox_agent.fold.prediction import UNKNOWN, Predictions
from whitebox_agent.fold.scores import calibrated, probability_mass, score_bins
from whitebox_wire.layout import ClassPredictionBlock, ScoreBlock
from whitebox_wire.messages import MISSING
from whitebox_wire.spec import Calibrator, ModelSpec
from whitebox_wire.vector import FloatArray, IntVector


class ClassPredictionFold:
    """Folds predictions of one spec's classes."""

    def __init__(self, spec: ModelSpec, block: ClassPredictionBlock) -> None:
        self._bins = spec.prediction.score_bins
        self._columns: tuple[tuple[int, ScoreBlock, Calibrator | None], ...] = tuple(
            zip_longest(spec.positive_classes, block.scores, spec.prediction.calibrators)
        )
        self._block = block

    def fold(self, predictions: Predictions, vector: IntVector) -> None:
        """Add rows to a features vector.

        A row whose class is unknown or missing is in no score bin; a score that is missing or
        invalid, of a row whose class is known, is unscored.
        """
        block, classes = self._block, predictions.classes
        count = block.predicted.stop - block.predicted.start
        found = np.bincount(classes.astype(np.intp) - UNKNOWN, minlength=count - UNKNOWN)
        vector[block.unknown] += found[0]
        vector[block.missing] += found[MISSING - UNKNOWN]
        vector[block.predicted] += found[-UNKNOWN:]
        known = classes >= 0
        for k, (positive, scores, calibrator) in enumerate(self._columns):
            column = predictions.scores[:, k]
            valid = known & ~np.isnan(column)
            vector[scores.unscored] += np.count_nonzero(known) - np.count_nonzero(valid)
            chosen = classes[valid] == positive
            self._fold_scores(column[valid], chosen, scores, calibrator, vector)

    def _fold_scores(
        self,
        scores: FloatArray,
        chosen: npt.NDArray[np.bool_],
        block: ScoreBlock,
        calibrator: Calibrator | None,
        vector: IntVector,
    ) -> None:
        """Rows predicted to be of the column's class first, the others behind them."""
        bins = self._bins
        at = score_bins(scores, bins) + bins * ~chosen
        found = np.bincount(at, minlength=2 * bins)
        mass = probability_mass(calibrated(scores, calibrator), at, 2 * bins)
        vector[block.bins] += found[:bins]
        vector[block.other_bins] += found[bins:]
        vector[block.mass] += mass[:bins]
        vector[block.other_mass] += mass[bins:]
