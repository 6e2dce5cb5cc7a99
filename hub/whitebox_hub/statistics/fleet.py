"""Devices of a fleet: how far each lies from the reference, which drive a drift, which is unlike.

Three questions, each over the groups that drift is judged on, for many devices at once:

- *How far from the reference?* PSI (psi.py), and the excess of the one-sample likelihood ratio
  G = 2 * sum of c * ln(c / (n * q)), c being a device's rows of a group, n all its rows and q the
  reference's share, over groups - 1, what G is on average without drift (Wilks 1938). G weighs a
  distance by its rows, so it ranks devices: many rows a little off and few rows far off both count.
- *Which devices drive a drift?* Leave one out (the jackknife's influence, Tukey 1958; Efron 1982):
  by which share PSI falls when a device's rows are taken out of the window.
- *Which device is unlike its fleet?* Each device against the rest of the fleet: the effect, PSI,
  and the two-sample G test (gtest.py), Bonferroni over columns and Benjamini-Hochberg over devices
  (multiplicity.py). No device counts as more than the median device in the rest, so none is the
  fleet; the least like it is taken out of the rest first, and what was unlike only for its sake is
  acquitted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from whitebox_hub.statistics.groups import BoolArray, GroupPlan, IntArray
from whitebox_hub.statistics.gtest import g_test
from whitebox_hub.statistics.merge import merge
from whitebox_hub.statistics.multiplicity import adjust
from whitebox_hub.statistics.psi import EMPTY_ROWS, psi
from whitebox_wire.vector import FloatArray

# Devices of one fleet see different people; PSI above this is customarily read as large.
UNLIKE_PSI = 0.25
# With fewer devices there is no fleet that one could be unlike.
DEVICES_MIN = 3
# How many devices one pass compares, and how often the least like is taken out.
_AT_ONCE = 64
_ROUNDS_MAX = 16


@dataclass(frozen=True, slots=True)
class Distances:
    """For every device and column, shape [devices, columns]: PSI, and G over its mean."""

    psi: FloatArray
    excess: FloatArray


def distances(plan: GroupPlan, reference: FloatArray, devices: FloatArray) -> Distances:
    """Compare the rows of devices (shape [devices, groups]) with the reference's ([groups]).

    A column in which a device has no rows has PSI 0 and no excess.
    """
    known = np.maximum(plan.total(reference), 1.0)
    rows = np.add.reduceat(devices, plan.offsets, axis=1)
    before = np.maximum(reference, EMPTY_ROWS) / np.repeat(known, plan.sizes)
    now = np.maximum(devices, EMPTY_ROWS) / np.repeat(np.maximum(rows, 1.0), plan.sizes, axis=1)
    ratios = np.log(now / before)
    terms = np.where((reference > 0) | (devices > 0), (now - before) * ratios, 0.0)
    statistic = 2.0 * np.add.reduceat(devices * ratios, plan.offsets, axis=1)
    both = (rows > 0) & (plan.total(reference) > 0)
    return Distances(
        psi=np.where(both, np.add.reduceat(terms, plan.offsets, axis=1), 0.0),
        excess=np.where(both, np.maximum(statistic - (plan.sizes - 1), 0.0), 0.0),
    )


def shares_of_drift(reference: FloatArray, live: FloatArray, devices: FloatArray) -> FloatArray:
    """The share of one column's drift that goes when a device's rows are taken out.

    Counts have shape [groups], those of devices, which are among the live ones, [devices, groups].
    1 - PSI without the device / PSI, and 0 where PSI would rise. Shares of several devices need
    not add up to 1: PSI grows faster than the rows that drift. Where all drift alike all are 0.

    >>> quiet, moved = np.array([40.0, 40.0]), np.array([0.0, 20.0])
    >>> shares_of_drift(np.array([500.0, 500.0]), quiet + moved, np.array([quiet, moved])).round(2)
    array([0., 1.])
    """
    start = np.zeros(1, np.intp)
    whole = float(psi(reference, live, start)[0])
    if whole <= 0:
        return np.zeros(len(devices))
    rest = np.array([psi(reference, live - device, start)[0] for device in devices], np.float64)
    shares: FloatArray = np.clip(1.0 - rest / whole, 0.0, 1.0)
    return shares


@dataclass(frozen=True, slots=True)
class FleetTest:
    """For every device, shape [devices].

    `p_value` is adjusted for columns and devices; `column` is the one that speaks most against
    the device, and `psi` its distance there from the rest of the fleet. Where `compared` is
    false the device or the rest had too few rows, and p is 1.
    """

    p_value: FloatArray
    column: IntArray
    psi: FloatArray
    compared: BoolArray
    unlike: BoolArray


def fleet_test(
    plan: GroupPlan, devices: FloatArray, alpha: float, others: FloatArray | None = None
) -> FleetTest:
    """Which devices (rows by group, shape [devices, groups]) are unlike the rest of them.

    `others`, shape [groups], are rows of the fleet whose devices are not told apart. When all
    devices are alike some device is found unlike in at most the share `alpha` of windows.
    """
    count = len(devices)
    if count < DEVICES_MIN:
        nothing = np.zeros(count, np.bool_)
        return FleetTest(
            np.ones(count), np.zeros(count, np.intp), np.zeros(count), nothing, nothing
        )
    capped = _capped(plan, devices)
    fleet = capped.sum(axis=0) + (0.0 if others is None else others)
    first = _compare(plan, devices, fleet - capped)
    adjusted = adjust(first.p_value)
    suspects = _Suspects(plan, devices, capped, fleet)
    unlike = suspects.convicted(adjusted <= alpha, alpha)
    return replace(first, p_value=adjusted, unlike=unlike)


def _capped(plan: GroupPlan, devices: FloatArray) -> FloatArray:
    """Rows by group, no device having more than the median one in any column.

    Shares of a column stay as they are; fewer rows than there were make a test conservative.
    """
    rows = np.add.reduceat(devices, plan.offsets, axis=1)
    least = np.minimum(rows, np.median(rows, axis=0))
    weight = np.divide(least, rows, out=np.zeros_like(rows), where=rows > 0)
    capped: FloatArray = devices * np.repeat(weight, plan.sizes, axis=1)
    return capped


@dataclass(frozen=True, slots=True)
class _Suspects:
    """Devices, what each counts for in the fleet (both [devices, groups]), and the whole fleet."""

    plan: GroupPlan
    devices: FloatArray
    capped: FloatArray
    fleet: FloatArray

    def convicted(self, suspects: BoolArray, alpha: float) -> BoolArray:
        """Who stays unlike when those less like the fleet are no part of it any more."""
        left = np.flatnonzero(suspects)
        # What Benjamini and Hochberg's step-up makes of alpha: the bound of what it rejected.
        limit = alpha * left.size / len(self.devices)
        fleet, unlike = self.fleet, np.zeros(len(self.devices), np.bool_)
        for _ in range(_ROUNDS_MAX):
            found = _compare(self.plan, self.devices[left], fleet - self.capped[left])
            stays = found.p_value <= limit
            if not stays.any():
                return unlike
            worst = left[np.argmax(np.where(stays, found.psi, -1.0))]
            unlike[worst] = True
            fleet = fleet - self.capped[worst]
            left = left[stays & (left != worst)]
            if not left.size:
                return unlike
        unlike[left] = True
        return unlike


def _compare(plan: GroupPlan, devices: FloatArray, rest: FloatArray) -> FleetTest:
    """Each device against its own rest, both of shape [devices, groups]; nobody is unlike yet."""
    if not len(devices):
        nobody = np.zeros(0)
        return FleetTest(nobody, nobody.astype(np.intp), nobody, nobody > 0, nobody > 0)
    parts = [
        _compare_some(plan, devices[at : at + _AT_ONCE], rest[at : at + _AT_ONCE])
        for at in range(0, len(devices), _AT_ONCE)
    ]
    p_value, column, effect, compared = (np.concatenate(each) for each in zip(*parts, strict=True))
    return FleetTest(p_value, column, effect, compared, np.zeros(len(devices), np.bool_))


def _compare_some(
    plan: GroupPlan, devices: FloatArray, rest: FloatArray
) -> tuple[FloatArray, IntArray, FloatArray, BoolArray]:
    """P-values over columns, the column that speaks most, its PSI, and who was compared.

    A column speaks only where its effect is large; Bonferroni counts it among all columns.
    """
    shape = len(devices), plan.sizes.size
    many = _repeated(plan, len(devices))
    merged = merge(many, rest.ravel(), devices.ravel())
    before, now = merged.sum(rest.ravel()), merged.sum(devices.ravel())
    test = g_test(merged, before, now)
    effect = psi(before, now, many.offsets).reshape(shape)
    enough = test.enough.reshape(shape)
    p_values = np.where(enough & (effect >= UNLIKE_PSI), test.p_value.reshape(shape), 1.0)
    # Where no column speaks, the farthest is shown.
    farthest = np.argmax(np.where(enough, effect, -1.0), axis=1)
    column = np.where(p_values.min(axis=1) < 1.0, np.argmin(p_values, axis=1), farthest)
    at = np.arange(len(devices))
    corrected = np.minimum(p_values[at, column] * plan.sizes.size, 1.0)
    compared: BoolArray = np.asarray(enough.any(axis=1), np.bool_)
    return corrected, column, effect[at, column], compared


def _repeated(plan: GroupPlan, times: int) -> GroupPlan:
    """The plan's columns once for each device. Two live samples cut no vocabulary: no floors."""
    groups = int(plan.sizes.sum())
    return replace(
        plan,
        offsets=(plan.offsets + groups * np.arange(times)[:, None]).ravel(),
        sizes=np.tile(plan.sizes, times),
        ordered=np.tile(plan.ordered, times),
        floor=np.zeros(groups * times),
    )
