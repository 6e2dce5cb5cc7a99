"""Monitors: what to watch, and what watching found, as values.

`evaluate` (evaluate.py) is a pure function from a reference, one window's vectors and monitors to
findings. It never raises for a feature's data: a verdict of `not_enough_data` names the reason.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from whitebox_hub.monitor.baseline import Baseline
from whitebox_hub.monitor.estimates import EstimateReference
from whitebox_hub.monitor.measure import Band, Key
from whitebox_wire.layout import Layout, Section
from whitebox_wire.spec import ModelSpec
from whitebox_wire.vector import IntVector


class Severity(enum.Enum):
    LOW = "low"
    MID = "mid"
    HIGH = "high"


class Rule(enum.Enum):
    """How a value becomes a verdict.

    CALIBRATED: an effect beyond its threshold that is also significant at the model's
    false-alarm budget. THRESHOLD: beyond `lower_threshold` or `upper_threshold`. CHANGE: worse than
    in the reference by more than the threshold's share. REFERENCE_WINDOWS: more than three standard
    deviations from the mean over windows of the reference, drawn at this window's size. CLASSIC:
    Evidently's choice of tests and thresholds.
    """

    CALIBRATED = "calibrated"
    THRESHOLD = "threshold"
    CHANGE = "change"
    REFERENCE_WINDOWS = "reference_windows"
    CLASSIC = "classic"


@dataclass(frozen=True, slots=True)
class Monitor:
    """One thing to watch. `feature` None means every feature where the metric has one each.

    An unset threshold of a calibrated monitor means the metric's default effect size.
    Times are milliseconds since 1970 in UTC.
    """

    id: str
    model_id: str
    name: str
    metric: str
    feature: str | None = None
    segment: int = 0
    rule: Rule = Rule.THRESHOLD
    lower_threshold: float | None = None
    upper_threshold: float | None = None
    minimum_rows: int = 0
    for_windows: int = 1
    resolve_windows: int = 1
    severity: Severity = Severity.MID
    active: bool = True
    email: str = ""
    created_ms: int = 0
    updated_ms: int = 0


class Verdict(enum.Enum):
    OK = "ok"
    VIOLATED = "violated"
    NOT_ENOUGH_DATA = "not_enough_data"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one monitor found of one feature (or of the model) in one window.

    `value` and `threshold` are None when there was not enough data to give one; no field is NaN.
    """

    monitor_id: str
    feature: str | None
    verdict: Verdict
    rows: int
    value: float | None = None
    threshold: float | None = None
    p_value: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class ModelContext:
    """What a window is judged against. `alarm_interval_s` is the false-alarm budget: at most
    one false alarm is expected in this time, over all features of the model.

    Keep one for as long as its reference stands: what is worked out of it at its first use
    is kept, which is why this value has no slots.
    """

    spec: ModelSpec
    layout: Layout
    training: Mapping[Section, IntVector] | None
    test: Mapping[Section, IntVector] | None = None
    alarm_interval_s: int = 30 * 86_400

    @cached_property
    def baseline(self) -> Baseline | None:
        """The reference's features made ready for comparison; None if there are none."""
        return Baseline.of(self.spec, self.layout, self.training, self.test)

    @cached_property
    def estimate_reference(self) -> EstimateReference:
        """What estimates without labels say of the reference."""
        return EstimateReference.of(self.spec, self.layout, self.training, self.test)

    @cached_property
    def bands(self) -> dict[tuple[frozenset[str], int], dict[Key, Band]]:
        """Bands over windows of the reference, by metrics and rows, as far as they were drawn."""
        return {}


@dataclass(frozen=True, slots=True)
class WindowVectors:
    """One window of one model and segment: a vector for each section that has arrived."""

    segment: int
    start_s: int
    length_s: int
    vectors: Mapping[Section, IntVector] = field(default_factory=dict)
