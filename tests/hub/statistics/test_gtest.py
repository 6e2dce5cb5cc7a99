"""The G test against scipy's contingency tables, and its answers at the limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from whitebox_hub.statistics.contingency import RARE_SHARE
from whitebox_hub.statistics.groups import GroupPlan
from whitebox_hub.statistics.gtest import GTest, g_test
from whitebox_hub.statistics.merge import merge
from whitebox_wire.vector import FloatArray


def compare(reference: FloatArray, live: FloatArray, *, ordered: bool = True) -> GTest:
    size = reference.size
    plan = GroupPlan(
        starts=np.arange(size),
        kept=np.arange(size),
        stop=size,
        offsets=np.array([0]),
        sizes=np.array([size]),
        ordered=np.array([ordered]),
        floor=np.zeros(size),
    )
    merged = merge(plan, reference, live)
    return g_test(merged, merged.sum(reference), merged.sum(live))


@pytest.mark.parametrize("seed", range(5))
def test_g_is_scipys_log_likelihood_statistic(seed: int) -> None:
    rng = np.random.default_rng(seed)
    reference = rng.multinomial(5_000, rng.dirichlet(np.full(8, 5.0))).astype(np.float64)
    live = rng.multinomial(700, rng.dirichlet(np.full(8, 5.0))).astype(np.float64)

    said = compare(reference, live)

    table = stats.chi2_contingency(np.stack((reference, live)), lambda_="log-likelihood")
    assert said.statistic[0] == pytest.approx(table.statistic, rel=1e-10)
    assert said.degrees[0] == table.dof == 7


def test_p_is_chi_squares_tail_of_g_by_williams_correction() -> None:
    reference, live = np.array([300.0, 400.0, 300.0]), np.array([45.0, 30.0, 25.0])

    said = compare(reference, live)

    total = 1_100.0
    margins = total / 1_000 + total / 100 - 1
    groups = (total / (reference + live)).sum() - 1
    q = 1 + margins * groups / (6 * total * 2)
    assert said.p_value[0] == pytest.approx(stats.chi2.sf(said.statistic[0] / q, 2), rel=1e-10)


def test_rows_in_a_group_that_never_held_any_are_tested_by_fishers_exact_tail() -> None:
    reference, live = np.array([0.0, 20_000.0]), np.array([2.0, 98.0])

    said = compare(reference, live)

    fisher = stats.fisher_exact([[2, 98], [0, 20_000]], alternative="greater")
    assert said.degrees[0] == 0
    assert said.enough[0]
    assert said.p_value[0] == pytest.approx(fisher.pvalue, rel=1e-8)


def test_the_rare_groups_take_a_tenth_of_the_error() -> None:
    reference, live = np.array([0.0, 10_000.0, 10_000.0]), np.array([3.0, 50.0, 50.0])

    said = compare(reference, live)

    fisher = stats.fisher_exact([[3, 100], [0, 20_000]], alternative="greater")
    assert said.p_value[0] == pytest.approx(fisher.pvalue / RARE_SHARE, rel=1e-8)


@pytest.mark.parametrize(
    ("reference", "live"),
    [
        ([0, 0, 0], [50, 50, 50]),
        ([50, 50, 50], [0, 0, 0]),
        ([500, 500, 500], [1, 0, 0]),
        ([0, 0, 0], [0, 0, 0]),
        ([1, 0, 0], [500, 500, 500]),
    ],
)
def test_too_few_rows_on_a_side_are_said_to_be_too_few(
    reference: list[float], live: list[float]
) -> None:
    said = compare(np.array(reference, np.float64), np.array(live, np.float64))

    assert not said.enough[0]
    assert said.p_value[0] == 1.0


counts = st.lists(st.integers(0, 40) | st.integers(0, 2**50), min_size=6, max_size=6)


@given(counts, counts, st.booleans())
def test_every_answer_is_a_finite_statistic_and_a_probability(
    before: list[int],
    now: list[int],
    ordered: bool,
) -> None:
    said = compare(np.array(before, np.float64), np.array(now, np.float64), ordered=ordered)

    assert np.isfinite(said.statistic[0])
    assert 0.0 <= said.p_value[0] <= 1.0
