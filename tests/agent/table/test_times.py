"""Times in every notation are milliseconds of UTC; what is no known time says so."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from whitebox_agent.table import UNKNOWN_TIME, times_ms
from whitebox_wire.errors import DataError

NAIVE = dt.datetime(2026, 1, 1, 0, 0, 0, 5_000)  # noqa: DTZ001  # naive times are UTC here
AWARE = dt.datetime(2026, 1, 1, 2, 0, 0, 5_000, dt.timezone(dt.timedelta(hours=2)))
MS = 1_767_225_600_005
ONE = {
    "naive": NAIVE,
    "aware": AWARE,
    "datetime64": np.datetime64(NAIVE),
    "timestamp": pd.Timestamp(AWARE),
    "seconds": MS / 1000,
    "numpy seconds": np.float64(MS / 1000),
}
MANY = {
    "list": [NAIVE, AWARE],
    "datetime64": np.array([NAIVE, NAIVE], "M8[ns]"),
    "series": pd.Series([NAIVE, NAIVE]),
    "zoned series": pd.Series([AWARE, AWARE]),
    "index": pd.DatetimeIndex([NAIVE, NAIVE]),
    "object series": pd.Series([NAIVE, AWARE], dtype=object),
    "arrow": pa.array([AWARE, AWARE], pa.timestamp("us", "Europe/Rome")),
    "seconds": [MS / 1000, MS / 1000],
    "array": np.array([MS, MS]) / 1000,
}


@pytest.mark.parametrize("value", ONE.values(), ids=ONE)
def test_one_time_stands_for_all_rows(value: object) -> None:
    assert times_ms(value, 3).tolist() == [MS] * 3


@pytest.mark.parametrize("values", MANY.values(), ids=MANY)
def test_times_may_be_one_a_row(values: object) -> None:
    assert times_ms(values, 2).tolist() == [MS] * 2


def test_a_date_is_its_first_moment() -> None:
    assert times_ms(dt.date(2026, 1, 1), 1).tolist() == [MS - 5]


@pytest.mark.parametrize(
    "value",
    [
        *(
            None,
            math.nan,
            math.inf,
            pd.NaT,
            pd.NA,
            np.datetime64("NaT", "s"),
            1e300,
            10**400,
            -1e12,
        ),
        *(np.datetime64(10**12, "Y"), np.datetime64("-0001-01-01"), np.datetime64("10000-01-01")),
        dt.datetime(1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1))),
    ],
    ids=repr,
)
def test_a_time_that_is_missing_or_beyond_the_calendar_is_unknown(value: object) -> None:
    assert times_ms(value, 1).tolist() == [UNKNOWN_TIME]
    assert times_ms([value], 1).tolist() == [UNKNOWN_TIME]


def test_a_column_of_missing_texts_has_unknown_times() -> None:
    column = pa.array([None, None], pa.string())

    assert times_ms(column, 2).tolist() == [UNKNOWN_TIME] * 2


@pytest.mark.parametrize("value", ["2026-01-01", b"1", True, {}, dt.timedelta(1), dt.time(1)])
def test_what_is_no_time_is_refused(value: object) -> None:
    for given in (value, [value], [1.0, value]):
        with pytest.raises(DataError, match="time is a"):
            times_ms(given, 1)


def test_a_column_of_texts_is_refused() -> None:
    with pytest.raises(DataError, match="a time is a text"):
        times_ms(pa.array(["2026-01-01"]), 1)


def test_as_many_times_as_rows_are_wanted() -> None:
    with pytest.raises(DataError, match="2 times for 3 rows"):
        times_ms([1, 2], 3)
