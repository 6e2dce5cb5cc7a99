"""How a model's rows are grouped, kept private and explained: windows, segments, noise.

Policies are part of the spec because they change what a cell of the vector means. Limits bound
what a spec may cost a device; each policy checks itself and names the field that is wrong.
"""

from __future__ import annotations

import enum
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from whitebox_wire.errors import SpecError
from whitebox_wire.features import CategoricalBins, Feature, NumericBins, check_text, is_unit

DAY_S = 86_400
WEEK_S = 7 * DAY_S
# 1970-01-05 was a Monday: windows of whole weeks begin on Mondays.
MONDAY_S = 4 * DAY_S
GRANULARITY_S_MAX = 366 * DAY_S
LATENESS_S_MAX = 366 * DAY_S
LABEL_HORIZON_S_MAX = 10 * 366 * DAY_S
# Each costs a device a further sum a window, and a prediction waiting for its label one bit.
SEGMENTS_MAX = 32
CONDITIONS_PER_SEGMENT_MAX = 16
BUDGETS_MAX = 64
MINIMUM_ROWS_MAX = 1_000_000
ROWS_EXPLAINED_MAX = 1_000_000
SAMPLER_PAIRS_MAX = 10_000
# Noise falls into every cell, so a noised feature has few.
NOISED_CELLS_MAX = 20


def _check_whole(number: int, low: int, high: int, what: str) -> None:
    if not low <= number <= high:
        raise SpecError(f"{what} is {number}; {low} to {high} are possible")


@dataclass(frozen=True, slots=True)
class WindowPolicy:
    """Tumbling windows of event time in whole seconds, aligned to UTC (weeks to Monday)."""

    granularity_s: int = 3_600
    lateness_s: int = 300
    label_horizon_s: int = 30 * DAY_S

    @property
    def origin_s(self) -> int:
        return MONDAY_S if self.granularity_s % WEEK_S == 0 else 0

    def start(self, time_s: int) -> int:
        """The start of the window that a time falls into, in seconds since 1970.

        >>> WindowPolicy(3600).start(7201)
        7200
        """
        return (time_s - self.origin_s) // self.granularity_s * self.granularity_s + self.origin_s

    def check(self) -> None:
        """Raise SpecError for a time that is negative or beyond its limit."""
        _check_whole(self.granularity_s, 1, GRANULARITY_S_MAX, "window.granularity_s")
        _check_whole(self.lateness_s, 0, LATENESS_S_MAX, "window.lateness_s")
        _check_whole(self.label_horizon_s, 0, LABEL_HORIZON_S_MAX, "window.label_horizon_s")


@dataclass(frozen=True, slots=True)
class NumericRange:
    """low <= x < high; either may be infinite."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Predicate:
    """A feature's value lies in a half-open range or in a set of categories."""

    feature: str
    test: NumericRange | tuple[str, ...]

    def check(self, features: Mapping[str, Feature], what: str) -> None:
        """Raise SpecError unless the feature exists, is counted, and can be tested so."""
        feature = features.get(self.feature)
        if feature is None:
            raise SpecError(f"{what} tests {self.feature[:40]!r}, which is no feature")
        if feature.withheld:
            raise SpecError(f"{what} tests {self.feature!r}, which is withheld")
        test = self.test
        if isinstance(feature.bins, NumericBins):
            # A range with a NaN in it is never true, so it is refused here too.
            if not isinstance(test, NumericRange) or not test.low < test.high:
                raise SpecError(f"{what} needs a range with low < high for {self.feature!r}")
        else:
            self._check_categories(feature.bins, what)

    def _check_categories(self, bins: CategoricalBins, what: str) -> None:
        if isinstance(self.test, NumericRange) or not self.test:
            raise SpecError(f"{what} needs categories for {self.feature!r}")
        if len(set(self.test)) != len(self.test):
            raise SpecError(f"{what} names a category of {self.feature!r} twice")
        unknown = set(self.test).difference(bins.vocabulary)
        if unknown:
            category = min(unknown)[:40]
            raise SpecError(f"{what}: {category!r} is no category of {self.feature!r}")


