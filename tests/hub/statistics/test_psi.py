"""PSI against its formula, written with scipy's relative entropies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import rel_entr

from whitebox_hub.statistics.psi import EMPTY_ROWS, psi

counts = st.lists(st.integers(-5, 2**50), min_size=8, max_size=8)


def test_psi_is_the_sum_of_both_relative_entropies_of_each_column() -> None:
    rng = np.random.default_rng(0)
    offsets = np.array([0, 4, 11])
    reference, live = rng.integers(1, 500, (2, 20)).astype(np.float64)

    said = psi(reference, live, offsets)

    for value, begin, end in zip(said, offsets, (4, 11, 20), strict=True):
        p, q = live[begin:end] / live[begin:end].sum(), reference[begin:end]
        q = q / q.sum()
        assert value == pytest.approx((rel_entr(p, q) + rel_entr(q, p)).sum(), rel=1e-12)


def test_a_group_that_is_empty_on_one_side_holds_half_a_row_there() -> None:
    said = psi(np.array([100.0, 0.0]), np.array([90.0, 10.0]), np.array([0]))

    q = EMPTY_ROWS / 100
    by_hand = (0.9 - 1.0) * np.log(0.9) + (0.1 - q) * np.log(0.1 / q)
    assert said[0] == pytest.approx(by_hand, rel=1e-12)


def test_groups_that_are_empty_on_both_sides_change_nothing() -> None:
    some = psi(np.array([5.0, 9.0]), np.array([7.0, 3.0]), np.array([0]))

    more = psi(np.array([5.0, 0.0, 9.0]), np.array([7.0, 0.0, 3.0]), np.array([0]))

    assert more[0] == some[0]


@given(counts, counts)
def test_psi_is_finite_and_never_negative(before: list[int], now: list[int]) -> None:
    reference, live = (np.maximum(np.array(c, np.float64), 0.0) for c in (before, now))

    said = psi(reference, live, np.array([0, 3]))

    assert np.isfinite(said).all()
    assert (said >= 0).all()
    assert psi(reference, reference, np.array([0, 3])).tolist() == [0.0, 0.0]
