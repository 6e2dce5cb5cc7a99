"""Makes `opendp_golden.json` with OpenDP, whose 275 MB are no dependency of the tests.

In an environment of its own: `pip install opendp==0.16.0`, then run this file; it writes the JSON
beside itself. The tests read the JSON and need no OpenDP.
"""

from __future__ import annotations

import importlib
import json
import math
from pathlib import Path
from typing import Any

DELTA = 1e-6
BUDGETS = [
    (epsilon, delta, sensitivity)
    for epsilon in (0.1, 0.5, 1.0, 2.0, 4.0, 8.0)
    for delta in (1e-6, 1e-9)
    for sensitivity in (math.sqrt(2), math.sqrt(50), math.sqrt(100))
]
RHOS = (0.001, 0.0244, 0.25, 1.0)
SIGMAS = (0.8, 4.531, 45.308)
DRAWS = 200_000


class Oracle:
    """OpenDP's discrete Gaussian on a vector of whole numbers."""

    def __init__(self) -> None:
        self._dp: Any = importlib.import_module("opendp.prelude")
        self._dp.enable_features("contrib")

    def gaussian(self, sigma: float) -> Any:
        dp = self._dp
        domain = dp.vector_domain(dp.atom_domain(T="i64"))
        return dp.m.make_gaussian(domain, dp.l2_distance(T="f64"), scale=sigma)

    def approximate(self, sigma: float, delta: float) -> Any:
        combinators = self._dp.c
        return combinators.make_fix_delta(
            combinators.make_zCDP_to_approxDP(self.gaussian(sigma)), delta
        )

    def sigma(self, epsilon: float, delta: float, sensitivity: float) -> float:
        found: float = self._dp.binary_search_param(
            lambda sigma: self.approximate(sigma, delta), d_in=sensitivity, d_out=(epsilon, delta)
        )
        return found

    def counts(self, sigma: float) -> dict[str, int]:
        """How often its sampler drew each whole number."""
        drawn = self.gaussian(sigma)([0] * DRAWS)
        return {str(k): drawn.count(k) for k in sorted(set(drawn))}


def main() -> None:
    oracle = Oracle()
    budgets = [
        {"epsilon": e, "delta": d, "sensitivity": s, "sigma": oracle.sigma(e, d, s)}
        for e, d, s in BUDGETS
    ]
    conversions = [
        {
            "rho": rho,
            "epsilon": oracle.approximate(1 / math.sqrt(2 * rho), DELTA).map(1.0)[0],
            "delta": DELTA,
        }
        for rho in RHOS
    ]
    draws = [{"sigma": sigma, "counts": oracle.counts(sigma)} for sigma in SIGMAS]
    golden = {"budgets": budgets, "conversions": conversions, "draws": draws}
    path = Path(__file__).with_name("opendp_golden.json")
    path.write_text(json.dumps(golden) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
