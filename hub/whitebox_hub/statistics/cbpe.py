"""CBPE: what a classifier's performance should be, from calibrated scores alone, without labels.

Confidence-based performance estimation (NannyML's documentation, "Confidence-based Performance
Estimation"; Bialek et al. 2024, arXiv 2401.08348). A row of calibrated probability p that was
predicted to be of the class is a true positive with probability p and a false one with 1 - p, and
so on; summed over rows these are expected confusion matrices, from which metrics follow. Device
sums are exact for all metrics but the ranking ones, which are read from score bins and lie within
0.0002 of those of the rows with 100 bins.

Variances: labels are independent and true with probability p, the scores stand. With v the sum of
p * (1 - p) over rows and h the derivative of a metric by such a row's label, the variance of the
realised metric is the sum of h**2 * v, to first order. Within a bin p is taken to be its mean,
which can only widen the band.

Its limits: probabilities are as right as calibration was. A changed relation of features to the
target (concept drift) is not seen, and rows unlike the reference's are judged like those near them
(`reference_range` tells when there are many).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from whitebox_hub.statistics.estimate import Estimate, banded
from whitebox_wire.layout import ScoreBlock
from whitebox_wire.vector import ONE, FloatArray, IntVector

NO_SCORES = "no row of this window has a score and a known class"
METRICS = (
    *("accuracy", "precision", "recall", "f1", "specificity"),
    *("roc_auc", "average_precision"),
)
_UNDEFINED = {
    "precision": "precision is undefined: no row was predicted positive",
    "recall": "recall is undefined: no row is expected to be positive",
    "specificity": "specificity is undefined: no row is expected to be negative",
    "f1": "F1 is undefined: no row is expected to be positive or was predicted so",
    "roc_auc": "ROC AUC is undefined: it needs expected rows of both kinds",
    "average_precision": "average precision is undefined: no row is expected to be positive",
}


@dataclass(frozen=True, slots=True)
class ScoreSums:
    """Rows and expected positive rows by score bin, lowest first; float64, shape [2, bins].

    The first row is of those predicted to be of the class, the second of the others. `positive`
    lies between 0 and `rows`.
    """

    rows: FloatArray
    positive: FloatArray

    @staticmethod
    def of(vector: IntVector, block: ScoreBlock) -> ScoreSums:
        """One class's sums from a features section; privacy noise is cut to what is possible."""
        rows = np.array([vector[block.bins], vector[block.other_bins]], np.float64)
        mass = np.array([vector[block.mass], vector[block.other_mass]], np.float64) / ONE
        rows = np.maximum(rows, 0.0)
        return ScoreSums(rows, np.clip(mass, 0.0, rows))

    @property
    def doubt(self) -> FloatArray:
        """The variance of the positive rows in every bin: n * p * (1 - p), p being their share."""
        share = np.divide(
            self.positive, self.rows, out=np.zeros_like(self.rows), where=self.rows > 0
        )
        return self.positive * (1.0 - share)


@dataclass(frozen=True, slots=True)
class ClassificationEstimate:
    """`rows` have a score and a known class. A metric without a value has a reason instead.

    The expected `true_positive` and so on are a binary model's. A multi-class model's metrics but
    the accuracy are means over classes, each against the rest, as NannyML's are. `error_square` is
    the mean square of a row's probability to be wrong, which with the accuracy tells how much
    rows differ in it.
    """

    rows: int
    metrics: dict[str, Estimate]
    reasons: dict[str, str]
    error_square: float = 0.0
    true_positive: Estimate | None = None
    false_positive: Estimate | None = None
    false_negative: Estimate | None = None
    true_negative: Estimate | None = None


