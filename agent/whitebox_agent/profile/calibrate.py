"""Calibrators: scores to probabilities, where that is better than the scores themselves. Pure.

Isotonic regression by straight lines between at most 50 knots, by least squares with
pool-adjacent-violators (Ayer et al. 1955). It is done here and not by scikit-learn, whose isotonic
regression would put rows' own scores into the spec, and need one more package. A knot is the mean
score of at least `GROUP_ROWS_MIN` rows, rounded.

A calibrator is kept where it helps, by NannyML's rule: on rows that it was not fitted to, the
expected calibration error of its probabilities must be lower than that of the raw scores. That is
the error which estimates without labels inherit.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from whitebox_agent.fold.prediction import PredictionReader
from whitebox_agent.fold.scores import calibrated
from whitebox_agent.fold.vocabulary import Vocabulary
from whitebox_agent.profile.sample import place_ranks
from whitebox_wire.bins import round_to
from whitebox_wire.messages import Column, InferenceBatch
from whitebox_wire.spec import Calibrator, ModelSpec
from whitebox_wire.vector import FloatArray

GROUPS_MAX = 50
GROUP_ROWS_MIN = 50
FOLDS = 5
STEPS = 100
ERROR_GROUPS = 10

IDENTITY = Calibrator((0.0, 1.0), (0.0, 1.0))

BoolArray = npt.NDArray[np.bool_]


def fit_calibrators(
    spec: ModelSpec, rows: Iterable[tuple[InferenceBatch, Column]]
) -> tuple[tuple[Calibrator, ...], dict[str, str]]:
    """A calibrator for each score column, or none where none helps; and what was done, by column.

    Rows whose target is no class of the spec, and scores that are no probabilities, are left out.
    """
    reader = PredictionReader(spec)
    classes = Vocabulary(spec.target.column, spec.prediction.classes)
    read = [(reader.read(batch).scores, classes.places(targets)) for batch, targets in rows]
    scores = np.concatenate([np.empty((0, len(spec.positive_classes))), *(s for s, _ in read)])
    places = np.concatenate([np.empty(0, np.int32), *(p for _, p in read)])
    found, notes = [], {}
    for k, (name, of) in enumerate(
        zip(spec.prediction.score_columns, spec.positive_classes, strict=True)
    ):
        used = (places >= 0) & ~np.isnan(scores[:, k])
        made, notes[name] = calibrate(scores[used, k], places[used] == of)
        found.append(made)
    helping = any(found)
    return tuple(made or IDENTITY for made in found) if helping else (), notes


def calibrate(scores: FloatArray, positive: BoolArray) -> tuple[Calibrator | None, str]:
    """The calibrator of one score column from labelled rows, if it helps; and what was done.

    `scores` are in [0, 1] without NaN, `positive` says which rows are of the column's class; both
    have shape [rows]. The same rows in the same order give the same calibrator.
    """
    rows, hits = scores.size, int(np.count_nonzero(positive))
    if min(hits, rows - hits) < GROUP_ROWS_MIN:
        return None, f"not calibrated: needs {GROUP_ROWS_MIN} labels of either kind"
    fold = (place_ranks(0, rows) % np.uint64(FOLDS)).astype(np.intp)
    unseen = np.empty(rows)
    for k in range(FOLDS):
        fitted = isotonic(scores[fold != k], positive[fold != k])
        unseen[fold == k] = calibrated(scores[fold == k], fitted)
    before, after = (calibration_error(p, positive) for p in (scores, unseen))
    said = f"calibration error {before:.4f}, with a calibrator {after:.4f}"
    if after >= before:
        return None, f"{said}: left out"
    return isotonic(scores, positive), said


def calibration_error(probabilities: FloatArray, positive: BoolArray) -> float:
    """How far probabilities lie from shares of positive rows, on average over groups.

    Expected calibration error over `ERROR_GROUPS` groups of equal mass (Naeini et al. 2015).

    >>> round(calibration_error(np.full(100, 0.3), np.arange(100) % 2 == 0), 4)
    0.2
    """
    order = np.argsort(probabilities, kind="stable")
    misses = np.cumsum(probabilities[order] - positive[order])
    ends = np.arange(1, ERROR_GROUPS + 1) * misses.size // ERROR_GROUPS
    groups = np.diff(np.concatenate(([0.0], misses))[np.concatenate(([0], ends))])
    return float(np.abs(groups).sum()) / misses.size


def isotonic(scores: FloatArray, positive: BoolArray) -> Calibrator:
    """A monotone map from score to the share of positive rows.

    There must be a positive and a negative row. The mean over these rows is the share of positive
    ones, as far as levels between 0 and 1 allow; no knot is certain, all share half a row's doubt.

    >>> isotonic(np.repeat([0.2, 0.4], 100), np.arange(200) % 4 < np.repeat([1, 3], 100))
    Calibrator(scores=(0.2, 0.4), probabilities=(0.25, 0.75))
    """
    group = _groups(scores, positive)
    knots = _rounded(np.bincount(group, scores) / np.bincount(group))
    if knots.size == 1:
        # One group says one probability, whatever the score.
        knots = np.array([0.0, 1.0])
    levels, weight = _fit(knots, scores, positive)
    doubt = 0.5 / (weight + 1.0) / weight.size
    levels = np.maximum.accumulate(np.clip(levels, doubt, 1.0 - doubt))
    return Calibrator(tuple(knots.tolist()), tuple(float(f"{p:.5g}") for p in levels.tolist()))


def _fit(
    knots: FloatArray, scores: FloatArray, positive: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Levels at the knots that never fall and whose lines have the least squared error; and the
    rows that each knot speaks for. Both of shape [knots].

    A row between two knots belongs to both in parts. Each step moves a knot by the mean error of
    its rows, then pools; as parts of a row sum to one, steps never overshoot.
    """
    inside = np.clip(scores, knots[0], knots[-1])
    at = np.clip(np.searchsorted(knots, inside, side="right") - 1, 0, knots.size - 2)
    upper = (inside - knots[at]) / (knots[at + 1] - knots[at])
    size = knots.size
    weight = np.bincount(at, 1 - upper, size) + np.bincount(at + 1, upper, size)
    hits = np.bincount(at, (1 - upper) * positive, size)
    hits += np.bincount(at + 1, upper * positive, size)
    own = np.bincount(at, (1 - upper) ** 2, size) + np.bincount(at + 1, upper**2, size)
    shared = np.bincount(at, upper * (1 - upper), size)[:-1]
    weight = np.maximum(weight, np.finfo(np.float64).tiny)
    levels = pooled(hits / weight, weight)
    for _ in range(STEPS):
        fitted = own * levels
        fitted[:-1] += shared * levels[1:]
        fitted[1:] += shared * levels[:-1]
        levels = np.clip(pooled(levels + (hits - fitted) / weight, weight), 0.0, 1.0)
    return levels, weight


