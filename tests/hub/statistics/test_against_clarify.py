"""NDCG against the example that SageMaker Clarify's guide works out (feature attribution drift).

SAT score, grade point average and class rank have the attributions 0.70, 0.50 and 0.05 in
training and 0.10, 0.20 and 0.70 live; the guide gives 0.69 and alerts below 0.90.
"""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from whitebox_hub.statistics.attribution import ndcg

TRAINING, LIVE = np.array([0.70, 0.50, 0.05]), np.array([0.10, 0.20, 0.70])


def test_ndcg_is_that_of_the_guide() -> None:
    said = ndcg(TRAINING, LIVE)

    assert round(said, 2) == 0.69


@pytest.mark.parametrize("seed", range(20))
def test_ndcg_of_any_attributions_is_scikit_learns(seed: int) -> None:
    training, live = np.random.default_rng(seed).exponential(size=(2, 12))

    said = ndcg(training, live)

    assert said == pytest.approx(ndcg_score([training], [live]))
