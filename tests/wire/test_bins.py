"""Bin edges over a zoo of columns, judged on the raw rows; and the text of a category."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from whitebox_wire.bins import (
    CELLS_MAX,
    DISTINCT_MAX,
    EQUAL_MASS_CELLS,
    TAIL_CELLS,
    VOCABULARY_MAX,
    categorical_bins,
    category_text,
    numeric_bins,
    round_to,
)
from whitebox_wire.spec import CategoricalBins, NumericBins
from whitebox_wire.vector import FloatArray, IntVector

ROWS = 20_000


def _zoo() -> dict[str, FloatArray]:
    rng = np.random.default_rng(7)
    wide = rng.uniform(size=ROWS)
    return {
        "uniform": wide,
        "normal": rng.normal(size=ROWS),
        "normal far from zero": rng.normal(1e9, 3.0, ROWS),
        "lognormal": rng.lognormal(0.0, 2.0, ROWS),
        "cauchy": rng.standard_cauchy(ROWS),
        "pareto": rng.pareto(0.7, ROWS),
        "bimodal": np.concatenate((rng.normal(size=9_000), rng.normal(50.0, 0.1, 9_000))),
        "integers": rng.integers(0, 1_000, ROWS).astype(float),
        "integers beyond 2**53": rng.integers(2**60, 2**62, ROWS).astype(float),
        "neighbours beyond 2**53": 2.0**60 + 256.0 * rng.integers(0, 500, ROWS),
        "ties": np.round(rng.normal(size=ROWS), 2),
        "zero-inflated": np.where(wide < 0.6, 0.0, rng.exponential(size=ROWS)),
        "tiny around zero": np.where(wide < 0.5, 0.0, rng.normal(size=ROWS) * 1e-20),
        "59 heavy values": np.concatenate(
            (np.repeat(np.arange(59.0) * 1.7, 1_000), rng.uniform(0.0, 100.0, 300))
        ),
        "one heavy value": np.concatenate((np.full(9_000, 5.0), rng.normal(5.0, 1e-9, 150))),
        "denormals": rng.integers(1, 2_000, ROWS) * 5e-324,
        "huge": rng.normal(size=ROWS) * 1e300,
        "the largest": rng.uniform(-1.0, 1.0, ROWS) * 1.79e308,
        "a few bits apart": 1.0 + np.arange(200) * 2.0**-52,
        "constant": np.full(50, 3.7),
        "two values": np.repeat([1.5, 2.5], [30, 1_000]),
        "two neighbours": np.array([1.0, 1.0 + 2.0**-52]),
        "a hundred values": np.repeat(np.arange(100.0) ** 2, 7),
        "a hundred and one values": np.repeat(np.arange(101.0) ** 2, 7),
        "one row": np.array([42.123456]),
        "one row, the largest": np.array([1.7976931348623157e308]),
        "one row, the least": np.array([5e-324]),
        "the two extremes": np.array([-1.7976931348623157e308, 1.7976931348623157e308]),
    }


ZOO = {name: np.sort(column) for name, column in _zoo().items()}
MANY = [name for name, column in ZOO.items() if np.unique(column).size > DISTINCT_MAX]
# Columns in which no value is shared by many and a float has room on either side.
SMOOTH = ["uniform", "normal", "normal far from zero", "lognormal", "cauchy", "pareto", "bimodal"]


def cells(bins: NumericBins, values: FloatArray) -> IntVector:
    places = np.searchsorted(np.array(bins.edges), values, side="right")
    return np.bincount(places, minlength=bins.cells)


def heavy_values(column: FloatArray) -> FloatArray:
    distinct, counts = np.unique(column, return_counts=True)
    return distinct[counts > column.size / EQUAL_MASS_CELLS]


@pytest.mark.parametrize("name", ZOO)
def test_any_column_gets_bins_that_a_spec_takes(name: str) -> None:
    bins = numeric_bins(ZOO[name])

    bins.check(name)
    assert bins.cells <= CELLS_MAX
    assert cells(bins, ZOO[name]).sum() == ZOO[name].size


@given(hnp.arrays(np.float64, st.integers(1, 300), elements=st.floats(allow_nan=False, width=64)))
def test_any_finite_values_get_bins_that_a_spec_takes(values: FloatArray) -> None:
    values = np.sort(values[np.isfinite(values)])
    if not values.size:
        values = np.array([0.0])

    bins = numeric_bins(values)

    bins.check("x")
    assert bins.cells <= CELLS_MAX


@pytest.mark.parametrize("name", ZOO)
def test_no_extreme_is_an_edge_unless_many_rows_share_it(name: str) -> None:
    column = ZOO[name]

    told = set(numeric_bins(column).edges) & {column[0], column[-1]}

    assert told <= set(heavy_values(column).tolist())


@pytest.mark.parametrize("name", SMOOTH)
def test_no_edge_is_a_value_of_a_smooth_column(name: str) -> None:
    assert not np.isin(numeric_bins(ZOO[name]).edges, ZOO[name]).any()


@pytest.mark.parametrize("name", SMOOTH)
def test_edges_have_few_digits(name: str) -> None:
    """A value has sixteen; an edge has no more than its neighbours' distance asks for."""
    edges = np.array(numeric_bins(ZOO[name]).edges)[TAIL_CELLS:-TAIL_CELLS]
    gaps = np.diff(edges)
    room = np.minimum(gaps[:-1], gaps[1:])

    for edge, gap in zip(edges[1:-1].tolist(), room.tolist(), strict=True):
        exponent = int(np.floor(np.log10(gap))) - 3
        unit = Fraction(10) ** exponent
        nearest = round(Fraction(edge) / unit) * unit
        assert abs(float(nearest) - edge) <= 4 * np.spacing(abs(edge))