def _groups(scores: FloatArray, positive: BoolArray) -> npt.NDArray[np.intp]:
    """For each row its group: rising with the score, each of `GROUP_ROWS_MIN` rows at least.

    Quantiles of the positive rows and of the negative ones part the groups, so a rare class has
    as many groups to itself as a common one.
    """
    marks = np.arange(1, GROUPS_MAX // 2) / (GROUPS_MAX // 2)
    kinds = (scores[positive], scores[~positive])
    cuts = np.unique(np.concatenate([np.quantile(k, marks, method="lower") for k in kinds]))
    cell = np.searchsorted(cuts, scores, side="right")
    rows = np.bincount(cell, minlength=cuts.size + 1)
    place, held, groups = np.zeros(rows.size, np.intp), 0, 0
    for at, count in enumerate(rows.tolist()):
        place[at] = groups
        held += count
        if held >= GROUP_ROWS_MIN:
            groups, held = groups + 1, 0
    # A remainder joins the last group that is large enough.
    place = np.minimum(place, max(groups - 1, 0))
    found: npt.NDArray[np.intp] = place[cell]
    return found


def _rounded(means: FloatArray) -> FloatArray:
    """Means that rise strictly, each moved to a round number near it."""
    gaps = np.diff(means, prepend=-1.0, append=2.0)
    room = np.minimum(gaps[:-1], gaps[1:]) / 20
    moved = [*map(round_to, means.tolist(), room.tolist())]
    found: FloatArray = np.clip(np.array(moved, np.float64), 0.0, 1.0)
    return found


def pooled(values: FloatArray, weights: FloatArray) -> FloatArray:
    """The nearest values that never fall, by pooling neighbours that do; shape [values].

    >>> pooled(np.array([0.1, 0.3, 0.2]), np.array([1.0, 1.0, 3.0])).round(4)
    array([0.1  , 0.225, 0.225])
    """
    pools: list[tuple[float, float, int]] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        pool = (value, weight, 1)
        while pools and pools[-1][0] >= pool[0]:
            before = pools.pop()
            whole = before[1] + pool[1]
            mean = (before[0] * before[1] + pool[0] * pool[1]) / whole
            pool = (mean, whole, before[2] + pool[2])
        pools.append(pool)
    return np.repeat([value for value, _, _ in pools], [size for *_, size in pools])
