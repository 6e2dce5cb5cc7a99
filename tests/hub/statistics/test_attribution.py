"""Attribution drift against scikit-learn's NDCG and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from whitebox_hub.statistics.attribution import (
    SHARE_MIN,
    attribution_changes,
    attribution_distance,
    ndcg,
)

attributions = st.lists(st.floats(0, 1e6), min_size=3, max_size=3).map(np.array)


@pytest.mark.parametrize("seed", range(4))
def test_ndcg_is_scikit_learns_with_the_reference_as_relevance(seed: int) -> None:
    reference, live = np.random.default_rng(seed).uniform(0, 1, (2, 12))

    assert ndcg(reference, live) == pytest.approx(ndcg_score([reference], [live]), rel=1e-12)


def test_ndcg_of_a_swap_of_the_two_largest_stays_above_nine_tenths() -> None:
    assert ndcg(np.array([0.7, 0.5, 0.05]), np.array([0.5, 0.7, 0.05])) == pytest.approx(
        0.929, abs=0.001
    )


def test_ndcg_does_not_see_a_change_of_scale_and_the_changes_do() -> None:
    reference = np.array([4.0, 2.0, 1.0])

    assert ndcg(reference, 3 * reference) == 1.0
    assert attribution_distance(reference, 3 * reference) == pytest.approx(0.0, abs=1e-12)
    assert attribution_changes(reference, 3 * reference).tolist() == [2.0, 2.0, 2.0]


def test_a_feature_that_never_mattered_is_measured_by_a_hundredth_of_all() -> None:
    changes = attribution_changes(np.array([1.0, 0.0]), np.array([1.0, 0.05]))

    assert changes.tolist() == pytest.approx([0.0, 0.05 / SHARE_MIN])


@given(attributions, attributions)
def test_whatever_the_attributions_all_are_finite(reference: np.ndarray, live: np.ndarray) -> None:
    assert 0.0 <= ndcg(reference, live) <= 1.0 + 1e-12
    assert 0.0 <= attribution_distance(reference, live) <= 2.0 + 1e-12
    assert np.isfinite(attribution_changes(reference, live)).all()