def estimate_binary(vector: IntVector, block: ScoreBlock) -> ClassificationEstimate:
    """A binary model's expected performance from its features section."""
    sums = ScoreSums.of(vector, block)
    rows = float(sums.rows.sum())
    if not rows:
        return ClassificationEstimate(0, {}, dict.fromkeys(METRICS, NO_SCORES))
    (predicted, others), (tp, fn) = sums.rows.sum(axis=1), sums.positive.sum(axis=1)
    of_predicted, of_others = sums.doubt.sum(axis=1).tolist()
    found = one_against_rest(sums)
    metrics = {name: banded(*found[name]) for name in METRICS if name in found}
    return ClassificationEstimate(
        rows=int(rows),
        metrics={name: said for name, said in metrics.items() if said is not None},
        reasons={name: _UNDEFINED[name] for name in METRICS if metrics.get(name) is None},
        error_square=_error_square(sums.rows, [sums.rows[0] - sums.positive[0], sums.positive[1]]),
        true_positive=banded(tp, of_predicted, high=predicted),
        false_positive=banded(predicted - tp, of_predicted, high=predicted),
        false_negative=banded(fn, of_others, high=others),
        true_negative=banded(others - fn, of_others, high=others),
    )


def one_against_rest(sums: ScoreSums) -> dict[str, tuple[float, float]]:
    """Value and variance of every metric that is defined, of one class against the rest.

    >>> sums = ScoreSums(np.array([[0.0, 50.0], [50.0, 0.0]]), np.array([[0.0, 40.0], [10.0, 0.0]]))
    >>> {name: round(value, 4) for name, (value, _) in one_against_rest(sums).items()}
    ... # doctest: +NORMALIZE_WHITESPACE
    {'accuracy': 0.8, 'precision': 0.8, 'recall': 0.8, 'f1': 0.8, 'specificity': 0.8,
     'roc_auc': 0.8, 'average_precision': 0.7632}
    """
    rows, others = sums.rows.sum(axis=1).tolist()
    tp, fn = sums.positive.sum(axis=1).tolist()
    fp, tn = rows - tp, others - fn
    of_rows, of_others = sums.doubt.sum(axis=1).tolist()
    found = {
        "accuracy": ((tp + tn) / (rows + others), (of_rows + of_others) / (rows + others) ** 2)
    }
    if rows > 0:
        found["precision"] = tp / rows, of_rows / rows**2
    if tp + fn > 0:
        found["recall"] = _share(tp, fn, of_rows, of_others)
    if rows + tp + fn > 0:
        whole = rows + tp + fn
        slopes = 2 * (rows + fn) / whole**2, -2 * tp / whole**2
        variance = slopes[0] ** 2 * of_rows + slopes[1] ** 2 * of_others
        found["f1"] = 2 * tp / whole, variance
    if fp + tn > 0:
        found["specificity"] = _share(tn, fp, of_others, of_rows)
    return found | _ranking(sums)


def _share(part: float, rest: float, of_part: float, of_rest: float) -> tuple[float, float]:
    """The share part / (part + rest), and its variance when both are independent."""
    whole = part + rest
    return part / whole, (rest**2 * of_part + part**2 * of_rest) / whole**4


def _ranking(sums: ScoreSums) -> dict[str, tuple[float, float]]:
    """ROC AUC and average precision with their variances, where they are defined.

    ROC AUC is the share of pairs in which the positive row scores higher, ties within a bin being
    halves. Average precision takes a bin's positive rows to lie evenly among its negative ones;
    the derivatives take the precision at the bin's middle for all of them.
    """
    positive, doubt = sums.positive.sum(axis=0), sums.doubt.sum(axis=0)
    negative = sums.rows.sum(axis=0) - positive
    p, n = float(positive.sum()), float(negative.sum())
    found = {}
    if p > 0 and n > 0:
        below = np.cumsum(negative) - negative / 2
        above = p - np.cumsum(positive) + positive / 2
        value = float(positive @ below) / p / n
        slope = (below - above) / p / n - value / p + value / n
        found["roc_auc"] = value, float(slope**2 @ doubt)
    if p > 0:
        value = average_precision(positive, negative)
        above = p - np.cumsum(positive) + positive / 2
        ranked = above + n - np.cumsum(negative) + negative / 2
        precision = np.divide(above, ranked, out=np.zeros_like(above), where=ranked > 0)
        gain = np.divide(positive, ranked, out=np.zeros_like(above), where=ranked > 0)
        lifted = np.cumsum(gain) - gain / 2
        slope = (precision + lifted - value) / p
        found["average_precision"] = value, float(slope**2 @ doubt)
    return found


