"""What tests of merged counts share: their degrees of freedom, and rare groups told apart.

Groups of which next to nothing is expected cannot follow chi-square. They are tested by Fisher's
exact tail, and the two p-values are joined by Bonferroni's rule with a tenth of the error for the
rare ones: what never happened before is significant after a handful of rows.
"""

from __future__ import annotations

import numpy as np
from scipy.special import chdtrc

from whitebox_hub.statistics.groups import BoolArray, IntArray
from whitebox_hub.statistics.merge import EXPECTED_ROWS_MIN, Merged
from whitebox_hub.statistics.proportion import excess_p_values
from whitebox_wire.vector import FloatArray

RARE_SHARE = 0.1
# Two groups of five expected rows: with fewer rows on either side there is no test.
ROWS_MIN = int(2 * EXPECTED_ROWS_MIN)


def degrees_of_freedom(merged: Merged) -> IntArray:
    """Large groups but one, for every column: shape [columns]; 0 where there is but one."""
    degrees: IntArray = np.maximum(merged.groups - 1, 0)
    return degrees


def without_rare(merged: Merged, counts: FloatArray) -> FloatArray:
    """Merged counts, shape [groups], with zeros in the rare places."""
    common: FloatArray = counts.copy()
    common[merged.last[merged.rare]] = 0.0
    return common


def enough_rows(merged: Merged, reference: FloatArray, live: FloatArray) -> BoolArray:
    """Which columns have enough rows, on both sides, for two groups or a rare one."""
    known, rows = merged.plan.total(reference), merged.plan.total(live)
    some = (degrees_of_freedom(merged) > 0) | merged.rare
    result: BoolArray = (np.minimum(known, rows) >= ROWS_MIN) & some
    return result


def p_values(
    merged: Merged, reference: FloatArray, live: FloatArray, statistic: FloatArray
) -> FloatArray:
    """P-values of a statistic of the large groups that follows chi-square, and of the rare ones.

    Counts are merged, shape [groups]; the statistic has shape [columns]. 1 where not enough_rows.
    """
    degrees, chosen = degrees_of_freedom(merged), merged.rare
    common = np.where(degrees > 0, chdtrc(np.maximum(degrees, 1), statistic), 1.0)
    known, rows, at = merged.plan.total(reference), merged.plan.total(live), merged.last[chosen]
    rare = np.ones(known.size)
    rare[chosen] = excess_p_values(live[at], rows[chosen], reference[at], known[chosen])
    joined = _join(common, rare, chosen, degrees)
    return np.where(enough_rows(merged, reference, live), joined, 1.0)


def _join(common: FloatArray, rare: FloatArray, tested: BoolArray, degrees: IntArray) -> FloatArray:
    """The smaller p-value, each divided by its share of the error."""
    weight = np.where(tested, np.where(degrees > 0, RARE_SHARE, 1.0), 0.0)
    of_common = np.divide(common, 1 - weight, out=np.ones_like(common), where=weight < 1)
    of_rare = np.divide(rare, weight, out=np.ones_like(rare), where=weight > 0)
    joined: FloatArray = np.minimum(np.minimum(of_common, of_rare), 1.0)
    return joined
