"""The discrete Gaussian on the integers: P(k) proportional to exp(-k**2 / (2 * sigma**2)).

Noise of whole numbers has none of the floating-point holes of a rounded normal variate (Mironov
2012), and keeps the same zCDP as the continuous one (Canonne, Kamath and Steinke 2020). Drawn by
inverting the distribution function on a grid of 2**-63, from random bytes that the caller provides.

The law is exact to within a total variation distance of (10 * sigma + 3) * 2**-63 + 1e-22 a draw:
each step of the function is rounded down by less than one unit of the grid, and what lies beyond
ten sigma has less than 1e-22 of the mass. At sigma = 45 that is 5e-17, so that 10,000 cells add
less than 1e-12 to a budget's delta.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from whitebox_wire.vector import IntVector

# `entropy(n)` gives n random bytes, from the operating system outside of tests.
Entropy = Callable[[int], bytes]

_GRID_BITS = 63
_REACH = 10
_DIGITS = 40
_BYTES = 8


@dataclass(frozen=True)
class DiscreteGaussian:
    """One law. `steps[i]` is P(k <= i - reach) in units of 2**-63: uint64, rising, shape [support].

    `variance` is the law's own: below sigma = 1 it is less than sigma**2. Made by `of`, which
    keeps a few laws: a large sigma takes a moment.
    """

    sigma: float
    reach: int
    steps: npt.NDArray[np.uint64]
    variance: float

    @staticmethod
    @lru_cache(maxsize=64)
    def of(sigma: float) -> DiscreteGaussian:
        """The law with a positive sigma.

        >>> law = DiscreteGaussian.of(3.0)
        >>> law.reach, round(law.variance, 6)
        (32, 9.0)
        """
        exact = Context(prec=_DIGITS)
        width = Decimal(2) * Decimal(sigma) * Decimal(sigma)
        reach = int(_REACH * sigma) + 2
        half = [exact.exp(exact.divide(Decimal(-k * k), width)) for k in range(reach + 1)]
        total = 2 * sum(half[1:]) + half[0]
        square = 2 * sum(k * k * weight for k, weight in enumerate(half))
        steps, below = [], Decimal(0)
        for k in range(-reach, reach + 1):
            below = exact.add(below, half[abs(k)])
            steps.append(int(exact.divide(below, total) * (1 << _GRID_BITS)))
        # The last step is certain, however the others were rounded.
        steps[-1] = 1 << _GRID_BITS
        return DiscreteGaussian(sigma, reach, np.array(steps, np.uint64), float(square / total))

    def draw(self, count: int, entropy: Entropy) -> IntVector:
        r"""Independent draws: int64, shape [count]. Takes 8 random bytes for each.

        >>> DiscreteGaussian.of(3.0).draw(3, lambda n: b"\x00" * (n - 8) + b"\xff" * 8)
        array([-27, -27,  32])
        """
        uniform = np.frombuffer(entropy(_BYTES * count), "<u8") >> np.uint64(64 - _GRID_BITS)
        drawn: IntVector = np.searchsorted(self.steps, uniform, side="right").astype(np.int64)
        return drawn - self.reach
