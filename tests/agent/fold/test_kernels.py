"""Both kernels give the same bits, and those of a plain count, for any float64 and any bins."""

from __future__ import annotations

import math
from bisect import bisect_right

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from whitebox_agent.fold.columns import NumericColumns
from whitebox_agent.fold.grid import Grids
from whitebox_agent.fold.numeric import BLOCK_ROWS_MAX, Kernel, NumericFold, faster_kernel
from whitebox_wire.bins import numeric_bins
from whitebox_wire.layout import Layout, NumericBlock, Section
from whitebox_wire.spec import Feature, ModelKind, ModelSpec, NumericBins, Prediction, Target
from whitebox_wire.vector import FloatArray, IntVector, moments, zeros

ULP_APART = tuple(float(x) for x in 1.0 + np.arange(6) * np.finfo(float).eps)
EXTREMES = [0.0, -0.0, 5e-324, -5e-324, 1e-310, 1e308, -1e308, np.inf, -np.inf, np.nan]
MAXIMUM = float(np.finfo(np.float64).max)


def _spec(bins: list[NumericBins]) -> ModelSpec:
    features = tuple(Feature(f"f{i}", b) for i, b in enumerate(bins))
    prediction = Prediction("p", classes=("a", "b"))
    return ModelSpec("m", ModelKind.BINARY, features, prediction, Target("y")).check()


def _fold(bins: list[NumericBins], columns: list[FloatArray], kernel: Kernel) -> IntVector:
    layout = Layout.of(_spec(bins))
    vector = zeros(layout, Section.FEATURES)
    NumericFold(bins, _blocks(layout), kernel=kernel).fold(columns, vector)
    return vector


def _blocks(layout: Layout) -> list[NumericBlock]:
    return [block for block in layout.features if isinstance(block, NumericBlock)]


def _assert_same(bins: list[NumericBins], columns: list[FloatArray]) -> None:
    kept = [column.copy() for column in columns]

    sort, grid = _fold(bins, columns, "sort"), _fold(bins, columns, "grid")

    np.testing.assert_array_equal(sort, grid)
    np.testing.assert_array_equal(columns, kept)
    for column, spec, block in zip(columns, bins, _blocks(Layout.of(_spec(bins))), strict=True):
        numbers = column[np.isfinite(column)].tolist()
        cells = [bisect_right(spec.edges, x) for x in numbers]
        np.testing.assert_array_equal(
            sort[block.bins], np.bincount(np.array(cells, np.intp), minlength=spec.cells)
        )
        assert sort[block.missing] == np.isnan(column).sum()
        assert sort[block.invalid] == np.isinf(column).sum()


finite = st.floats(allow_nan=False, allow_infinity=False)
ordinary = st.floats(-100, 100)
edge_lists = st.one_of(
    st.lists(ordinary, min_size=1, max_size=30, unique=True),
    st.lists(finite, min_size=1, max_size=30, unique=True),
    st.just(list(ULP_APART)),
    st.just([*ULP_APART, 1e6]),
    st.just([-MAXIMUM, MAXIMUM]),
    st.integers(1, 120).map(lambda n: [float(i) for i in range(n)]),
)


@st.composite
def bins_and_values(draw: st.DrawFn) -> tuple[NumericBins, FloatArray]:
    edges = sorted({edge + 0.0 for edge in draw(edge_lists)})
    near = [math.nextafter(e, to) for e in edges for to in (-math.inf, math.inf)]
    values = draw(
        hnp.arrays(
            np.float64,
            st.integers(0, 60),
            elements=st.one_of(
                st.floats(), ordinary, st.sampled_from([*edges, *near]), st.sampled_from(EXTREMES)
            ),
        )
    )
    centre, scale = draw(st.one_of(ordinary, finite)), draw(st.floats(1e-300, 1e300))
    return NumericBins(tuple(edges), centre, scale), values


@given(bins_and_values())
@example((NumericBins(ULP_APART, 1.0, 1.0), np.array(ULP_APART)))
@example((NumericBins((0.0,), 0.0, 1.0), np.full(7, np.nan)))
@example((NumericBins((-1e308, 1e308), 1e308, 1e-300), np.array(EXTREMES)))
def test_kernels_agree_bit_for_bit_and_with_bisection(
    given_: tuple[NumericBins, FloatArray],
) -> None:
    bins, values = given_

    _assert_same([bins], [values])


@pytest.mark.parametrize(
    "rows", [0, 1, 2, 100, 999, BLOCK_ROWS_MAX - 1, BLOCK_ROWS_MAX + 1, 20_000]
)
def test_kernels_agree_for_profiled_columns_of_any_length(rows: int) -> None:
    rng = np.random.default_rng(rows)
    kinds = [
        rng.normal(3.0, 2.0, 30_000),
        rng.lognormal(0.0, 3.0, 30_000),
        rng.integers(0, 5, 30_000).astype(float),
        np.where(rng.uniform(size=30_000) < 0.5, 1.5, rng.normal(size=30_000)),
        np.full(30_000, 2.0),
        rng.standard_cauchy(30_000) * 1e290,
    ]
    bins = [numeric_bins(np.sort(kind[:10_000])) for kind in kinds]
    columns = [kind[10_000 : 10_000 + rows] for kind in kinds]
    for column in columns:
        column[rng.uniform(size=rows) < 0.02] = np.nan
        column[rng.uniform(size=rows) < 0.01] = np.inf
        column[rng.uniform(size=rows) < 0.01] *= 1e6

    _assert_same(bins, columns)


def test_edges_that_crowd_have_no_grid_and_others_do() -> None:
    """Otherwise the comparison of kernels would compare sorting with itself."""
    bins = [
        NumericBins((*ULP_APART, 1e6), 1.0, 1.0),
        NumericBins(ULP_APART, 1.0, 1.0),
        NumericBins(tuple(float(i) for i in range(60)), 30.0, 9.0),
    ]

    grids = Grids.of(NumericColumns.of(bins).edges)

    assert grids.usable.tolist() == [False, True, True]


@pytest.mark.parametrize("kernel", ["sort", "grid"])
def test_moments_read_back_as_those_of_the_rows(kernel: Kernel) -> None:
    values = np.random.default_rng(5).normal(3.0, 2.0, 50_000)
    bins = numeric_bins(np.sort(values))
    layout = Layout.of(_spec([bins]))

    found = moments(_fold([bins], [values], kernel), _blocks(layout)[0], bins)

    assert found.rows == 50_000
    assert found.mean == pytest.approx(values.mean(), abs=1e-6 * bins.scale)
    assert found.variance == pytest.approx(values.var(ddof=1), rel=1e-6)


@pytest.mark.parametrize("kernel", ["sort", "grid"])
def test_sums_stay_exact_when_every_row_of_many_blocks_is_clipped(kernel: Kernel) -> None:
    rows = 3 * BLOCK_ROWS_MAX
    bins = NumericBins((0.0, 1.0), 0.0, 1.0)
    [block] = _blocks(Layout.of(_spec([bins])))

    vector = _fold([bins], [np.full(rows, 1e300)], kernel)

    assert vector[block.s1] == rows * 2**30
    assert vector[block.s2] == rows * 2**40
    assert vector[block.excess_high] == rows * 2**30
    assert vector[block.excess_low] == 0


def test_the_choice_of_a_kernel_is_made_once_in_a_process() -> None:
    chosen = faster_kernel()

    assert chosen in ("sort", "grid")
    assert faster_kernel() is chosen
    assert faster_kernel.cache_info().currsize == 1
