"""Devices of simulated fleets: who drives a drift, and who is unlike the others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from whitebox_hub.statistics.fleet import UNLIKE_PSI, distances, fleet_test, shares_of_drift
from whitebox_hub.statistics.groups import GroupPlan
from whitebox_hub.statistics.psi import psi
from whitebox_wire.vector import FloatArray

COLUMNS, GROUPS = 5, 10
HOUR_ALPHA = 1 / 720
QUIET = np.full(GROUPS, 1 / GROUPS)
MOVED = np.array([0.02, 0.03, 0.04, 0.06, 0.08, 0.1, 0.13, 0.16, 0.18, 0.2])


def plan_of(*sizes: int) -> GroupPlan:
    groups = sum(sizes)
    return GroupPlan(
        starts=np.arange(groups),
        kept=np.arange(groups),
        stop=groups,
        offsets=np.cumsum([0, *sizes[:-1]]),
        sizes=np.array(sizes),
        ordered=np.ones(len(sizes), np.bool_),
        floor=np.zeros(groups),
    )


PLAN = plan_of(*[GROUPS] * COLUMNS)


def fleet(seed: int, rows: list[int], moved: tuple[int, ...] = ()) -> FloatArray:
    """Rows by group of devices; those that `moved` have drifted in their third column."""
    rng = np.random.default_rng(seed)
    devices = np.array(
        [
            [
                rng.multinomial(count, MOVED if device in moved and column == 2 else QUIET)
                for column in range(COLUMNS)
            ]
            for device, count in enumerate(rows)
        ],
        np.float64,
    )
    return devices.reshape(len(rows), COLUMNS * GROUPS)


@given(st.data())
def test_distances_are_those_of_each_device_alone(data: st.DataObject) -> None:
    plan = plan_of(3, 1, 4)
    counts = st.lists(st.integers(0, 50), min_size=8, max_size=8)
    reference = np.array(data.draw(counts), np.float64)
    devices = np.array(data.draw(st.lists(counts, min_size=1, max_size=4)), np.float64)

    found = distances(plan, reference, devices)

    assert found.psi.shape == found.excess.shape == (len(devices), 3)
    assert np.isfinite(found.excess).all()
    for device, said in zip(devices, found.psi, strict=True):
        assert np.allclose(said, psi(reference, device, plan.offsets))


def test_the_excess_is_the_likelihood_ratio_over_its_mean() -> None:
    [device] = fleet(1, [500], moved=(0,))

    found = distances(PLAN, np.full(PLAN.stop, 1_000.0), device[None, :])

    of_column = device[20:30]
    expected = stats.power_divergence(of_column, of_column.sum() * QUIET, lambda_=0).statistic
    assert found.excess[0, 2] == pytest.approx(expected - (GROUPS - 1))
    assert int(found.excess[0].argmax()) == 2


def test_more_rows_as_far_off_rank_higher() -> None:
    few, many = fleet(2, [100, 5_000], moved=(0, 1))

    found = distances(PLAN, np.full(PLAN.stop, 1_000.0), np.array([few, many]))

    assert found.excess[1, 2] > 10 * found.excess[0, 2]


def of_third_column(devices: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    part = devices[:, 20:30]
    return np.full(GROUPS, 10_000.0), part.sum(axis=0), part


def test_one_device_of_fifty_that_moved_drives_all_of_the_drift() -> None:
    shares = shares_of_drift(*of_third_column(fleet(3, [400] * 49 + [4_000], moved=(49,))))

    assert shares[49] > 0.9
    assert shares[:49].max() < 0.05


def test_when_the_whole_fleet_moves_no_device_drives_it() -> None:
    shares = shares_of_drift(*of_third_column(fleet(4, [400] * 50, moved=tuple(range(50)))))

    assert shares.max() < 0.05


def test_a_handful_of_rows_drives_nothing_however_odd_they_are() -> None:
    devices = fleet(5, [2_000] * 20 + [3], moved=(0,))
    devices[20, 20:30] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 3]

    shares = shares_of_drift(*of_third_column(devices))

    assert shares[20] < 0.05 < shares[0]


def test_a_device_that_gave_all_rows_drives_all_of_it_and_no_drift_is_nobodys() -> None:
    reference, live, devices = of_third_column(fleet(6, [500], moved=(0,)))

    assert shares_of_drift(reference, live, devices).tolist() == [1.0]
    assert shares_of_drift(reference, reference, devices).tolist() == [0.0]


@pytest.mark.parametrize("rows", [200, 1_000, 5_000])
def test_one_device_of_fifty_that_moved_is_unlike_its_fleet(rows: int) -> None:
    found = fleet_test(PLAN, fleet(7, [rows] * 50, moved=(9,)), HOUR_ALPHA)

    assert np.flatnonzero(found.unlike).tolist() == [9]
    assert found.column[9] == 2
    assert found.psi[9] > UNLIKE_PSI
    assert found.p_value[9] < HOUR_ALPHA
    assert found.compared.all()


def test_a_fleet_that_moved_as_one_holds_no_device_that_is_unlike() -> None:
    found = fleet_test(PLAN, fleet(8, [1_000] * 50, moved=tuple(range(50))), HOUR_ALPHA)

    assert not found.unlike.any()


def test_several_devices_that_moved_are_all_found() -> None:
    found = fleet_test(PLAN, fleet(9, [500] * 50, moved=(0, 10, 20, 30, 40)), HOUR_ALPHA)

    assert np.flatnonzero(found.unlike).tolist() == [0, 10, 20, 30, 40]


@pytest.mark.parametrize("rows", [[1_000] * 3, [20_000, 1_000, 1_500], [1_000, 900, 90_000]])
def test_the_odd_one_of_three_is_found_and_the_others_are_acquitted(rows: list[int]) -> None:
    """However many rows it has: the rest of each of the other two is half of it."""
    found = fleet_test(PLAN, fleet(10, rows, moved=(0,)), HOUR_ALPHA)

    assert found.unlike.tolist() == [True, False, False]


def test_devices_of_a_few_rows_are_not_judged_and_judge_nobody() -> None:
    found = fleet_test(PLAN, fleet(11, [3] * 40, moved=(1, 2)), HOUR_ALPHA)

    assert not found.compared.any()
    assert not found.unlike.any()
    assert (found.p_value == 1.0).all()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_than_three_devices_are_no_fleet(count: int) -> None:
    found = fleet_test(PLAN, fleet(12, [1_000] * count, moved=(0,)), HOUR_ALPHA)

    assert found.p_value.tolist() == [1.0] * count
    assert not found.compared.any()


@pytest.mark.parametrize("rows", [15, 40, 200])
def test_alike_devices_are_found_unlike_no_more_often_than_alpha(rows: int) -> None:
    """Tiny devices among others too, whose PSI is large by chance."""
    windows = 200
    counts = [rows, 10 * rows] * 10

    alarms = sum(
        bool(fleet_test(PLAN, fleet(seed, counts), 0.05).unlike.any()) for seed in range(windows)
    )

    assert alarms <= stats.binom.ppf(0.999, windows, 0.05)


def test_thirty_quiet_days_of_fifty_devices_alarm_about_once() -> None:
    """At the level where it is used, by devices of ten to three thousand rows an hour."""
    rng = np.random.default_rng(16)
    shares = np.array([0.4, 0.2, 0.1, 0.1, 0.08, 0.05, 0.03, 0.02, 0.015, 0.005])

    alarms = 0
    for _ in range(720):
        rows = np.exp(rng.uniform(np.log(10), np.log(3_000), 50)).astype(int)
        counts = rng.multinomial(np.repeat(rows, COLUMNS), shares).reshape(50, -1)
        alarms += bool(fleet_test(PLAN, counts.astype(np.float64), HOUR_ALPHA).unlike.any())

    assert alarms <= stats.binom.ppf(0.999, 720, HOUR_ALPHA)


def test_answers_are_finite_where_devices_and_columns_are_empty() -> None:
    devices = fleet(13, [0, 0, 500, 500, 500])
    devices[3, 20:30] = 0.0

    found = fleet_test(PLAN, devices, HOUR_ALPHA)

    assert found.compared.tolist() == [False, False, True, True, True]
    assert np.isfinite(found.p_value).all()
    assert np.isfinite(found.psi).all()
    assert not found.unlike.any()


def test_rows_whose_devices_are_not_told_apart_are_part_of_the_fleet() -> None:
    """Three that moved alike are unlike a fleet that did not, and not unlike each other."""
    listed = fleet(14, [1_000] * 3, moved=(0, 1, 2))
    others = fleet(15, [20_000])[0]

    assert fleet_test(PLAN, listed, HOUR_ALPHA, others).unlike.all()
    assert not fleet_test(PLAN, listed, HOUR_ALPHA).unlike.any()