@pytest.mark.parametrize("name", MANY)
def test_a_heavy_value_has_a_cell_of_its_own(name: str) -> None:
    column = ZOO[name]
    edges = numeric_bins(column).edges

    for value in heavy_values(column):
        assert value in edges
        assert np.nextafter(value, np.inf) in edges


@pytest.mark.parametrize("name", [n for n in ZOO if n not in MANY])
def test_up_to_a_hundred_values_get_a_cell_each(name: str) -> None:
    column = ZOO[name]
    counted = cells(numeric_bins(column), column)

    assert counted[counted > 0].tolist() == np.unique(column, return_counts=True)[1].tolist()


def test_edges_lie_half_way_between_few_values_and_beyond_them() -> None:
    assert numeric_bins(np.array([0.0, 10.0, 10.0, 20.0])).edges == (-5.0, 5.0, 15.0, 25.0)


@pytest.mark.parametrize("name", SMOOTH)
def test_no_cell_of_a_smooth_column_holds_more_than_its_share(name: str) -> None:
    column = ZOO[name]

    share = cells(numeric_bins(column), column) / column.size

    assert share.max() <= 1.1 / EQUAL_MASS_CELLS


@pytest.mark.parametrize("name", SMOOTH)
def test_every_decile_is_a_group_of_whole_cells(name: str) -> None:
    column = ZOO[name]

    below = np.cumsum(cells(numeric_bins(column), column)) / column.size

    for decile in np.arange(1, 10) / 10:
        assert np.abs(below - decile).min() <= 0.1 / EQUAL_MASS_CELLS


def test_eight_tail_cells_double_in_width_on_either_side() -> None:
    edges = np.array(numeric_bins(ZOO["normal"]).edges)
    low, high = np.diff(edges[:TAIL_CELLS])[::-1], np.diff(edges[-TAIL_CELLS:])

    for widths in (low, high):
        assert widths[1:] / widths[:-1] == pytest.approx(np.full(TAIL_CELLS - 2, 2.0))