def average_precision(positive: FloatArray, negative: FloatArray) -> float:
    """The mean precision down to each expected positive row; bins lowest first, some positive.

    Of a bin's p positive and q negative rows, below t positive among r rows, the precision after
    the share s of them is (t + s * p) / (r + s * (p + q)); it is averaged over s from 0 to 1:
    p / (p + q) + (t - r * p / (p + q)) / (p + q) * ln(1 + (p + q) / r). Expected rows are
    fractions, so none of them is counted as the first, as `classification` does with whole ones.

    >>> round(average_precision(np.array([1.0, 3.0]), np.array([2.0, 2.0])), 4)
    0.5856
    """
    held = positive > 0
    p, both = positive[held], (positive + negative)[held]
    t = positive.sum() - np.cumsum(positive)[held]
    r = (positive + negative).sum() - np.cumsum(positive + negative)[held]
    share = p / both
    # Above the highest bin there is nothing: its rows have their own share throughout.
    growth = np.divide(both, r, out=np.zeros_like(r), where=r > 0)
    rest = (t - r * share) / both * np.log1p(growth)
    return float((p * (share + rest)).sum() / positive.sum())


def estimate_multi_class(
    vector: IntVector, blocks: tuple[ScoreBlock, ...]
) -> ClassificationEstimate:
    """A multi-class model's expected performance; `blocks` has one for each class, in order.

    A row is right with the probability of its predicted class. Classes that are neither predicted
    nor expected are in no mean. The error of a mean is at most the mean of the errors, however
    classes depend on each other, and that is what its band shows.
    """
    each = [ScoreSums.of(vector, block) for block in blocks]
    rows = sum(float(sums.rows[0].sum()) for sums in each)
    if not rows:
        return ClassificationEstimate(0, {}, dict.fromkeys(METRICS, NO_SCORES))
    counts = np.array([sums.rows[0] for sums in each])
    right = np.array([sums.positive[0] for sums in each])
    doubt = sum(float(sums.doubt[0].sum()) for sums in each)
    occurring = [s for s in each if s.rows[0].any() or s.positive.any()]
    by_class = [one_against_rest(sums) for sums in occurring]
    metrics = {"accuracy": banded(float(right.sum()) / rows, doubt / rows**2)}
    for name in METRICS[1:]:
        metrics[name] = _macro(name, by_class)
    return ClassificationEstimate(
        rows=int(rows),
        metrics={name: said for name, said in metrics.items() if said is not None},
        reasons={name: _UNDEFINED[name] for name in METRICS if metrics.get(name) is None},
        error_square=_error_square(counts, counts - right),
    )


def _error_square(rows: FloatArray, wrong: npt.ArrayLike) -> float:
    """The mean square of rows' probabilities to be wrong, from sums by bin; some row there is."""
    wrong = np.asarray(wrong, np.float64)
    squares = np.divide(wrong**2, rows, out=np.zeros_like(rows), where=rows > 0)
    return float(squares.sum() / rows.sum())


def _macro(name: str, by_class: list[dict[str, tuple[float, float]]]) -> Estimate | None:
    """The mean of one metric over classes. An undefined share is 0, as scikit-learn has it; a
    ranking that is undefined is left out.
    """
    ranking = name in {"roc_auc", "average_precision"}
    found = [said.get(name, (0.0, 0.0)) for said in by_class if name in said or not ranking]
    if not found:
        return None
    values, variances = np.array(found).T
    return banded(float(values.mean()), float(np.sqrt(variances).mean()) ** 2)
