"""The answer that every kind of cell gets, alone and in columns of any dtype."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whitebox_agent.table import CategoryCoder, numbers
from whitebox_agent.table.cells import category, number
from whitebox_wire.bins import category_text
from whitebox_wire.messages import INVALID, MISSING, OUT_OF_VOCABULARY, Codes


class Colour(str, enum.Enum):
    RED = "red"


MISSING_CELLS = [
    *(None, math.nan, np.float32("nan"), np.datetime64("NaT", "s"), np.timedelta64("NaT", "s")),
    *(pd.NA, pd.NaT, decimal.Decimal("NaN"), decimal.Decimal("sNaN")),
]
NUMBERS = [
    *((1, 1.0), (2.5, 2.5), (True, 1.0), (False, 0.0), (np.int8(3), 3.0), (np.bool_(True), 1.0)),
    *((np.float32(0.5), 0.5), (decimal.Decimal("0.25"), 0.25), (Fraction(1, 4), 0.25)),
]
INVALID_NUMBERS = [
    *("12", "", "x" * 1_000_000, b"1", math.inf, -math.inf, 10**400, 1j, [1], {}, (), set()),
    *(dt.timedelta(1), np.timedelta64(1, "D"), dt.date(2020, 1, 1), pd.Timestamp(0), object),
]
CATEGORIES = [
    *(("a", "a"), (np.str_("a"), "a"), (Colour.RED, "red"), (b"a", "a"), ("", "")),
    *((1, "1"), (1.0, "1"), (2.5, "2.5"), (True, "true"), (np.bool_(False), "false")),
    *((decimal.Decimal("1.0"), "1"), (np.int64(7), "7"), (dt.date(2020, 1, 2), "2020-01-02")),
]
INVALID_CATEGORIES = [b"\xff", math.inf, 10**400, [1], {}, (), set(), object(), 1j]


def _kind(cell: object) -> str:
    return f"{type(cell).__name__} {str(cell)[:8]}"


@pytest.mark.parametrize("cell", MISSING_CELLS, ids=_kind)
def test_a_missing_cell_is_missing_for_numbers_and_for_categories(cell: object) -> None:
    assert math.isnan(number(cell))
    assert category(cell) == MISSING


@pytest.mark.parametrize(("cell", "expected"), NUMBERS, ids=range(len(NUMBERS)))
def test_a_number_is_what_it_is_whatever_its_type(cell: object, expected: float) -> None:
    assert number(cell) == expected


@pytest.mark.parametrize("cell", INVALID_NUMBERS, ids=_kind)
def test_what_is_no_finite_number_is_invalid_where_one_belongs(cell: object) -> None:
    column = np.empty(2, object)
    column[:] = [1.5, None]
    column[1] = cell

    encoded = numbers(column)

    assert encoded[0] == 1.5
    assert math.isinf(encoded[1])


@pytest.mark.parametrize(("cell", "text"), CATEGORIES, ids=range(len(CATEGORIES)))
def test_a_category_has_one_text_whatever_it_is_written_in(cell: object, text: str) -> None:
    assert category(cell) == text
    assert CategoryCoder(("other", text)).codes_of([cell]).tolist() == [1]


@pytest.mark.parametrize("cell", INVALID_CATEGORIES, ids=_kind)
def test_what_is_no_category_is_invalid_and_its_neighbours_are_kept(cell: object) -> None:
    codes = CategoryCoder(("a",)).codes_of(["a", cell, "b", None])

    assert codes.tolist() == [0, INVALID, OUT_OF_VOCABULARY, MISSING]


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "u8", "i8", "?", "longdouble"])
def test_a_numeric_array_of_any_dtype_is_taken_whole(dtype: str) -> None:
    column = np.array([0, 1, 1], dtype)

    assert numbers(column).tolist() == [0.0, 1.0, 1.0]
    assert CategoryCoder(("0", "1")).codes(column).tolist() == [0, 1, 1]


def test_a_numeric_column_is_copied_so_the_caller_may_reuse_the_array() -> None:
    column = np.array([1.0, 2.0])

    encoded = numbers(column)
    column[:] = 9.0

    assert encoded.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    "column",
    [
        np.array(["12", "13"]),
        np.array([b"12", b"13"]),
        np.array([1j, 2j]),
        np.array([0, 1], "M8[s]"),
        np.array([0, 1], "m8[s]"),
        Codes(np.array([0, 1], np.int32), ("12", "13")),
    ],
    ids=["U", "S", "c", "M", "m", "codes"],
)
def test_texts_and_times_are_invalid_where_numbers_belong(column: Codes) -> None:
    assert np.isposinf(numbers(column)).all()


def test_an_infinity_in_a_numeric_array_is_an_invalid_category() -> None:
    codes = CategoryCoder(("1", "2.5")).codes(np.array([1.0, 2.5, 3.0, np.nan, -np.inf]))

    assert codes.tolist() == [0, 1, OUT_OF_VOCABULARY, MISSING, INVALID]


@pytest.mark.parametrize("served", [[True, False], [1, 0], [1.0, 0.0], ["true", "false"]])
@pytest.mark.parametrize("trained", [("false", "true"), ("0", "1")])
def test_booleans_and_zero_and_one_stand_for_each_other(
    trained: tuple[str, str], served: list[object]
) -> None:
    coder = CategoryCoder(trained)

    assert coder.codes_of(served).tolist() == [1, 0]
    assert coder.codes(np.array(served)).tolist() == [1, 0]


def test_a_vocabulary_that_tells_booleans_from_numbers_keeps_them_apart() -> None:
    coder = CategoryCoder(("1", "true", "0", "false"))

    assert coder.codes_of([1, True, 0.0, False]).tolist() == [0, 1, 2, 3]


CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.decimals()
)


@given(st.lists(CELLS))
def test_a_column_is_encoded_as_its_cells_are_one_by_one(cells: list[object]) -> None:
    column = np.fromiter(cells, object, len(cells))
    vocabulary = sorted({category_text(cell) for cell in cells[::2] if cell is not None})
    alone = [CategoryCoder(vocabulary).codes_of([cell])[0] for cell in cells]

    np.testing.assert_array_equal(numbers(column), [number(cell) for cell in cells])
    assert CategoryCoder(vocabulary).codes(column).tolist() == alone
