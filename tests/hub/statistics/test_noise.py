"""Drift under privacy noise: how often it cries wolf, how far its PSI is from the exact one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from whitebox_hub.statistics.noise import Noised, NoisedDrift, noised_drift, noised_excess
from whitebox_hub.statistics.psi import psi
from whitebox_wire.vector import FloatArray

UNIFORM = np.full(10, 0.1)
SKEWED = np.array([0.5, 0.2, 0.1, 0.08, 0.05, 0.03, 0.02, 0.01, 0.007, 0.003])
# A shift by a quarter of a standard deviation of a normal feature, by deciles: PSI 0.06.
SHIFTED = np.array([0.064, 0.075, 0.083, 0.089, 0.095, 0.101, 0.107, 0.115, 0.127, 0.144])
REFERENCE_ROWS = 20_000
# Sigma of epsilon 1, delta 1e-6, for one feature and for fifty.
SIGMA, SIGMA_OF_FIFTY = 6.408, 45.308


def windows(
    law: FloatArray, rows: int, devices: int, sigma: float, count: int, *, live: FloatArray
) -> list[tuple[Noised, FloatArray]]:
    """References and noised windows, each with its exact counts."""
    rng = np.random.default_rng(20_260_101)
    cells = 2 if law is UNIFORM else 1
    variance = np.full(law.size, cells * devices * sigma**2)
    references = rng.multinomial(REFERENCE_ROWS, law / law.sum(), count).astype(float)
    exact = rng.multinomial(rows, live / live.sum(), count).astype(float)
    noise = np.rint(rng.normal(0.0, np.sqrt(variance), exact.shape))
    return [
        (Noised(reference, counts + added, variance), counts)
        for reference, counts, added in zip(references, exact, noise, strict=True)
    ]


def judged(column: Noised, *, ordered: bool = True) -> NoisedDrift | None:
    return noised_drift(column, np.zeros(column.reference.size), ordered=ordered)


QUIET = {
    "one device, one feature": (UNIFORM, 1_000, 1, SIGMA),
    "few rows, little noise": (SKEWED, 200, 1, 0.8),
    "one device, fifty features": (UNIFORM, 2_000, 1, SIGMA_OF_FIFTY),
    "a hundred devices, fifty features": (UNIFORM, 100_000, 100, SIGMA_OF_FIFTY),
    "categories": (SKEWED, 10_000, 10, SIGMA_OF_FIFTY),
}


@pytest.mark.parametrize("case", QUIET.values(), ids=QUIET)
def test_false_alarms_stay_within_half_as_much_again(
    case: tuple[FloatArray, int, int, float],
) -> None:
    law, rows, devices, sigma = case
    count = 12_000

    p_values = [
        found.p_value
        for column, _ in windows(law, rows, devices, sigma, count, live=law)
        if (found := judged(column, ordered=law is UNIFORM)) is not None
    ]

    assert len(p_values) > count * 0.9
    for alpha in (0.05, 0.01):
        rate = np.mean(np.array(p_values) <= alpha)
        assert 0.5 * alpha < rate < 1.5 * alpha
    assert np.mean(np.array(p_values) <= 1e-3) < 2.5e-3, "36 of 12,000 at the most, 12 expected"


def test_psi_is_about_what_it_were_without_noise() -> None:
    for live, error_max in ((UNIFORM, 0.015), (SHIFTED, 0.04)):
        drawn = windows(UNIFORM, 20_000, 10, SIGMA_OF_FIFTY, 400, live=live)
        errors = []
        for column, exact in drawn:
            found = judged(column)
            assert found is not None
            errors.append(found.psi - psi(column.reference, exact, np.zeros(1, int))[0])

        assert np.quantile(np.abs(errors), 0.95) < error_max
        assert abs(np.mean(errors)) < 0.005, "the noise's share was taken off"


def test_a_shift_is_seen_through_the_noise() -> None:
    drawn = windows(UNIFORM, 100_000, 100, SIGMA_OF_FIFTY, 100, live=SHIFTED)

    found = [judged(column) for column, _ in drawn]

    assert all(each is not None and each.p_value < 1e-4 for each in found)


def test_drowned_rows_say_nothing() -> None:
    [(column, _)] = windows(UNIFORM, 300, 1, SIGMA_OF_FIFTY, 1, live=UNIFORM)

    assert judged(column) is None
    assert judged(column, ordered=False) is None


def test_no_rows_on_either_side_say_nothing() -> None:
    full, empty = np.full(4, 100.0), np.zeros(4)

    assert judged(Noised(full, empty, full)) is None
    assert judged(Noised(empty, full, full)) is None
    assert judged(Noised(full, -full, full)) is None, "noise may leave fewer than none"


def test_without_noise_it_is_pearsons_test() -> None:
    rng = np.random.default_rng(5)
    reference, live = rng.multinomial(2_000, UNIFORM), rng.multinomial(900, SHIFTED)
    found = judged(Noised(reference.astype(float), live.astype(float), np.zeros(10)))

    oracle = chi2_contingency(np.array([reference, live]), correction=False)
    assert found is not None
    assert found.p_value == pytest.approx(oracle.pvalue, rel=1e-6)


def test_categories_of_few_rows_are_judged_with_the_rest() -> None:
    """What moves within the rest is not seen, and what moves into it is."""
    reference = np.array([900.0, 60.0, 30.0, 5.0, 5.0])
    within, into = (
        np.array([900.0, 60.0, 30.0, 0.0, 10.0]),
        np.array([700.0, 60.0, 30.0, 5.0, 205.0]),
    )
    variance = np.full(5, 4.0)

    still = judged(Noised(reference, within, variance), ordered=False)
    moved = judged(Noised(reference, into, variance), ordered=False)

    assert still is not None
    assert still.p_value > 0.99
    assert moved is not None
    assert moved.p_value < 1e-9


@pytest.mark.parametrize("rate", [0.0, 0.002, 0.01, 0.3])
@pytest.mark.parametrize("sigma", [0.8, SIGMA, SIGMA_OF_FIFTY])
@pytest.mark.parametrize("rows", [500, 2_000])
def test_rates_rarely_cry_wolf(rate: float, sigma: float, rows: int) -> None:
    """Few expected hits are the hard case: the normal law is wrong by a factor of five there."""
    rng = np.random.default_rng(3)
    count = 40_000
    before = rng.binomial(REFERENCE_ROWS, rate, count)
    hits = rng.binomial(rows, rate, count) + np.rint(rng.normal(0, sigma, count))

    p_values = np.array([
        noised_excess(float(k), rows, sigma**2, float(b), REFERENCE_ROWS)
        for k, b in zip(hits, before, strict=True)
    ])  # fmt: skip

    assert np.mean(p_values <= 0.01) < 0.015
    assert np.mean(p_values <= 0.001) < 0.0015 + 3 * (0.001 / count) ** 0.5


def test_more_hits_are_never_less_significant() -> None:
    for sigma in (0.8, SIGMA):
        p_values = [noised_excess(k, 500.0, sigma**2, 40.0, 20_000.0) for k in range(-20, 60)]

        assert p_values == sorted(p_values, reverse=True)
        assert p_values[0] > 0.5 > p_values[-1]


def test_a_rate_without_rows_or_noise_says_nothing() -> None:
    assert noised_excess(0.0, 100.0, 0.0, 0.0, 100.0) == 1.0
