"""A table and tuples of rows encode alike; labels, ids and absent columns have their answers."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whitebox_agent.table import Encoder, Table, read_ids, read_table
from whitebox_wire.codec import decode_batch, encode_batch
from whitebox_wire.errors import DataError
from whitebox_wire.messages import INVALID, MISSING, OUT_OF_VOCABULARY, Codes, InferenceBatch
from whitebox_wire.spec import (
    CategoricalBins,
    Feature,
    ModelKind,
    ModelSpec,
    NumericBins,
    Prediction,
    Target,
)

BINS = NumericBins((0.0,), 0.0, 1.0)
REGRESSION = ModelSpec(
    "rent",
    ModelKind.REGRESSION,
    (Feature("area", BINS), Feature("city", CategoricalBins(("rome",)))),
    Prediction("rent", value=BINS),
    Target("paid", BINS, (1.0,)),
).check()
CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from(["clerk", "no", "?"])
)


def test_names_are_the_counted_features_the_prediction_and_the_scores(encoder: Encoder) -> None:
    assert encoder.names == ("age", "job", "member", "prediction", "score")


def test_a_batch_holds_the_columns_of_an_inference_and_nothing_else(encoder: Encoder) -> None:
    rows = [{"age": 1, "job": "clerk", "name": "ann", "y": "no", "extra": "secret"}]
    table = read_table(rows)

    batch = encoder.batch(table, received_ms=5)

    assert tuple(batch.columns) == encoder.names
    assert (batch.model_id, batch.received_ms, batch.spec_digest) == ("income", 5, b"d" * 32)
    assert encoder.unexpected(table) == ("y", "extra")
    assert encoder.absent(table) == ("member", "prediction", "score")


def test_an_absent_column_is_missing_in_every_row(encoder: Encoder) -> None:
    batch = encoder.batch(Table(2, {}), received_ms=0)

    np.testing.assert_array_equal(batch.columns["age"], [np.nan, np.nan])
    assert _codes(batch, "job") == _codes(batch, "prediction") == [MISSING, MISSING]


def test_a_text_out_of_the_vocabulary_is_not_kept(encoder: Encoder) -> None:
    rows = [{"job": "x" * 1_000_000, "age": "y" * 1_000_000}] * 3

    encoded = encode_batch(encoder.batch(read_table(rows), received_ms=0))

    assert len(encoded) < 1_000
    assert _codes(decode_batch(encoded), "job") == [OUT_OF_VOCABULARY] * 3


@settings(max_examples=60)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS, CELLS), max_size=6))
def test_rows_logged_one_by_one_encode_as_a_table_of_them(rows: list[tuple[object, ...]]) -> None:
    encoder = Encoder(_binary(), b"")
    columns = [np.fromiter((row[i] for row in rows), object, len(rows)) for i in range(5)]
    table = Table(len(rows), dict(zip(encoder.names, columns, strict=True)))

    one_by_one = encoder.rows(rows, received_ms=0)

    assert encode_batch(one_by_one) == encode_batch(encoder.batch(table, received_ms=0))


def test_one_bad_cell_spoils_no_other(encoder: Encoder) -> None:
    rows: list[tuple[object, ...]] = [
        (1.0, "clerk", True, "yes", 0.5),
        ([], {}, "maybe", "yes", "0.5"),
        (2, b"nurse", 0, 1, 1),
    ]

    batch = encoder.rows(rows, received_ms=0)

    np.testing.assert_array_equal(batch.columns["age"], [1.0, np.inf, 2.0])
    np.testing.assert_array_equal(batch.columns["score"], [0.5, np.inf, 1.0])
    assert _codes(batch, "job") == [0, INVALID, 1]
    assert _codes(batch, "member") == [1, OUT_OF_VOCABULARY, 0]
    assert _codes(batch, "prediction") == [1, 1, OUT_OF_VOCABULARY]


def test_an_integer_beyond_all_floats_is_invalid_alone(encoder: Encoder) -> None:
    rows = [(1.0, None, None, None, 0.5), (10**400, None, None, None, 0.5)]

    batch = encoder.rows(rows, received_ms=0)

    np.testing.assert_array_equal(batch.columns["age"], [1.0, np.inf])
    np.testing.assert_array_equal(batch.columns["score"], [0.5, 0.5])


def test_codes_without_a_dictionary_are_places_in_the_vocabulary(encoder: Encoder) -> None:
    codes = Codes(np.array([1, 0, 2, -1, -2, -3], np.int32))

    batch = encoder.batch(Table(6, {"job": codes}), received_ms=0)

    assert _codes(batch, "job") == [1, 0, *(OUT_OF_VOCABULARY, MISSING, INVALID, OUT_OF_VOCABULARY)]


def test_a_row_of_a_wrong_length_is_an_error_of_the_program(encoder: Encoder) -> None:
    with pytest.raises(ValueError, match="zip"):
        encoder.rows([(1.0, "clerk")], received_ms=0)


def test_labels_of_a_classifier_are_places_among_its_classes(encoder: Encoder) -> None:
    labels = encoder.labels(["a", "b", "c"], pd.Series(["yes", None, "?"]), received_ms=7)

    assert isinstance(labels.labels, Codes)
    assert labels.labels.codes.tolist() == [1, MISSING, OUT_OF_VOCABULARY]
    assert (labels.ids, labels.received_ms, labels.model_id) == (("a", "b", "c"), 7, "income")


def test_labels_of_a_regression_are_numbers() -> None:
    labels = Encoder(REGRESSION, b"").labels([1, 2, 3], [1.5, "2", None], received_ms=0)  # type: ignore[list-item]  # integers are ids too

    np.testing.assert_array_equal(labels.labels, [1.5, np.inf, np.nan])
    assert labels.ids == ("1", "2", "3")


@pytest.mark.parametrize("ids", [(), ["a", ""], ["a", None], ["a"]])
def test_a_label_without_an_id_is_refused(encoder: Encoder, ids: list[str]) -> None:
    with pytest.raises(DataError, match="id"):
        encoder.labels(ids, ["yes", "no"], received_ms=0)


def test_times_must_be_one_a_row(encoder: Encoder) -> None:
    with pytest.raises(DataError, match="3 times for 2 rows"):
        encoder.batch(Table(2, {}), received_ms=0, times_ms=np.zeros(3, np.int64))


@pytest.mark.parametrize(
    ("values", "rows", "expected"),
    [
        ("a", 1, ("a",)),
        (7, 1, ("7",)),
        (None, 3, ()),
        ((), 3, ()),
        (["a", 7, None, "", float("nan"), pd.NA], 6, ("a", "7", "", "", "", "")),
        ([None, ""], 2, ()),
        (np.array([1, 2]), 2, ("1", "2")),
        (pd.Series(["a", "b"]), 2, ("a", "b")),
        (["é" * 128], 1, ("é" * 128,)),
        (["a" * 256], 1, ("a" * 256,)),
    ],
)
def test_ids_are_texts_or_integers(values: object, rows: int, expected: tuple[str, ...]) -> None:
    assert read_ids(values, rows) == expected


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["a" * 257], "longer than 256 bytes"),
        (["é" * 129], "longer than 256 bytes"),
        (["x" * 1_000_000], "longer than 256 bytes"),
        (["\ud800"], "Unicode"),
        ([1.5], "float"),
        ([True], "bool"),
        ([b"a"], "bytes"),
        ([10**400], "digits"),
        ([["a"]], "list"),
        (["a", "b"], "2 ids for 1 rows"),
        (b"a", "bytes"),
    ],
)
def test_a_bad_id_is_refused_by_name(values: object, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read_ids(values, 1)

    assert caught.value.message.startswith("id")


def _binary() -> ModelSpec:
    features = (
        Feature("age", BINS),
        Feature("job", CategoricalBins(("clerk", "1"))),
        Feature("member", CategoricalBins(("false", "true"), boolean=True)),
    )
    prediction = Prediction("prediction", ("no", "yes"), ("score",), 10)
    return dataclasses.replace(
        REGRESSION,
        kind=ModelKind.BINARY,
        features=features,
        prediction=prediction,
        target=Target("y"),
    ).check()


def _codes(batch: InferenceBatch, name: str) -> list[int]:
    column = batch.columns[name]
    assert isinstance(column, Codes)
    return [int(code) for code in column.codes]
