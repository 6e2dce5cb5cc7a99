"""KS and Wasserstein from cells against scipy's from the rows, over a zoo of columns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tests.hub.statistics.columns import COLUMNS, block, changes, fold, samples
from whitebox_hub.statistics.ks import ks_distance, ks_p_values
from whitebox_hub.statistics.numeric_cells import NumericCells
from whitebox_hub.statistics.wasserstein import wasserstein
from whitebox_wire.bins import numeric_bins
from whitebox_wire.layout import NumericBlock
from whitebox_wire.spec import NumericBins

REFERENCE_ROWS = 20_000


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("rows", [1_000, 20_000])
def test_ks_is_that_of_the_rows_nearly_and_never_more(name: str, rows: int) -> None:
    rng = np.random.default_rng(2)
    before = COLUMNS[name](rng, REFERENCE_ROWS)
    bins = numeric_bins(np.sort(before))

    for change, now in changes(rng, COLUMNS[name](rng, rows)):
        [said] = ks_distance(*samples(bins, before, now))

        exact = stats.ks_2samp(before, now, method="asymp").statistic
        # Only a shift by two deviations that moves a peak into an empty cell takes more.
        within = 0.0125 if exact > 0.5 else 0.01
        assert exact - within <= said <= exact + 1e-9, change


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize(("rows", "within"), [(1_000, 0.01), (20_000, 0.005)])
def test_wasserstein_in_deviations_is_that_of_the_rows_nearly(
    name: str, rows: int, within: float
) -> None:
    rng = np.random.default_rng(2)
    before = COLUMNS[name](rng, REFERENCE_ROWS)
    bins = numeric_bins(np.sort(before))

    for change, now in changes(rng, COLUMNS[name](rng, rows)):
        reference, live = samples(bins, before, now)
        said = wasserstein(reference, live)[0] / reference.deviations[0]

        exact = stats.wasserstein_distance(before, now) / before.std()
        assert said == pytest.approx(exact, abs=within, rel=0.04), change


def test_a_pure_shift_is_exact_however_far_it_goes() -> None:
    rng = np.random.default_rng(4)
    before = rng.normal(size=REFERENCE_ROWS)
    bins = numeric_bins(np.sort(before))

    for shift in (-300.0, -7.0, 0.4, 90.0):
        [said] = wasserstein(*samples(bins, before, before + shift))
        assert said * bins.scale == pytest.approx(abs(shift), rel=1e-4)


def test_deviations_are_numpys_and_nothing_varies_in_a_constant() -> None:
    rng = np.random.default_rng(4)
    before = rng.gamma(2.0, 100.0, REFERENCE_ROWS)
    bins = numeric_bins(np.sort(before))

    varied, constant = samples(bins, before, np.full(500, 123.4))

    assert varied.deviations[0] * bins.scale == pytest.approx(before.std(), rel=1e-4)
    assert constant.deviations.tolist() == [0.0]


def test_columns_are_compared_apart_from_each_other() -> None:
    rng = np.random.default_rng(6)
    columns = [draw(rng, 2_000) for draw in COLUMNS.values()]
    bins = [numeric_bins(np.sort(values)) for values in columns]
    vectors = [fold(b, values) for b, values in zip(bins, columns, strict=True)]
    moved = [fold(b, values * 1.1) for b, values in zip(bins, columns, strict=True)]
    starts = np.cumsum([0, *(v.size for v in vectors[:-1])])
    blocks = [_at(b, int(start)) for b, start in zip(bins, starts, strict=True)]

    cells = NumericCells.of(blocks, bins)
    before, now = (cells.read(np.concatenate(of)) for of in (vectors, moved))

    for i, (b, values) in enumerate(zip(bins, columns, strict=True)):
        alone = samples(b, values, values * 1.1)
        assert ks_distance(before, now)[i] == pytest.approx(ks_distance(*alone)[0], abs=1e-12)
        assert wasserstein(before, now)[i] == pytest.approx(wasserstein(*alone)[0], rel=1e-9)


def _at(bins: NumericBins, start: int) -> NumericBlock:
    at = block(bins)
    places = (at.missing, at.invalid, at.s1, at.s2, at.excess_low, at.excess_high)
    return NumericBlock(
        slice(at.bins.start + start, at.bins.stop + start), *(place + start for place in places)
    )


@pytest.mark.parametrize("which", [0, 1, 2])
def test_without_rows_on_a_side_distances_are_zero(which: int) -> None:
    values = np.random.default_rng(0).normal(size=500)
    bins = numeric_bins(np.sort(values))
    empty = np.empty(0)
    before, now = ((empty, values), (values, empty), (empty, empty))[which]

    both = samples(bins, before, now)

    assert ks_distance(*both).tolist() == wasserstein(*both).tolist() == [0.0]


@pytest.mark.parametrize(("rows", "reference_rows"), [(50, 500), (400, 900), (5_000, 1_000)])
def test_p_values_of_ks_are_scipys_asymptotic_ones(rows: int, reference_rows: int) -> None:
    rng = np.random.default_rng(rows)
    before, now = rng.normal(size=reference_rows), rng.normal(0.1, 1.0, rows)
    exact = stats.ks_2samp(before, now, method="asymp")

    [said] = ks_p_values([exact.statistic], [rows], [reference_rows])

    assert said == pytest.approx(exact.pvalue, rel=0.05, abs=1e-4)


cells = st.lists(st.sampled_from([0, 0, 1, 5, 10_000, 2**50, -3]), min_size=10, max_size=10)
scales = st.sampled_from([1e-290, 1e-6, 1.0, 1e150, 1e307])


@given(cells, cells, scales)
def test_whatever_the_counts_distances_are_finite(
    before: list[int], now: list[int], scale: float
) -> None:
    edges = np.array([-1.0, 0.0, 1.0]) * min(scale, 1e300)
    of = NumericCells.of(
        [NumericBlock(slice(0, 4), *range(4, 10))], [NumericBins(tuple(edges), 0.0, scale)]
    )
    reference, live = (of.read(np.array(counts)) for counts in (before, now))

    assert np.isfinite(wasserstein(reference, live)).all()
    assert 0.0 <= ks_distance(reference, live)[0] <= 1.0
    assert np.isfinite(reference.deviations).all()
