"""A small training set of every type of column, as a DataFrame."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

ROWS = 3_000


def draw(seed: int, rows: int = ROWS) -> pd.DataFrame:
    """Rows of a binary model; `income` and `job` have missing cells, `member` is boolean."""
    rng = np.random.default_rng(seed)
    income = rng.lognormal(10, 1, rows)
    income[rng.uniform(size=rows) < 0.05] = np.nan
    score = rng.uniform(0, 1, rows)
    return pd.DataFrame(
        {
            "income": income,
            "children": rng.poisson(1.5, rows),
            "job": np.array(["clerk", "driver", "nurse", None], object)[rng.integers(0, 4, rows)],
            "member": rng.uniform(size=rows) < 0.3,
            "score": score,
            "prediction": np.where(score >= 0.5, "yes", "no"),
            "y": np.where(rng.uniform(0, 1, rows) < score, "yes", "no"),
        }
    )


@pytest.fixture
def frame() -> pd.DataFrame:
    return draw(1)


@pytest.fixture
def test_frame() -> pd.DataFrame:
    return draw(2, 1_000)
