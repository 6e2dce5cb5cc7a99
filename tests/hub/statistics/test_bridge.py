"""The laws of KS and Wasserstein: false alarms at the nominal rate, and what cannot be said.

Cells are those of a real reference; windows are drawn from the population it was drawn from. Each
column has a reference of its own. Seeded, so the rates are always the same.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import kolmogorov

from tests.hub.statistics.populations import POPULATIONS, Column
from whitebox_hub.statistics.bridge import BridgeLaws
from whitebox_hub.statistics.ks import ks_distance
from whitebox_hub.statistics.numeric_cells import NumericCells, NumericSample
from whitebox_wire.layout import NumericBlock
from whitebox_wire.spec import NumericBins
from whitebox_wire.vector import FloatArray

COLUMNS, WINDOWS = 60, 120
NUMERIC = ("normal", "lognormal", "zero inflated")


def sample(columns: list[Column]) -> NumericSample:
    """The references of columns, as rows by cell."""
    blocks, bins, start = [], [], 0
    for column in columns:
        assert isinstance(column.bins, NumericBins)
        stop = start + column.bins.cells
        blocks.append(NumericBlock(slice(start, stop), stop, stop, stop, stop, stop, stop))
        bins.append(column.bins)
        start = stop
    counts = np.concatenate([column.reference for column in columns]).astype(np.float64)
    return NumericSample(NumericCells.of(blocks, bins), counts, np.zeros((len(columns), 4)))


def p_values(population: str, reference_rows: int, rows: int) -> tuple[FloatArray, FloatArray]:
    """P-values of KS and of Wasserstein, of all columns in all windows; NaN where not judged."""
    rng = np.random.default_rng(11)
    columns = [POPULATIONS[population](rng, reference_rows) for _ in range(COLUMNS)]
    reference = sample(columns)
    laws = BridgeLaws.of(reference)
    found: list[tuple[FloatArray, FloatArray]] = []
    for _ in range(WINDOWS):
        drawn = [rng.multinomial(rows, c.shares / c.shares.sum()) for c in columns]
        counts = np.concatenate(drawn).astype(np.float64)
        live = NumericSample(reference.cells, counts, np.zeros((COLUMNS, 4)))
        distance = ks_distance(reference, live)
        found.append((laws.ks_p_values(live, distance), laws.wasserstein_p_values(live)))
    ks, w1 = zip(*found, strict=True)
    return np.concatenate(ks), np.concatenate(w1)


@pytest.mark.parametrize("population", NUMERIC)
@pytest.mark.parametrize(
    ("reference_rows", "rows"),
    [(20_000, 50), (20_000, 200), (20_000, 1_000), (20_000, 10_000), (1_000, 50), (1_000, 200)],
)
def test_the_rate_of_false_alarms_is_the_nominal_one(
    population: str, reference_rows: int, rows: int
) -> None:
    for said in p_values(population, reference_rows, rows):
        assert not np.isnan(said).any()
        for nominal in (0.05, 0.01):
            assert nominal / 1.5 <= np.mean(said <= nominal) <= 1.5 * nominal


def test_kolmogorovs_law_as_it_stands_would_miss_most_alarms_of_a_heavy_value() -> None:
    rng = np.random.default_rng(3)
    columns = [POPULATIONS["zero inflated"](rng, 20_000) for _ in range(COLUMNS)]
    reference = sample(columns)
    alarms = []
    for _ in range(WINDOWS):
        drawn = [rng.multinomial(200, c.shares / c.shares.sum()) for c in columns]
        live = NumericSample(
            reference.cells, np.concatenate(drawn).astype(np.float64), np.zeros((COLUMNS, 4))
        )
        root = np.sqrt(200 * 20_000 / 20_200)
        alarms.append(kolmogorov(root * ks_distance(reference, live)) <= 0.05)

    assert np.mean(alarms) < 0.02


def test_columns_have_the_laws_that_each_has_alone() -> None:
    rng = np.random.default_rng(5)
    columns = [POPULATIONS[name](rng, 2_000) for name in NUMERIC]

    together = BridgeLaws.of(sample(columns))

    for i, column in enumerate(columns):
        alone = BridgeLaws.of(sample([column]))
        assert together.highest[i].tolist() == pytest.approx(alone.highest[0].tolist(), rel=0.05)
        assert together.areas[0, i].tolist() == pytest.approx(alone.areas[0, 0].tolist(), rel=0.2)


@pytest.mark.parametrize(
    ("counts", "rows"),
    [([0, 900, 0], 500), ([0, 0, 0], 500), ([20, 10, 19], 500), ([300, 300, 300], 49)],
    ids=["constant", "empty", "small reference", "small window"],
)
def test_what_has_no_law_has_no_p_value(counts: list[int], rows: int) -> None:
    bins = NumericBins((0.0, 1.0), 0.5, 1.0)
    reference = sample([Column(bins, np.array(counts), np.ones(3) / 3)])
    live = NumericSample(reference.cells, np.array([0.0, rows, 0.0]), np.zeros((1, 4)))
    laws = BridgeLaws.of(reference)

    assert np.isnan(laws.ks_p_values(live, ks_distance(reference, live))).all()
    assert np.isnan(laws.wasserstein_p_values(live)).all()


def test_a_shift_is_as_certain_as_its_rows_make_it() -> None:
    rng = np.random.default_rng(1)
    column = POPULATIONS["normal"](rng, 20_000)
    reference = sample([column])
    laws = BridgeLaws.of(reference)
    assert isinstance(column.bins, NumericBins)
    said = []
    for rows in (50, 200, 1_000):
        moved = rng.normal(0.5, 1.0, rows)
        cells = np.searchsorted(column.bins.edges, moved, "right")
        counts = np.bincount(cells, minlength=column.bins.cells).astype(np.float64)
        live = NumericSample(reference.cells, counts, np.zeros((1, 4)))
        ks = laws.ks_p_values(live, ks_distance(reference, live))[0]
        said.append((ks, laws.wasserstein_p_values(live)[0]))

    assert all(first > second for first, second in zip(said[0], said[1], strict=True))
    assert max(said[1]) < 1e-3
    assert max(said[2]) < 1e-12
