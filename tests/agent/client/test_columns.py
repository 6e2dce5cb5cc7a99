"""What the client makes of cells without a spec means, at the agent, what the cells meant."""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whitebox_agent.client.columns import clean, cut, wire_parts
from whitebox_agent.table import CategoryCoder, Cells, numbers, read_column
from whitebox_wire.messages import Codes, Column

VOCABULARY = ("1", "2.5", "a", "b", "2026-01-01")
CELLS: list[Any] = [
    *(None, float("nan"), float("inf"), 1, 1.0, 2.5, -7, 10**400, "a", "b", "1", "zebra", "", b"a"),
    *(
        dt.date(2026, 1, 1),
        uuid.UUID(int=1),
        [1],
        {},
        decimal.Decimal("2.5"),
        decimal.Decimal("NaN"),
    ),
    *(
        np.float32(2.5),
        np.int8(1),
        np.datetime64("2026-01-01"),
        np.datetime64("NaT"),
        pd.NaT,
        pd.NA,
    ),
]


def arrived(cells: Sequence[object] | Cells) -> list[tuple[list[int], Column]]:
    """The parts that arrive: which rows, and their column."""
    size = cells.codes.size if isinstance(cells, Codes) else len(cells)
    return [
        (list(range(size)) if rows is None else rows.tolist(), column)
        for rows, (column,) in wire_parts([cells])
    ]


@given(st.lists(st.sampled_from(CELLS), max_size=12), st.booleans())
def test_numbers_and_categories_are_the_same_as_in_process(cells: list[Any], array: bool) -> None:
    column = read_column(cells, "x")
    coder = CategoryCoder(VOCABULARY)
    assert isinstance(column, np.ndarray)

    found_numbers, found_codes = np.empty(len(cells)), np.empty(len(cells), np.int32)
    for rows, part in arrived(column if array else tuple(cells)):
        found_numbers[rows], found_codes[rows] = numbers(part), coder.codes(part)

    np.testing.assert_array_equal(found_numbers, numbers(column))
    assert found_codes.tolist() == coder.codes(column).tolist()


@pytest.mark.parametrize(
    "cells",
    [
        np.array([1, 2, 3], np.int16),
        np.array([True, False]),
        np.array(["a", "b", "a"]),
        np.array(["2026-01-01", "NaT"], "datetime64[D]"),
        Codes(np.array([0, -1], np.int32), ("a",)),
        read_column(pd.Series(["a", None, "b"]), "x"),
        read_column(pd.Series(["a", "b", "a"], dtype="category"), "x"),
    ],
    ids=str,
)
def test_columns_of_one_type_arrive_whole(cells: Cells) -> None:
    [(_, column)] = arrived(cells)

    np.testing.assert_array_equal(numbers(column), numbers(cells))
    coder = CategoryCoder(VOCABULARY)
    assert coder.codes(column).tolist() == coder.codes(cells).tolist()


def test_a_mixed_column_takes_the_others_along() -> None:
    parts = list(wire_parts([(1, "a", 2, None), (10.0, 20.0, 30.0, 40.0)]))

    assert [(rows.tolist() if rows is not None else None) for rows, _ in parts] == [[0, 2, 3], [1]]
    assert [np.asarray(columns[1]).tolist() for _, columns in parts] == [[10.0, 30.0, 40.0], [20.0]]


def test_a_cut_takes_of_a_dictionary_what_it_uses() -> None:
    column = Codes(np.array([0, 1, 2, -1, 2], np.int32), ("a", "b", "c"))

    part = cut(column, slice(2, 5))
    small = cut(Codes(np.array([2, -3], np.int32), ("a", "b", "c")), slice(0, 2))

    assert isinstance(part, Codes)
    assert [part.dictionary[code] if code >= 0 else code for code in part.codes] == ["c", -1, "c"]
    assert isinstance(small, Codes)
    assert (small.dictionary, small.codes.tolist()) == (("c",), [0, -3])


def test_text_that_cannot_travel_is_made_clean() -> None:
    cleaned = clean(Codes(np.array([0, 1], np.int32), ("a\ud800", "é")))

    assert isinstance(cleaned, Codes)
    assert cleaned.dictionary == ("a?", "é")
