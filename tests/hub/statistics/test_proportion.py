"""The excess test against scipy's hypergeometric law and exact whole numbers."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from whitebox_hub.statistics.proportion import excess_p_values


@given(
    rows=st.integers(1, 3_000),
    reference_rows=st.integers(1, 30_000),
    share=st.floats(0, 1),
    reference_share=st.floats(0, 1),
)
def test_an_excess_has_the_tail_of_the_hypergeometric_law(
    rows: int, reference_rows: int, share: float, reference_share: float
) -> None:
    hits, known = round(rows * share), round(reference_rows * reference_share)

    [said] = excess_p_values([hits], [rows], [known], [reference_rows])

    total, marked = rows + reference_rows, hits + known
    if hits * total > rows * marked:
        exact = stats.hypergeom.sf(hits - 1, total, marked, rows)
        assert said == pytest.approx(exact, rel=1e-6, abs=1e-300)
    else:
        assert said >= 0.5


def test_the_tail_of_huge_counts_keeps_its_digits() -> None:
    rows, reference_rows, hits, known = 2**40, 2**50, 4, 100

    [said] = excess_p_values([hits], [rows], [known], [reference_rows])

    total, marked = rows + reference_rows, hits + known
    ways = (comb(rows, k) * comb(reference_rows, marked - k) for k in range(hits, marked + 1))
    exact = Fraction(sum(ways), comb(total, marked))
    assert said == pytest.approx(float(exact), rel=1e-6)


def test_beyond_the_exact_sums_the_normal_law_is_right_within_a_tenth_at_1e_5() -> None:
    rows, reference_rows, known = 400_000, 2_000_000, 1_000_000
    hits = 200_000 + round(4.2 * 200_000**0.5 * 0.79)

    [said] = excess_p_values([hits], [rows], [known], [reference_rows])

    exact = stats.hypergeom.sf(hits - 1, rows + reference_rows, hits + known, rows)
    assert 1e-6 < exact < 1e-4
    assert said == pytest.approx(exact, rel=0.1)


@pytest.mark.parametrize(
    ("hits", "rows", "known", "reference_rows"),
    [(0, 0, 0, 0), (5, 5, 0, 0), (0, 0, 5, 9), (0, 9, 0, 9), (9, 9, 9, 9), (0, 1, 0, 1)],
)
def test_what_cannot_be_an_excess_has_p_one(
    hits: int, rows: int, known: int, reference_rows: int
) -> None:
    assert excess_p_values([hits], [rows], [known], [reference_rows]).tolist() == [1.0]


counts = st.tuples(st.integers(0, 2**50), st.integers(0, 2**50)).map(sorted)


@given(counts, counts)
def test_every_p_value_is_a_probability(now: list[int], before: list[int]) -> None:
    [said] = excess_p_values([now[0]], [now[1]], [before[0]], [before[1]])

    assert 0.0 <= said <= 1.0


def test_columns_are_tested_apart_from_each_other() -> None:
    columns = np.array([[3, 50, 900], [40, 80, 1_000], [1, 5, 10], [900, 1_000, 20_000]])

    together = excess_p_values(*columns)

    alone = [excess_p_values(*(row[i : i + 1] for row in columns))[0] for i in range(3)]
    assert together.tolist() == pytest.approx(alone, rel=1e-12)
