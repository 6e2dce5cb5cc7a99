"""Calibrators: scores to probabilities, where that is better than the scores themselves. Pure.

Isotonic regression by pool-adjacent-violators (Ayer et al. 1955) on at most 50 groups of labelled
rows, joined by straight lines. It is done here and not by scikit-learn, since grouping must come
first: isotonic regression of rows would put rows' own scores into the spec, and a profile would
need one more package. A knot is the mean score of at least `GROUP_ROWS_MIN` rows, rounded.

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

    There must be a positive and a negative row.

    >>> isotonic(np.repeat([0.2, 0.4], 100), np.arange(200) % 4 < np.repeat([1, 3], 100))
    Calibrator(scores=(0.2, 0.4), probabilities=(0.25248, 0.74752))
    """
    group = _groups(scores, positive)
    rows = np.bincount(group).astype(np.float64)
    means = np.bincount(group, scores) / rows
    hits = np.bincount(group, positive).astype(np.float64)
    knots = _rounded(means)
    if knots.size == 1:
        # One group says one probability, whatever the score.
        knots, rows, hits = np.array([0.0, 1.0]), np.repeat(rows, 2), np.repeat(hits, 2)
    levels = [float(f"{level:.5g}") for level in pooled(hits, rows).tolist()]
    return Calibrator(tuple(knots.tolist()), tuple(levels))


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


def pooled(hits: FloatArray, rows: FloatArray) -> FloatArray:
    """Shares hits / rows that never fall, by pooling neighbours that do; shape [groups].

    Half a row of either kind is added to every pool: no group is certain (Jeffreys 1946).

    >>> pooled(np.array([10.0, 30.0, 20.0]), np.array([99.0, 99.0, 99.0])).round(3)
    array([0.105, 0.254, 0.254])
    """
    pools: list[tuple[float, float, int]] = []
    for hit, row in zip(hits.tolist(), rows.tolist(), strict=True):
        pool = (hit, row, 1)
        while pools and pools[-1][0] * pool[1] >= pool[0] * pools[-1][1]:
            before = pools.pop()
            pool = (before[0] + pool[0], before[1] + pool[1], before[2] + pool[2])
        pools.append(pool)
    levels = [(hit + 0.5) / (row + 1.0) for hit, row, _ in pools]
    # Half a row weighs more in a small pool, so it may turn two pools round.
    of_groups = np.repeat(np.array(levels), [size for *_, size in pools])
    rising: FloatArray = np.maximum.accumulate(of_groups)
    return rising