@dataclass(frozen=True, slots=True)
class Segment:
    """Rows that satisfy every predicate, on agents that carry every label."""

    name: str
    where: tuple[Predicate, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()

    def check(self, features: Mapping[str, Feature]) -> None:
        """Raise SpecError for a segment of no or too many conditions, or an impossible one."""
        check_text(self.name, "segment")
        what = f"segment {self.name!r}"
        _check_whole(
            len(self.where) + len(self.labels),
            1,
            CONDITIONS_PER_SEGMENT_MAX,
            f"{what}: the number of predicates and labels",
        )
        for predicate in self.where:
            predicate.check(features, what)
        for key, value in self.labels:
            check_text(key, f"{what}: label")
            check_text(value, f"{what}: label {key!r}", empty=True)
        if len({key for key, _ in self.labels}) != len(self.labels):
            raise SpecError(f"{what} names a label twice")


@dataclass(frozen=True, slots=True)
class NoiseBudget:
    """Row-level differential privacy of a group of features, per window.

    What it promises, and the noise that keeps it, is in `whitebox_agent.privacy.budget`.
    """

    features: tuple[str, ...]
    epsilon: float
    delta: float


@dataclass(frozen=True, slots=True)
class PrivacyPolicy:
    """A window ships from `minimum_rows` on; a feature has one noise budget or none."""

    minimum_rows: int = 0
    budgets: tuple[NoiseBudget, ...] = ()

    @property
    def noised(self) -> frozenset[str]:
        """The features whose counts carry noise."""
        return frozenset(name for budget in self.budgets for name in budget.features)

    def check(self, features: Mapping[str, Feature]) -> None:
        """Raise SpecError for an impossible budget or a feature that cannot have one."""
        _check_whole(self.minimum_rows, 0, MINIMUM_ROWS_MAX, "privacy.minimum_rows")
        _check_whole(len(self.budgets), 0, BUDGETS_MAX, "privacy: the number of noise budgets")
        for budget in self.budgets:
            if not budget.features:
                raise SpecError("privacy: a noise budget names no feature")
            if not (0 < budget.epsilon < math.inf and 0 < budget.delta < 1):
                raise SpecError("privacy: a noise budget needs epsilon > 0 and delta in (0, 1)")
        named = Counter(name for budget in self.budgets for name in budget.features)
        for name, count in named.items():
            if name not in features:
                raise SpecError(f"privacy: a noise budget names {name[:40]!r}, which is no feature")
            if features[name].withheld:
                raise SpecError(f"privacy: {name!r} is withheld and needs no noise budget")
            if count > 1:
                raise SpecError(f"privacy: {name!r} belongs to two noise budgets")
            if features[name].bins.cells > NOISED_CELLS_MAX:
                raise SpecError(
                    f"privacy: {name!r} has {features[name].bins.cells} cells; a feature with "
                    f"noise has at most {NOISED_CELLS_MAX}",
                    hint="profile it with its noise budget",
                )


class ExplanationSpace(enum.Enum):
    """What attributions add up to: the model's margin (or value), or a probability."""

    MARGIN = "margin"
    PROBABILITY = "probability"


@dataclass(frozen=True, slots=True)
class ExplanationPolicy:
    """How attributions are taken; one output scale for each explained output."""

    space: ExplanationSpace
    output_scales: tuple[float, ...]
    rows_per_window: int = 200
    sampler_pairs: int = 100

    def check(self, outputs: int) -> None:
        """Raise SpecError unless there is a scale for each output and the effort is bounded."""
        if len(self.output_scales) != outputs or not all(map(is_unit, self.output_scales)):
            raise SpecError(f"explanation.output_scales: {outputs} positive scales are needed")
        rows = self.rows_per_window
        _check_whole(rows, 1, ROWS_EXPLAINED_MAX, "explanation.rows_per_window")
        pairs = self.sampler_pairs
        _check_whole(pairs, 1, SAMPLER_PAIRS_MAX, "explanation.sampler_pairs")