CHANGES: dict[str, Callable[[FloatArray, float], FloatArray]] = {
    "none": lambda x, _: x,
    "shifted a tenth": lambda x, s: x + 0.1 * s,
    "shifted by a half": lambda x, s: x + 0.5 * s,
    "shifted by three": lambda x, s: x - 3.0 * s,
    "stretched": lambda x, _: x * 1.5,
    "shrunk": lambda x, _: x * 0.5,
    "a twentieth times a hundred": lambda x, _: np.where(np.arange(x.size) % 20 == 0, 100 * x, x),
    "cut off": lambda x, s: np.minimum(x, np.median(x) + s),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", SMOOTH)
def test_kolmogorov_smirnov_from_cells_is_within_a_hundredth(name: str, change: str) -> None:
    column = ZOO[name]
    bins = numeric_bins(column)
    shuffled = np.random.default_rng(1).permutation(column)
    live = CHANGES[change](shuffled, bins.scale)

    below = [np.cumsum(cells(bins, rows)) / rows.size for rows in (column, live)]
    found = np.abs(below[0] - below[1]).max()

    exact = stats.ks_2samp(column, live, method="asymp").statistic
    # Cells can only hide a difference, never make one. Where a cluster moves past its own end,
    # all of one cell's mass may be hidden.
    apart = name == "bimodal" or change == "shifted by three"
    assert exact - (1.1 / EQUAL_MASS_CELLS if apart else 0.01) <= found <= exact + 1e-12


def psi(reference: npt.NDArray[np.integer], live: npt.NDArray[np.integer]) -> float:
    p, q = (np.maximum(c, 0.5) / c.sum() for c in (reference, live))
    return float(((p - q) * np.log(p / q)).sum())


@pytest.mark.parametrize("name", SMOOTH)
def test_psi_over_deciles_of_cells_equals_psi_over_the_rows(name: str) -> None:
    column = ZOO[name]
    bins = numeric_bins(column)
    live = np.random.default_rng(2).permutation(column)[:5_000] + 0.3 * bins.scale
    counts = cells(bins, column)

    below = np.cumsum(counts)[:-1]
    inner = np.unique([int(np.abs(below - column.size * k / 10).argmin()) for k in range(1, 10)])
    from_cells = psi(*(np.add.reduceat(c, [0, *(inner + 1)]) for c in (counts, cells(bins, live))))

    deciles = np.array(bins.edges)[inner]
    rows = [np.bincount(np.searchsorted(deciles, x, "right")) for x in (column, live)]
    assert inner.size == 9
    assert from_cells == psi(*rows)
    # And the deciles are the rows' own, up to the roundness of an edge.
    own = np.quantile(column, np.arange(1, 10) / 10)
    exact = psi(*(np.bincount(np.searchsorted(own, x, "right")) for x in (column, live)))
    assert from_cells == pytest.approx(exact, rel=0.05, abs=0.005)


@pytest.mark.parametrize("name", SMOOTH)
def test_centre_and_scale_are_round_and_near_the_median_and_spread(name: str) -> None:
    column = ZOO[name]

    bins = numeric_bins(column)

    quarter, three = np.quantile(column, (0.25, 0.75))
    medians = [np.quantile(column, 0.5, method=method) for method in ("lower", "higher")]
    assert bins.scale == float(f"{bins.scale:.2e}")
    assert bins.scale == pytest.approx((three - quarter) / 1.349, rel=0.01)
    assert min(abs(bins.centre - median) for median in medians) <= bins.scale / 10


def test_a_scale_is_found_for_values_around_zero_however_small() -> None:
    assert numeric_bins(ZOO["tiny around zero"]).scale < 1e-19


@pytest.mark.parametrize(
    ("value", "within", "rounded"),
    [
        (3.14159, 0.05, 3.1),
        (-0.0004, 0.01, 0.0),
        (123456.7, 40.0, 123460.0),
        (1e22 + 1e7, 1e3, 1e22 + 1e7),
        (1.7976931348623157e308, 1e308, 1.7976931348623157e308),
        (5e-324, 5e-324, 5e-324),
        (2.5, 0.0, 2.5),
        (float("inf"), 1.0, float("inf")),
        (7.0, float("inf"), 7.0),
    ],
)
def test_rounding_moves_no_further_than_it_may(value: float, within: float, rounded: float) -> None:
    assert round_to(value, within) == rounded


@given(st.floats(-1e308, 1e308), st.floats(0, 1e308))
def test_rounding_never_moves_further_than_it_may(value: float, within: float) -> None:
    assert abs(round_to(value, within) - value) <= within


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        ("naïve", "naïve"),
        ("a\udc80", "a?"),
        (1, "1"),
        (np.int32(1), "1"),
        (1.0, "1"),
        (np.float32(2.5), "2.5"),
        (2.5, "2.5"),
        (-0.0, "0"),
        (2.0**70, str(2**70)),
        (True, "true"),
        (np.False_, "false"),
        (float("inf"), "inf"),
        (b"x", "b'x'"),
    ],
)
def test_a_category_has_one_text_however_it_is_written(value: object, text: str) -> None:
    assert category_text(value) == text


def test_a_vocabulary_is_the_most_frequent_in_order_of_frequency_then_text() -> None:
    assert categorical_bins({"b": 2, "a": 2, "c": 5}) == CategoricalBins(("c", "a", "b"))


def test_a_vocabulary_is_cut_and_says_so() -> None:
    counts = {str(i): 1_000 - i for i in range(VOCABULARY_MAX + 1)}

    bins = categorical_bins(counts)

    assert len(bins.vocabulary) == VOCABULARY_MAX
    assert not bins.complete
    assert str(VOCABULARY_MAX) not in bins.vocabulary


def test_a_million_character_category_is_left_to_other() -> None:
    bins = categorical_bins({"x" * 1_000_000: 9, "ü" * 129: 8, "y": 1}, boolean=False)

    assert bins == CategoricalBins(("y",), complete=False)
