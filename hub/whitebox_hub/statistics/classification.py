"""Performance of a classifier from its labels section, exact but for the ranking metrics.

Definitions are scikit-learn's with zero_division=0. Only rows whose target and prediction are
both known classes count; with none of them every metric is None. `roc_auc` and
`average_precision` take the positive rows of one score bin to lie evenly among its negative
ones: with 100 bins they lie within 0.001 of those of the rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma

from whitebox_wire.layout import ClassLabelBlock
from whitebox_wire.vector import ONE, FloatArray, IntVector


@dataclass(frozen=True, slots=True)
class BinaryPerformance:
    """The second class is the positive one. `rows` are those in the confusion matrix."""

    rows: int
    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int
    accuracy: float | None
    precision: float | None
    recall: float | None
    f1: float | None
    specificity: float | None
    roc_auc: float | None
    average_precision: float | None
    log_loss: float | None
    brier: float | None


@dataclass(frozen=True, slots=True)
class Averages:
    """One metric over many classes: of all rows, of classes alike, of classes by their rows."""

    micro: float | None
    macro: float | None
    weighted: float | None


@dataclass(frozen=True, slots=True)
class ClassCounts:
    """One class against the rest."""

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int


@dataclass(frozen=True, slots=True)
class MultiClassPerformance:
    """`classes` are in the order of the spec."""

    rows: int
    accuracy: float | None
    precision: Averages
    recall: Averages
    f1: Averages
    log_loss: float | None
    brier: float | None
    classes: tuple[ClassCounts, ...]


def binary_performance(vector: IntVector, block: ClassLabelBlock) -> BinaryPerformance:
    """Read a binary model's performance from its labels section."""
    tn, fp, fn, tp = np.maximum(vector[block.confusion], 0).tolist()
    rows = tn + fp + fn + tp
    ranked = _ranked(vector, block)
    return BinaryPerformance(
        rows=rows,
        true_positive=tp,
        false_positive=fp,
        false_negative=fn,
        true_negative=tn,
        accuracy=_share(tp + tn, rows, rows),
        precision=_share(tp, tp + fp, rows),
        recall=_share(tp, tp + fn, rows),
        f1=_share(2 * tp, 2 * tp + fp + fn, rows),
        specificity=_share(tn, tn + fp, rows),
        roc_auc=roc_auc(*ranked) if ranked else None,
        average_precision=average_precision(*ranked) if ranked else None,
        log_loss=_per_scored(vector, block, block.log_loss),
        brier=_per_scored(vector, block, block.brier),
    )


def multi_class_performance(vector: IntVector, block: ClassLabelBlock) -> MultiClassPerformance:
    """Read a multi-class model's performance; classes that never occur are in no average."""
    # As floats, since the sum of many large cells would wrap.
    flat = np.maximum(vector[block.confusion], 0).astype(np.float64)
    width = round(flat.size**0.5)
    confusion = flat.reshape(width, width)
    rows, tp = int(flat.sum()), np.diagonal(confusion)
    targets, predicted = confusion.sum(axis=1), confusion.sum(axis=0)
    fp, fn = predicted - tp, targets - tp
    accuracy = _share(float(tp.sum()), rows, rows)
    return MultiClassPerformance(
        rows=rows,
        accuracy=accuracy,
        precision=_averages(tp, predicted, targets, fp, accuracy),
        recall=_averages(tp, targets, targets, fp, accuracy),
        f1=_averages(2 * tp, targets + predicted, targets, fp, accuracy),
        log_loss=_per_scored(vector, block, block.log_loss),
        brier=_per_scored(vector, block, block.brier),
        classes=tuple(
            ClassCounts(int(a), int(b), int(c), int(rows - a - b - c))
            for a, b, c in zip(tp.tolist(), fp.tolist(), fn.tolist(), strict=True)
        ),
    )


def _averages(
    hits: FloatArray, of: FloatArray, targets: FloatArray, fp: FloatArray, micro: float | None
) -> Averages:
    """Averages of hits / of; every micro average of a confusion matrix is the accuracy."""
    if micro is None:
        return Averages(None, None, None)
    each = np.divide(hits, of, out=np.zeros(of.size), where=of > 0)
    occurs = targets + fp > 0
    weighted = float((each * targets).sum() / targets.sum())
    return Averages(micro, float(each[occurs].mean()), weighted)


def _share(hits: float, of: float, rows: int) -> float | None:
    if not rows:
        return None
    return hits / of if of else 0.0


def _per_scored(vector: IntVector, block: ClassLabelBlock, place: int) -> float | None:
    scored = int(vector[block.scored])
    return max(int(vector[place]), 0) / ONE / scored if scored > 0 else None


def _ranked(vector: IntVector, block: ClassLabelBlock) -> tuple[FloatArray, FloatArray] | None:
    """Positives and negatives by score bin, where there are scores and rows of both kinds."""
    if not block.positives:
        return None
    positives = np.maximum(vector[block.positives[0]], 0).astype(np.float64)
    negatives = np.maximum(vector[block.negatives[0]], 0).astype(np.float64)
    return (positives, negatives) if positives.any() and negatives.any() else None


def roc_auc(positives: FloatArray, negatives: FloatArray) -> float:
    """The share of pairs in which the positive row scores higher; ties within a bin are halves.

    Counts by score bin, lowest first, with at least one row of each kind.

    >>> roc_auc(np.array([1.0, 3.0]), np.array([2.0, 2.0]))
    0.625
    """
    lower = np.cumsum(negatives) - negatives / 2
    return float((positives * lower).sum() / positives.sum() / negatives.sum())


def average_precision(positives: FloatArray, negatives: FloatArray) -> float:
    """The mean over the positive rows of the precision down to each.

    Of a bin's p positives and q negatives, below t positives among n rows, the j-th positive has
    the precision (t + j) / (n + j + q * (j - 1/2) / p); their sum is taken by digamma functions.
    Counts by score bin, lowest first, with at least one positive row.

    >>> round(average_precision(np.array([1.0, 3.0]), np.array([2.0, 2.0])), 4)
    0.6577
    """
    held = positives > 0
    p, q = positives[held], negatives[held]
    t = positives.sum() - np.cumsum(positives)[held]
    n = t + negatives.sum() - np.cumsum(negatives)[held]
    slope = 1.0 + q / p
    origin = (n - q / (2.0 * p)) / slope
    steps = digamma(origin + p + 1.0) - digamma(origin + 1.0)
    sums = p / slope + (t - origin) / slope * steps
    return float(sums.sum() / positives.sum())
