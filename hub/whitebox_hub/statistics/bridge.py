"""The null laws of KS and Wasserstein-1 on a column's own cells, from seeded Brownian bridges.

With no drift sqrt(n * m / (n + m)) * (F - G) is a Brownian bridge at the reference's shares below
each edge (Donsker 1952), whatever the numbers of rows. Kolmogorov's law is that of a bridge seen
everywhere: seen at a few edges, or jumping at a heavy value, it stays lower, and p-values by that
law are up to ten times too large. So `PATHS` bridges are drawn once for a reference and the moments
of both statistics kept. KS is brought to Kolmogorov's mean and deviation; Wasserstein's law is
Pearson's type III (a shifted gamma) with its three moments.

A far tail that holds a handful of a window's rows follows no such law. Wasserstein's test weighs
only edges with `TAIL_ROWS` expected beyond them, in five steps of the number of rows.
Type-I error is within 0.7 to 1.5 of nominal at 5 % and 1 % from 50 rows on (see the tests); at
1e-5, by a million windows of 100 and of 1,000 rows, KS has 0.8 to 1.7 of it and Wasserstein less.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincc, kolmogorov

from whitebox_hub.statistics.groups import BoolArray, IntArray
from whitebox_hub.statistics.numeric_cells import NumericSample, below_edges
from whitebox_hub.statistics.shares import shares
from whitebox_wire.vector import FloatArray

PATHS = 4_000
ROWS_MIN = 50
TAIL_ROWS = 5.0
# The reference's shares beyond an edge must be known well: a tenth of its rows count.
REFERENCE_SHARE = 0.1
STEPS = (50, 200, 800, 3_200, 12_800)
_SEED = 1_952
# Kolmogorov's mean, sqrt(pi / 2) * ln 2, and deviation, sqrt(pi**2 / 12 - mean**2).
_LAW_MEAN, _LAW_DEVIATION = 0.868731, 0.260330
# A smaller skewness is that of a normal law.
_SKEWNESS_MIN = 0.05


@dataclass(frozen=True, slots=True)
class BridgeLaws:
    """Moments under no drift, in units of the root of n * m / (n + m).

    `highest` is KS's mean and deviation, shape [columns, 2]; `areas` Wasserstein's mean, deviation
    and skewness, shape [steps, columns, 3]; `weights`, shape [steps, cells], are what its
    differences are weighed by. Deviations of 0 say that there is no law.
    """

    reference: NumericSample
    highest: FloatArray
    areas: FloatArray
    weights: FloatArray

    @staticmethod
    def of(reference: NumericSample) -> BridgeLaws:
        """The laws for a reference; takes some 10 ms a column."""
        cells = reference.cells
        known = shares(reference.counts, cells.offsets)
        weights = _weights(reference, known)
        normals = np.random.default_rng(_SEED).standard_normal((int(cells.sizes.max()), PATHS))
        highest, areas = [], []
        for offset, size in zip(cells.offsets.tolist(), cells.sizes.tolist(), strict=True):
            column = slice(offset, offset + size)
            peaks, sums = _draw(known[column], weights[:, column], normals)
            highest.append(_moments(peaks)[0, :2])
            areas.append(_moments(sums))
        return BridgeLaws(reference, np.array(highest), np.stack(areas, axis=1), weights)

    def ks_p_values(self, live: NumericSample, distance: FloatArray) -> FloatArray:
        """P-values of KS distances, shape [columns]; NaN where unknown."""
        mean, deviation = self.highest.T
        usable = (deviation > 0) & self._filled(live)
        z = (distance * self._root(live) - mean) / np.where(usable, deviation, 1.0)
        p = kolmogorov(np.maximum(z * _LAW_DEVIATION + _LAW_MEAN, 0.0))
        return np.where(usable, p, np.nan)

    def wasserstein_p_values(self, live: NumericSample) -> FloatArray:
        """P-values of the weighed areas between F and G, shape [columns]; NaN where unknown."""
        step = self._step(live)
        columns = np.arange(step.size)
        mean, deviation, skewness = self.areas[np.maximum(step, 0), columns].T
        usable = (deviation > 0) & (step >= 0)
        cells = self.reference.cells
        weights = self.weights[np.repeat(np.maximum(step, 0), cells.sizes), np.arange(cells.count)]
        apart = np.abs(below_edges(self.reference, live)) * weights
        area = np.add.reduceat(apart, cells.offsets) * self._root(live)
        z = (area - mean) / np.where(usable, deviation, 1.0)
        shape = 4.0 / np.maximum(skewness, _SKEWNESS_MIN) ** 2
        p = gammaincc(shape, np.maximum(shape + z * np.sqrt(shape), 0.0))
        return np.where(usable, p, np.nan)

    def _root(self, live: NumericSample) -> FloatArray:
        n, m = live.rows, self.reference.rows
        result: FloatArray = np.sqrt(n * m / np.maximum(n + m, 1.0))
        return result

    def _filled(self, live: NumericSample) -> BoolArray:
        filled: BoolArray = np.minimum(live.rows, self.reference.rows) >= ROWS_MIN
        return filled

    def _step(self, live: NumericSample) -> IntArray:
        """The place in `STEPS` of each column's rows; -1 where there are too few."""
        rows = np.minimum(live.rows, self.reference.rows * REFERENCE_SHARE)
        step: IntArray = np.searchsorted(STEPS, rows, side="right").astype(np.intp) - 1
        return step


def _weights(reference: NumericSample, known: FloatArray) -> FloatArray:
    """Half the width of the cells on either side of each edge, where its tail holds rows enough."""
    cells = reference.cells
    below = np.cumsum(known) - np.repeat(
        np.cumsum(np.add.reduceat(known, cells.offsets)), cells.sizes
    )
    tail = np.minimum(1.0 + below, -below)
    width = (cells.widths + np.append(cells.widths[1:], 0.0)) / 2
    return np.array([np.where(tail >= TAIL_ROWS / rows, width, 0.0) for rows in STEPS])


def _draw(
    known: FloatArray, weights: FloatArray, normals: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Peaks, shape [1, paths], and weighed areas, shape [steps, paths], of one column's bridges."""
    used = np.flatnonzero(known > 0)
    if used.size < 2:
        return np.zeros((1, 1)), np.zeros((len(STEPS), 1))
    share = known[used]
    walk = np.cumsum(np.sqrt(share)[:, None] * normals[: used.size], axis=0)
    bridge = np.abs(walk - np.cumsum(share)[:, None] * walk[-1])
    # Edges of empty cells see what the last filled cell before them sees.
    return bridge.max(axis=0)[None], np.add.reduceat(weights, used, axis=1) @ bridge


def _moments(values: FloatArray) -> FloatArray:
    """Mean, standard deviation and skewness of each row: shape [rows, 3]."""
    mean, deviation = values.mean(axis=1), values.std(axis=1)
    cubes = ((values - mean[:, None]) ** 3).mean(axis=1)
    skewness = np.divide(cubes, deviation**3, out=np.zeros_like(mean), where=deviation > 0)
    return np.stack((mean, deviation, skewness), axis=1)
