"""Drift of attributions: is the model's answer still made of the same features?

All functions compare the mean absolute SHAP value of each feature, shape [features], none negative,
in the reference and in a window. They have no unit. Means of fewer than `ROWS_MIN` explained rows
say too little.
"""

from __future__ import annotations

import numpy as np

from whitebox_wire.vector import FloatArray

ROWS_MIN = 200
# A smaller share of all attributions is noise, and relative to it every change would be large.
SHARE_MIN = 0.01


def ndcg(reference: FloatArray, live: FloatArray) -> float:
    """The normalised discounted cumulative gain of the live order of features, in (0, 1].

    Features in the order of their live attribution gain their reference attribution, divided by
    log2(rank + 1); the whole is divided by that of the reference's own order (Jarvelin and
    Kekalainen 2002; as in SageMaker Clarify, which alerts below 0.90). 1 is the same order; a swap
    of the two largest may still score 0.94, and a change of scale is not seen.

    >>> round(ndcg(np.array([0.70, 0.50, 0.05]), np.array([0.10, 0.20, 0.70])), 4)
    0.6876
    """
    discounts = np.log2(np.arange(2, reference.size + 2))
    gain = float((reference[np.argsort(-live, kind="stable")] / discounts).sum())
    ideal = float((np.sort(reference)[::-1] / discounts).sum())
    return gain / ideal if ideal > 0 else 1.0


def attribution_distance(reference: FloatArray, live: FloatArray) -> float:
    """The sum of changes of the features' shares of all attribution, in [0, 2]; 0 without any.

    >>> round(attribution_distance(np.array([0.75, 0.25]), np.array([0.25, 0.25])), 4)
    0.5
    """
    before, now = float(reference.sum()), float(live.sum())
    if before <= 0 or now <= 0:
        return 0.0
    return float(np.abs(live / now - reference / before).sum())


def attribution_changes(reference: FloatArray, live: FloatArray) -> FloatArray:
    """How much each attribution changed, relative to the reference's: shape [features], >= 0.

    What is less than a hundredth of all the reference's attribution is taken to be that much.

    >>> attribution_changes(np.array([2.0, 1.0]), np.array([3.0, 0.5]))
    array([0.5, 0.5])
    """
    known = np.maximum(reference, SHARE_MIN * reference.sum())
    apart = np.abs(live - reference)
    changes: FloatArray = np.divide(apart, known, out=np.zeros_like(apart), where=known > 0)
    return changes
