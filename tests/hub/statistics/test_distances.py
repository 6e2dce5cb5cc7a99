"""Distances between shares against scipy's, and what they have in common."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial import distance

from tests.hub.statistics.columns import COLUMNS, changes
from whitebox_hub.statistics.chi_square import chi_square, goodness_of_fit
from whitebox_hub.statistics.groups import IntArray, equal_mass
from whitebox_hub.statistics.hellinger import hellinger
from whitebox_hub.statistics.jensen_shannon import jensen_shannon
from whitebox_hub.statistics.l_infinity import l_infinity
from whitebox_hub.statistics.psi import psi
from whitebox_hub.statistics.total_variation import total_variation
from whitebox_hub.statistics.z_test import z_p_values
from whitebox_wire.bins import numeric_bins
from whitebox_wire.vector import FloatArray

Distance = Callable[[FloatArray, FloatArray, IntArray], FloatArray]

# Each with what it is of two distributions, by scipy or numpy.
ORACLES: dict[Distance, Callable[[FloatArray, FloatArray], float]] = {
    jensen_shannon: distance.jensenshannon,
    hellinger: lambda q, p: float(np.linalg.norm(np.sqrt(p) - np.sqrt(q)) / np.sqrt(2)),
    total_variation: lambda q, p: float(distance.cityblock(p, q) / 2),
    l_infinity: distance.chebyshev,
    chi_square: lambda q, p: float(stats.chisquare(p, q).statistic),
}
OFFSETS, ENDS = np.array([0, 4, 11]), (4, 11, 20)


@pytest.mark.parametrize("of", ORACLES, ids=lambda of: of.__name__)
def test_each_column_has_the_distance_of_its_shares(of: Distance) -> None:
    reference, live = np.random.default_rng(0).integers(1, 500, (2, 20)).astype(np.float64)

    said = of(reference, live, OFFSETS)

    for value, begin, end in zip(said, OFFSETS, ENDS, strict=True):
        q, p = (a[begin:end] / a[begin:end].sum() for a in (reference, live))
        assert value == pytest.approx(ORACLES[of](q, p), rel=1e-10)


counts = st.lists(st.sampled_from([0, 0, 1, 3, 500, 2**50]), min_size=20, max_size=20)


@pytest.mark.parametrize("of", ORACLES, ids=lambda of: of.__name__)
@given(counts, counts)
def test_a_distance_is_finite_never_negative_and_zero_to_itself(
    of: Distance, before: list[int], now: list[int]
) -> None:
    reference, live = np.array(before, np.float64), np.array(now, np.float64)

    said = of(reference, live, OFFSETS)

    assert np.isfinite(said).all()
    assert (said >= 0).all()
    assert of(reference, reference, OFFSETS).tolist() == pytest.approx([0.0] * 3, abs=1e-7)


@given(counts, counts)
def test_distances_keep_the_order_that_theory_gives_them(before: list[int], now: list[int]) -> None:
    reference, live = np.array(before, np.float64), np.array(now, np.float64)

    h, tv = hellinger(reference, live, OFFSETS), total_variation(reference, live, OFFSETS)
    most = l_infinity(reference, live, OFFSETS)

    assert (most <= tv + 1e-12).all()
    assert (h**2 <= tv + 1e-12).all()
    assert (tv <= np.sqrt(2) * h + 1e-12).all()
    assert (jensen_shannon(reference, live, OFFSETS) <= np.sqrt(np.log(2)) + 1e-12).all()


@pytest.mark.parametrize("name", COLUMNS)
def test_psi_and_js_over_groups_of_cells_are_those_of_the_rows_over_the_same_edges(
    name: str,
) -> None:
    rng = np.random.default_rng(2)
    before = COLUMNS[name](rng, 20_000)
    edges = np.array(numeric_bins(np.sort(before)).edges)
    cells = np.bincount(np.searchsorted(edges, before, "right"), minlength=edges.size + 1)
    starts = np.concatenate(([0], equal_mass(cells)))
    ends = edges[starts[1:] - 1]

    for _, now in changes(rng, COLUMNS[name](rng, 5_000)):
        fine = np.bincount(np.searchsorted(edges, now, "right"), minlength=edges.size + 1)
        of_cells = [np.add.reduceat(c, starts).astype(np.float64) for c in (cells, fine)]
        of_rows = [
            np.bincount(np.searchsorted(ends, v, "right"), minlength=starts.size).astype(np.float64)
            for v in (before, now)
        ]

        offsets = np.array([0])
        for statistic in (psi, jensen_shannon):
            said, exact = (statistic(of[0], of[1], offsets) for of in (of_cells, of_rows))
            assert said.tolist() == exact.tolist()


@pytest.mark.parametrize("seed", range(4))
def test_goodness_of_fit_is_scipys_chisquare(seed: int) -> None:
    rng = np.random.default_rng(seed)
    reference = rng.multinomial(900, rng.dirichlet(np.full(6, 3.0))).astype(np.float64)
    live = rng.multinomial(300, reference / reference.sum()).astype(np.float64)

    [said] = goodness_of_fit(reference, live, np.array([0]))

    used = reference > 0
    exact = stats.chisquare(live[used], reference[used] / reference.sum() * live.sum())
    assert said == pytest.approx(exact.pvalue, rel=1e-9)


@pytest.mark.parametrize(
    ("reference", "live", "p_value"),
    [
        ([10.0, 0.0], [5.0, 1.0], 0.0),
        ([10.0, 0.0], [5.0, 0.0], 1.0),
        ([0.0, 0.0], [5.0, 1.0], 1.0),
        ([5.0, 5.0], [0.0, 0.0], 1.0),
    ],
    ids=["a new category", "one category", "no reference", "no rows"],
)
def test_goodness_of_fit_at_its_limits(
    reference: list[float], live: list[float], p_value: float
) -> None:
    said = goodness_of_fit(np.array(reference), np.array(live), np.array([0]))

    assert said.tolist() == [p_value]


@given(st.integers(0, 400), st.integers(1, 400), st.integers(0, 4_000), st.integers(1, 4_000))
def test_z_squared_is_the_chi_square_of_the_table(
    hits: int, misses: int, before: int, others: int
) -> None:
    rows, known = hits + misses, before + others

    [said] = z_p_values([hits], [rows], [before], [known])

    if hits + before == 0:
        assert said == 1.0
    else:
        table = np.array([[hits, misses], [before, others]])
        exact = stats.chi2_contingency(table, correction=False).pvalue
        assert said == pytest.approx(exact, rel=1e-6, abs=1e-12)
