"""The reference's range: which live rows lie where the reference has none.

Estimates without labels say of such rows what they say of the nearest known ones, which may be
wrong. A row counts for a feature when its value lies in a cell that no reference row fell into:
beyond the outermost filled cells or in a gap between them, or a category that training never
held. An estimate gets a warning when that is more than `OUTSIDE_SHARE` of a feature's values and
at least `OUTSIDE_ROWS` rows; of m reference rows about 2 / m lie beyond the others by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from whitebox_wire.blocks import CategoricalBlock, FeatureBlock
from whitebox_wire.vector import FloatArray, IntVector

OUTSIDE_SHARE = 0.01
OUTSIDE_ROWS = 5


@dataclass(frozen=True, slots=True)
class Outside:
    """For every feature its values outside, and all its values; float64, shape [features]."""

    rows: FloatArray
    values: FloatArray

    @property
    def share(self) -> FloatArray:
        """The share of values outside; 0 where there are none."""
        shares: FloatArray = np.divide(
            self.rows, self.values, out=np.zeros_like(self.rows), where=self.values > 0
        )
        return shares

    def warned(self) -> list[int]:
        """Places of the features that call for a warning, the worst first."""
        share = self.share
        [places] = np.nonzero((share > OUTSIDE_SHARE) & (self.rows >= OUTSIDE_ROWS))
        return [int(place) for place in places[np.argsort(-share[places], kind="stable")]]


def outside(blocks: Sequence[FeatureBlock], reference: IntVector, live: IntVector) -> Outside:
    """Compare one window's features with the reference's.

    >>> from whitebox_wire.blocks import NumericBlock
    >>> age = NumericBlock(slice(0, 3), 3, 4, 5, 6, 7, 8)
    >>> outside([age], np.array([0, 90, 10, 0, 0]), np.array([6, 90, 4, 1, 0])).share
    array([0.06])
    """
    if not blocks:
        return Outside(np.empty(0), np.empty(0))
    stop = blocks[-1].invalid + 1
    counts = np.maximum(live[:stop], 0).astype(np.float64)
    counts[[place for block in blocks for place in (block.missing, block.invalid)]] = 0.0
    empty = reference[:stop] <= 0
    empty[[block.unseen for block in blocks if isinstance(block, CategoricalBlock)]] = True
    starts = [block.bins.start for block in blocks]
    return Outside(
        np.add.reduceat(np.where(empty, counts, 0.0), starts), np.add.reduceat(counts, starts)
    )
