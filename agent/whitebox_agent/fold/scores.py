"""Scores into bins, probability mass, log loss and Brier score.

Every step acts on one row alone and is rounded to fixed point before rows are added, so sums do
not depend on how rows are split. Bins and probabilities use basic operations only, which are the
same on every processor; a logarithm may differ in its last bit, at most 2**-27 of the sum's unit.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from whitebox_wire.spec import Calibrator
from whitebox_wire.vector import ONE, FloatArray, IntVector

# A probability of zero for what came true would cost an infinity.
PROBABILITY_MIN = 1e-15


def fixed_sum(terms: FloatArray) -> int:
    """The exact sum of terms that are in fixed-point units, each rounded to an integer.

    >>> fixed_sum(np.array([0.6, 1.4, -3.0]))
    -1
    """
    return int(np.rint(terms).astype(np.int64).sum())


def score_bins(scores: FloatArray, bins: int) -> npt.NDArray[np.intp]:
    """The bin of each score in [0, 1]: `floor(score * bins)`, and 1.0 in the last.

    >>> score_bins(np.array([0.0, 0.099, 0.1, 1.0]), 10).tolist()
    [0, 0, 1, 9]
    """
    return np.minimum((scores * bins).astype(np.intp), bins - 1)


def calibrated(scores: FloatArray, calibrator: Calibrator | None) -> FloatArray:
    """Probabilities of scores: linear between a calibrator's knots, constant beyond them.

    >>> calibrated(np.array([0.0, 0.5, 0.9]), Calibrator((0.4, 0.6), (0.0, 1.0))).round(3).tolist()
    [0.0, 0.5, 1.0]
    """
    if calibrator is None:
        return scores
    knots, levels = np.array(calibrator.scores), np.array(calibrator.probabilities)
    slopes = np.diff(levels) / np.diff(knots)
    at = np.clip(knots.searchsorted(scores, side="right") - 1, 0, slopes.size - 1)
    inside = np.clip(scores, knots[0], knots[-1])
    found: FloatArray = levels[at] + slopes[at] * (inside - knots[at])
    # Rounding may carry the last step past the next knot's probability by a bit.
    return np.clip(found, 0.0, 1.0, out=found)


def probability_mass(probabilities: FloatArray, at: npt.NDArray[np.intp], bins: int) -> IntVector:
    """The sum of probabilities in each bin, in fixed point, shape [bins].

    Sums are exact below 2**33 rows: a term is at most 2**20 and float64 holds 2**53.
    """
    fixed = np.rint(probabilities * ONE)
    return np.bincount(at, weights=fixed, minlength=bins).astype(np.int64)


def log_losses(scores: FloatArray, targets: npt.NDArray[np.intp]) -> FloatArray:
    """Minus the logarithm of the probability of each row's true class.

    `scores` has shape [rows, classes]. scikit-learn's `log_loss`, with probabilities of at least
    1e-15 where it takes 2.2e-16.
    """
    true = scores[np.arange(len(targets)), targets]
    return -np.log(np.maximum(true, PROBABILITY_MIN))


def brier_scores(scores: FloatArray, targets: npt.NDArray[np.intp]) -> FloatArray:
    """The sum over classes of the squared distance to 0 or 1, halved where classes are two.

    `scores` has shape [rows, classes]. scikit-learn's `brier_score_loss`: within [0, 1] for two
    classes, where it is (1 - probability of the true class)**2, and within [0, 2] for more.
    """
    squares = np.zeros(len(targets))
    for k in range(scores.shape[1]):
        distance = scores[:, k] - (targets == k)
        squares += distance * distance
    return squares / 2 if scores.shape[1] == 2 else squares
