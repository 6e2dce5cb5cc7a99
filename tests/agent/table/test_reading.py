"""Every shape that rows may come in gives the same columns; what cannot be read is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from whitebox_agent.table import Encoder, Table, read_column, read_table
from whitebox_wire.errors import DataError
from whitebox_wire.messages import Codes


class _Degrees(pa.ExtensionType):  # type: ignore[misc]  # pyarrow has no types
    def __init__(self) -> None:
        super().__init__(pa.float64(), "degrees")

    def __arrow_ext_serialize__(self) -> bytes:
        return b""


AGES = [40.0, None, 50.0]
JOBS = ["clerk", "nurse", None]
MEMBERS = [True, None, False]


def _frame(**dtypes: str) -> pd.DataFrame:
    series = {"age": pd.Series(AGES, dtype="float64"), "job": pd.Series(JOBS, dtype=object)}
    series["member"] = pd.Series(MEMBERS, dtype=object)
    return pd.DataFrame(
        {
            name: column.astype(dtypes.get(name)) if name in dtypes else column
            for name, column in series.items()
        }
    )


def _arrow() -> pa.Table:
    return pa.table({"age": AGES, "job": JOBS, "member": MEMBERS})


def _structured() -> np.ndarray[Any, Any]:
    rows = [(40.0, "clerk", 1.0), (np.nan, "nurse", np.nan), (50.0, None, 0.0)]
    return np.array(rows, [("age", "f8"), ("job", "O"), ("member", "f8")])


SHAPES = {
    "rows": [
        {"age": 40, "job": "clerk", "member": True},
        {"job": "nurse"},
        {"member": False, "age": 50},
    ],
    "columns": {"age": AGES, "job": JOBS, "member": MEMBERS},
    "arrays": {
        "age": np.array([40, np.nan, 50]),
        "job": np.array(JOBS, object),
        "member": tuple(MEMBERS),
    },
    "masked": {
        "age": np.ma.masked_invalid(np.array([40, np.nan, 50])),
        "job": pa.array(JOBS),
        "member": pd.array(MEMBERS, dtype="boolean"),
    },
    "frame": _frame(),
    "frame, nullable": _frame(age="Int64", job="string", member="boolean"),
    "frame, nullable floats": _frame(age="Float32"),
    "frame, categories": _frame(age="category", job="category", member="category"),
    "frame, arrow": _frame(age="double[pyarrow]", job="string[pyarrow]", member="bool[pyarrow]"),
    "frame, inferred": pd.DataFrame({"age": AGES, "job": JOBS, "member": MEMBERS}),
    "arrow table": _arrow(),
    "record batch": _arrow().to_batches()[0],
    "arrow, chunked": pa.concat_tables([_arrow().slice(0, 1), _arrow().slice(1)]),
    "arrow, dictionaries": pa.table(
        {
            "age": pa.array(AGES).dictionary_encode(),
            "job": pa.chunked_array(
                [pa.array(JOBS[:1]).dictionary_encode(), pa.array(JOBS[1:]).dictionary_encode()]
            ),
            "member": pa.array(MEMBERS),
        }
    ),
    "arrow, views": pa.table(
        {"age": AGES, "job": pa.array(JOBS, pa.string_view()), "member": MEMBERS}
    ),
    "structured array": _structured(),
    "array": np.array([[40, "clerk", True], [None, "nurse", None], [50.0, None, False]], object),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_all_shapes_of_the_same_rows_give_the_same_batch(shape: str, encoder: Encoder) -> None:
    table = read_table(SHAPES[shape], ("age", "job", "member"))
    batch = encoder.batch(table, received_ms=0)

    assert batch.rows == 3
    np.testing.assert_array_equal(batch.columns["age"], [40, np.nan, 50])
    assert _codes(batch.columns["job"]) == [0, 1, -1]
    assert _codes(batch.columns["member"]) == [1, -1, 0]


def test_a_dict_of_values_is_one_row() -> None:
    table = read_table({"age": 40, "job": "clerk", "tags": {"a": 1}})

    assert table.rows == 1
    np.testing.assert_array_equal(table.columns["job"], ["clerk"])


def test_a_flat_array_is_one_row_of_the_columns_named() -> None:
    table = read_table(np.array([1.0, 2.0]), ("a", "b"))

    assert table.rows == 1
    np.testing.assert_array_equal(table.columns["b"], [2.0])


def test_text_columns_of_pandas_and_arrow_stay_coded() -> None:
    words = ["b", "a", "b"]
    columns = (pa.array(words), pa.array(words).dictionary_encode(), pd.Categorical(words))

    for column in (*columns, pd.Series(words, dtype="string")):
        cells = read_column(column, "job")
        assert isinstance(cells, Codes)
        assert [cells.dictionary[code] for code in cells.codes] == words


def test_a_null_in_an_arrow_dictionary_is_missing() -> None:
    column = pa.DictionaryArray.from_arrays(pa.array([0, 1, None]), pa.array(["a", None]))

    cells = read_column(column, "job")

    assert isinstance(cells, Codes)
    assert cells.codes.tolist() == [0, -1, -1]


def test_times_with_a_zone_are_read_as_utc() -> None:
    series = pd.Series(pd.to_datetime(["2026-01-01T02:00+02:00", None]))

    cells = read_column(series, "time")

    assert not isinstance(cells, Codes)
    assert cells.astype("M8[s]")[0] == np.datetime64("2026-01-01T00:00:00")


def test_a_column_of_an_extension_type_is_read_as_what_it_is_stored_in() -> None:
    column = pa.ExtensionArray.from_storage(_Degrees(), pa.array([1.5, None]))

    np.testing.assert_array_equal(read_column(column, "angle"), [1.5, np.nan])


def test_a_table_that_was_read_is_read_as_itself() -> None:
    table = read_table({"age": [1]})

    assert read_table(table) is table


@pytest.mark.parametrize("values", [3.5, "text", {"a": 1}, np.array(1)])
def test_a_single_value_is_no_column(values: object) -> None:
    with pytest.raises(DataError, match="column 'age' is"):
        read_column(values, "age")


def test_no_rows_are_a_table_without_rows() -> None:
    assert read_table([]) == Table(0, {})
    assert read_table(pd.DataFrame({"age": []})).rows == 0
    assert read_table(_arrow().slice(0, 0)).rows == 0


DUPLICATE = pd.DataFrame([[1, 2]], columns=["age", "age"])
REFUSED: list[tuple[object, tuple[str, ...], str]] = [
    (DUPLICATE, (), "'age' appears twice"),
    (pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["age", "age"]), (), "'age' appears"),
    ({1: [1], "1": [2]}, (), "'1' appears twice"),
    (np.zeros((2, 2)), ("age", "age"), "'age' appears twice"),
    (np.zeros((2, 2)), (), "no column names"),
    (np.zeros(2), (), "no column names"),
    (np.zeros((2, 2)), ("a",), "2 columns for 1 names"),
    (np.zeros((1, 1, 1)), ("a",), "3 dimensions"),
    (np.zeros(1, [("a", "f8", (2,))]), (), "'a' has"),
    ({"a": [1, 2], "b": [1]}, (), "'b' has 1 values but 'a' has 2"),
    ({"a": [1, 2], "b": 1}, (), "'b' is a single value but 'a' is a sequence"),
    ({"a": np.zeros((2, 2))}, (), "'a' has 2 dimensions"),
    ([{"a": 1}, [1]], (), "row 1 is a list"),
    ([1.0, 2.0], (), "row 0 is a float"),
    ({(1, 2): 1}, (), "a tuple"),
    ("age,job", (), "a str"),
    (3.5, (), "a float"),
    (None, (), "a NoneType"),
    (pd.Series([1.0]), (), "a pandas.Series"),
    (iter([{"a": 1}]), (), "a list_iterator"),
]


@pytest.mark.parametrize(("data", "names", "message"), REFUSED, ids=range(len(REFUSED)))
def test_what_cannot_be_read_is_refused_and_named(
    data: object, names: tuple[str, ...], message: str
) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read_table(data, names)

    assert caught.value.hint


def _codes(column: object) -> list[int]:
    assert isinstance(column, Codes)
    return [int(code) for code in column.codes]
