"""The frames on which verdicts are compared: parts of the real and synthetic data that tests have.

Read by the golden files' makers in the strangers' environment and by the tests in ours, so it
imports pandas alone. No column has a missing value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[4]
CENSUS = ROOT / "deploy" / "demo" / "data"
CAR_LOAN = ROOT / "tests" / "hub" / "monitor" / "data" / "car_loan.parquet"

CENSUS_NUMERIC, CENSUS_CATEGORICAL = ("AGEP",), ("SCHL", "MAR", "DIS", "CIT", "MIG", "SEX", "RAC1P")
LOAN_NUMERIC = ("car_value", "loan_length", "y_pred_proba")
LOAN_CATEGORICAL = ("salary_range", "size_of_downpayment", "repaid_loan_on_prev_car")
SMALL, LARGE = 1_000, 20_000


@dataclass(frozen=True, slots=True)
class Comparison:
    """A reference and a current frame of the same columns: `numeric` ones, then `categorical`."""

    name: str
    reference: pd.DataFrame
    current: pd.DataFrame
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]


def comparisons() -> Iterator[Comparison]:
    """All of them; each current frame is compared with 1,000 and with 20,000 reference rows."""
    for data, before, now, numeric, categorical in (
        ("census", *_census(), CENSUS_NUMERIC, CENSUS_CATEGORICAL),
        ("car loan", *_car_loan(), LOAN_NUMERIC, LOAN_CATEGORICAL),
    ):
        columns = [*numeric, *categorical]
        before[list(categorical)] = before[list(categorical)].astype(str)
        for name, current in now.items():
            texts = current.astype(dict.fromkeys(categorical, str))
            for rows in (SMALL, LARGE):
                yield Comparison(
                    f"{data}: {name} with {rows:,} before",
                    before.iloc[:rows][columns],
                    texts[columns],
                    numeric,
                    categorical,
                )


def _census() -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    # Rows of the reference stand in the order of their ids, which are those of households.
    before = pd.read_parquet(CENSUS / "reference.parquet").sample(frac=1.0, random_state=1)
    live = pd.read_parquet(CENSUS / "live.parquet")
    of_2016, of_2018 = live[live["year"] == 2016], live[live["year"] == 2018]
    return before.reset_index(drop=True), {
        "1,000 of 2016": of_2016.iloc[:1_000],
        "1,000 of 2018": of_2018.iloc[:1_000],
        "200 of 2018": of_2018.iloc[1_000:1_200],
        "1,000 of 2018 above 25": of_2018[of_2018["AGEP"] > 25].iloc[:1_000],
    }


def _car_loan() -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    frame = pd.read_parquet(CAR_LOAN)
    live = frame[frame["part"] == "analysis"]
    return frame[frame["part"] == "reference"].copy(), {
        "the first 1,000": live.iloc[:1_000],
        "200 before the shift": live.iloc[24_000:24_200],
        "1,000 across the shift": live.iloc[24_500:25_500],
        "the last 1,000": live.iloc[-1_000:],
    }
