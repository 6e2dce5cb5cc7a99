"""Summaries from cells against numpy on the rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whitebox_hub.statistics.descriptive import (
    QUANTILES,
    categorical_summary,
    numeric_summary,
    quantiles,
)
from whitebox_wire.bins import numeric_bins
from whitebox_wire.layout import CategoricalBlock, NumericBlock
from whitebox_wire.spec import NumericBins
from whitebox_wire.vector import ONE, FloatArray, IntVector


def block_of(bins: NumericBins) -> NumericBlock:
    first = bins.cells
    return NumericBlock(slice(0, first), *range(first, first + 6))


def fold(values: FloatArray, bins: NumericBins, *, missing: int = 0, invalid: int = 0) -> IntVector:
    z = (values - bins.centre) / bins.scale
    cells = np.bincount(np.searchsorted(bins.edges, values, "right"), minlength=bins.cells)
    sums = [np.rint(z * ONE).sum(), np.rint(z * z * ONE).sum(), 0, 0]
    return np.concatenate((cells, [missing, invalid], sums)).astype(np.int64)


def test_counts_and_moments_are_those_of_the_rows() -> None:
    values = np.random.default_rng(0).gamma(3.0, 20.0, 3_000)
    bins = numeric_bins(np.sort(values))

    said = numeric_summary(fold(values, bins, missing=7, invalid=2), block_of(bins), bins)

    counts = (said.missing_count, said.non_missing_count, said.invalid_count)
    assert counts == (7, 3_000, 2)
    assert said.mean == pytest.approx(values.mean(), abs=1e-6 * bins.scale)
    assert said.sum == pytest.approx(values.sum(), rel=1e-6)
    assert said.variance == pytest.approx(values.var(ddof=1), rel=1e-5)
    assert said.standard_deviation == pytest.approx(values.std(ddof=1), rel=1e-5)


def test_quantiles_lie_within_a_cell_of_those_of_the_rows() -> None:
    values = np.random.default_rng(1).normal(50.0, 10.0, 20_000)
    bins = numeric_bins(np.sort(values))

    said = numeric_summary(fold(values, bins), block_of(bins), bins).quantiles

    assert said == pytest.approx(np.quantile(values, QUANTILES), abs=0.5)
    assert said is not None
    assert list(said) == sorted(said)


def test_extremes_are_bounds_of_the_cells_that_hold_them() -> None:
    bins = NumericBins((0.0, 10.0, 20.0, 30.0), 15.0, 5.0)
    values = np.array([11.0, 12.0, 27.0])

    said = numeric_summary(fold(values, bins), block_of(bins), bins)

    assert (said.minimum, said.maximum) == (10.0, 30.0)


def test_extremes_beyond_the_outermost_edges_are_given_as_those_edges() -> None:
    bins = NumericBins((0.0, 10.0), 5.0, 5.0)

    said = numeric_summary(fold(np.array([-50.0, 99.0]), bins), block_of(bins), bins)

    assert (said.minimum, said.maximum) == (0.0, 10.0)


def test_an_all_missing_feature_has_counts_and_nothing_else() -> None:
    bins = NumericBins((0.0, 10.0), 5.0, 5.0)

    said = numeric_summary(fold(np.empty(0), bins, missing=40), block_of(bins), bins)

    assert said.missing_count == 40
    assert said.mean is said.sum is said.variance is said.standard_deviation is None
    assert said.minimum is said.maximum is None
    assert said.quantiles is None


def test_one_row_has_a_mean_and_no_variance() -> None:
    bins = NumericBins((0.0, 10.0), 5.0, 5.0)

    said = numeric_summary(fold(np.array([7.5]), bins), block_of(bins), bins)

    assert said.mean == pytest.approx(7.5)
    assert said.variance is None


def test_a_constant_feature_has_a_variance_of_zero() -> None:
    values = np.full(100, 42.0)
    bins = numeric_bins(values)

    said = numeric_summary(fold(values, bins), block_of(bins), bins)

    assert said.variance == pytest.approx(0.0, abs=1e-6)
    assert said.minimum == 42.0


def noised(block: NumericBlock) -> NumericBlock:
    """The block with a place for the noise's variance behind it."""
    return replace(block, noise_variance=block.excess_high + 1)


def test_moments_of_a_noised_feature_are_read_from_its_cells() -> None:
    values = np.random.default_rng(2).normal(50.0, 10.0, 20_000)
    bins = NumericBins(tuple(float(e) for e in range(24, 78, 3)), 50.0, 10.0)
    block = noised(block_of(bins))
    vector = np.append(fold(values, bins), 25 * ONE)
    vector[[block.s1, block.s2]] = 0

    said = numeric_summary(vector, block, bins)

    assert said.noise_deviation == 5.0
    assert said.mean == pytest.approx(values.mean(), abs=0.2)
    assert said.sum == pytest.approx(values.sum(), rel=0.01)
    assert said.standard_deviation == pytest.approx(values.std(), rel=0.03)
    assert (said.minimum, said.maximum) == (None, None), "noise fills every cell"


def test_a_feature_with_a_budget_and_no_noise_yet_is_exact() -> None:
    values = np.random.default_rng(2).normal(50.0, 10.0, 500)
    bins = numeric_bins(np.sort(values))

    said = numeric_summary(np.append(fold(values, bins), 0), noised(block_of(bins)), bins)

    assert said.noise_deviation is None
    assert said.mean == pytest.approx(values.mean(), abs=1e-6 * bins.scale)


@given(
    st.lists(st.integers(-(2**50), 2**50), min_size=5, max_size=5),
    st.lists(st.integers(-(2**62), 2**62), min_size=7, max_size=7),
    st.sampled_from([1e-200, 1.0, 1e200, 1e307]),
    st.booleans(),
)
def test_whatever_a_block_holds_every_number_is_finite_or_none(
    cells: list[int],
    others: list[int],
    scale: float,
    has_budget: bool,
) -> None:
    bins = NumericBins((-1e308, 0.0, 1.0, 1.7e308), 0.0, scale)
    block = noised(block_of(bins)) if has_budget else block_of(bins)

    said = numeric_summary(np.array(cells + others), block, bins)

    numbers = [said.mean, said.sum, said.standard_deviation, said.variance]
    numbers += [said.minimum, said.maximum, *(said.quantiles or ())]
    assert all(value is None or np.isfinite(value) for value in numbers)
    assert min(said.missing_count, said.non_missing_count, said.invalid_count) >= 0


def test_a_quantile_passes_over_empty_cells() -> None:
    said = quantiles(np.array([0, 5, 0, 0, 5, 0]), np.arange(5.0), [0.4, 0.5, 0.6])

    assert said.tolist() == pytest.approx([0.8, 1.0, 3.2])


def test_a_categorical_summary_names_what_training_did_not_hold() -> None:
    block = CategoricalBlock(slice(0, 4), missing=4, invalid=5)

    said = categorical_summary(np.array([10, -3, 2, 4, 5, 6]), block)

    assert said.counts == (10, 0)
    assert (said.other_count, said.unseen_count) == (2, 4)
    assert (said.missing_count, said.non_missing_count, said.invalid_count) == (5, 16, 6)
