"""The vector's algebra, for layouts of every kind and places of every block."""

from __future__ import annotations

from functools import reduce
from random import Random

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from whitebox_wire.errors import MergeError
from whitebox_wire.layout import Layout, NumericBlock, Section
from whitebox_wire.packing import pack, unpack
from whitebox_wire.spec import ModelSpec, NumericBins
from whitebox_wire.vector import (
    CELL_MAX,
    CLIP,
    ONE,
    ROWS_PER_DELTA_MAX,
    IntVector,
    add,
    check_bounds,
    moments,
    zeros,
)

CELLS = st.integers(-(2**60), 2**60)
VECTORS = hnp.arrays(np.int64, 7, elements=CELLS)


@st.composite
def split_rows(draw: st.DrawFn) -> tuple[Layout, Section, IntVector, list[int]]:
    """What rows add to one section (shape [rows, cells]), and which part each row goes to."""
    layout = Layout.of(draw(st.from_type(ModelSpec)))
    section = draw(st.sampled_from(Section))
    rows = draw(st.integers(1, 8))
    shape = (rows, layout.sizes[section].cells)
    terms = draw(hnp.arrays(np.int64, shape, elements=st.integers(-(2**58), 2**58)))
    return layout, section, terms, draw(st.lists(st.integers(0, 3), min_size=rows, max_size=rows))


@given(split_rows(), st.randoms(use_true_random=False))
def test_any_split_in_any_order_over_the_wire_equals_the_whole_bit_for_bit(
    drawn: tuple[Layout, Section, IntVector, list[int]], random: Random
) -> None:
    layout, section, terms, parts = drawn
    size = layout.sizes[section]

    shipped = []
    for part in set(parts):
        of_part = [terms[i] for i, p in enumerate(parts) if p == part]
        total = reduce(add, of_part, zeros(layout, section))
        shipped.append(unpack(pack(total, size, deflate=part % 2 == 0), size))
    random.shuffle(shipped)
    merged = reduce(add, shipped, zeros(layout, section))

    assert merged.dtype == np.int64
    assert np.array_equal(merged, terms.sum(axis=0))


@given(VECTORS, VECTORS, VECTORS)
def test_addition_is_commutative_and_associative(a: IntVector, b: IntVector, c: IntVector) -> None:
    assert np.array_equal(add(a, b), add(b, a))
    assert np.array_equal(add(add(a, b), c), add(a, add(b, c)))


@given(VECTORS)
def test_adding_changes_neither_operand(a: IntVector) -> None:
    before = a.copy()

    add(a, a)

    assert np.array_equal(a, before)


@pytest.mark.parametrize("narrow", [np.uint8, np.uint16, np.uint32])
def test_narrow_deltas_add_as_wide_ones(narrow: type[np.unsignedinteger[npt.NBitBase]]) -> None:
    top = np.iinfo(narrow).max

    total = add(np.array([1, -1]), np.array([top, top], narrow))

    assert total.tolist() == [top + 1, top - 1]


@pytest.mark.parametrize("sign", [1, -1])
def test_a_sum_may_reach_2_62_and_never_pass_it(sign: int) -> None:
    half = np.array([sign * CELL_MAX // 2])

    assert add(half, half).tolist() == [sign * CELL_MAX]
    with pytest.raises(MergeError, match=r"2\*\*62"):
        add(half, half + sign)


@pytest.mark.parametrize("cell", [CELL_MAX + 1, 2**63 - 1, -CELL_MAX - 1, -(2**63)])
def test_a_delta_beyond_2_62_is_refused_before_anything_wraps(cell: int) -> None:
    with pytest.raises(MergeError, match="granularity"):
        add(np.array([CELL_MAX if cell > 0 else -CELL_MAX]), np.array([cell]))
    with pytest.raises(MergeError):
        check_bounds(np.array([0, cell]))


def test_vectors_of_different_layouts_do_not_add() -> None:
    with pytest.raises(MergeError, match="2 cells does not fit one of 3"):
        add(np.zeros(3, np.int64), np.zeros(2, np.int64))


def test_a_full_delta_of_clipped_rows_stays_within_bounds() -> None:
    check_bounds(np.array([ROWS_PER_DELTA_MAX * CLIP * CLIP * ONE]))


@given(
    hnp.arrays(np.float64, st.integers(2, 50), elements=st.floats(-1e6, 1e6)),
    st.floats(-1e3, 1e3),
    st.floats(1e2, 1e5),
)
def test_moments_read_back_within_a_millionth_of_the_scale(
    values: npt.NDArray[np.float64], centre: float, scale: float
) -> None:
    z = (values - centre) / scale
    values, z = values[np.abs(z) < CLIP], z[np.abs(z) < CLIP]
    bins = NumericBins((0.0,), centre, scale)
    block = NumericBlock(slice(0, 2), 2, 3, 4, 5, 6, 7)
    vector = np.zeros(8, np.int64)
    vector[0], vector[2], vector[3] = values.size, 3, 4
    vector[4], vector[5] = np.rint(z * ONE).sum(), np.rint(z * z * ONE).sum()

    found = moments(vector, block, bins)

    assert (found.rows, found.missing, found.invalid) == (values.size, 3, 4)
    if values.size > 1:
        assert found.mean == pytest.approx(values.mean(), abs=1e-6 * scale)
        assert found.sum == pytest.approx(values.sum(), abs=1e-6 * scale * values.size)
        # Rounding z moves its square by up to 2 |z| / 2**21.
        slack = 1e-6 * scale**2 * (1 + np.abs(z).max()) * 4
        assert found.variance == pytest.approx(values.var(ddof=1), abs=slack, rel=1e-9)


def test_moments_of_too_few_rows_are_nan() -> None:
    bins = NumericBins((0.0,), 0.0, 1.0)
    block = NumericBlock(slice(0, 2), 2, 3, 4, 5, 6, 7)

    none = moments(np.zeros(8, np.int64), block, bins)
    one = moments(np.array([1, 0, 0, 0, ONE, ONE, 0, 0]), block, bins)

    assert np.isnan([none.mean, none.variance, none.standard_deviation, one.variance]).all()
    assert one.mean == 1.0
