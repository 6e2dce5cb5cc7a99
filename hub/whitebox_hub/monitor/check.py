"""Is a monitor possible? Checked when somebody asks for it, so evaluation never has to refuse.

Every refusal names the field and says what to type instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from whitebox_hub.monitor import Monitor, Rule
from whitebox_hub.monitor.metrics import METRICS, Direction, Metric, Scope, find
from whitebox_wire.errors import WhiteboxError
from whitebox_wire.layout import Section
from whitebox_wire.spec import ModelSpec

WINDOWS_MAX = 100


class MonitorError(WhiteboxError):
    """A monitor asks for what its model cannot answer."""


def check_monitor(monitor: Monitor, spec: ModelSpec) -> Metric:
    """The metric of a monitor that is possible for a model.

    Raises:
        MonitorError: it is not; the message names the field and the hint a way out.
    """
    metric = find(monitor.metric)
    possible = [m.name for m in METRICS.values() if spec.kind in m.kinds]
    if metric is None:
        raise MonitorError(
            f"metric {monitor.metric[:80]!r} is unknown",
            hint=f"a {spec.kind.value} model has {', '.join(possible)}",
        )
    if metric.section is Section.EXPLANATIONS and spec.explanation is None:
        raise MonitorError(
            f"metric {metric.name!r} needs explanations, which the model's spec does not ask for",
            hint="profile the model with its ONNX file",
        )
    if spec.kind not in metric.kinds:
        raise MonitorError(
            f"metric {metric.name!r} is not for a {spec.kind.value} model",
            hint=f"use one of {', '.join(possible)}",
        )
    _check_feature(monitor, metric, spec)
    _check_thresholds(monitor, metric, spec)
    if not 0 <= monitor.segment <= len(spec.segments):
        raise MonitorError(
            f"segment {monitor.segment} is unknown",
            hint=f"0 is every row; the model has {len(spec.segments)} segments from 1",
        )
    for field in ("for_windows", "resolve_windows"):
        if not 1 <= getattr(monitor, field) <= WINDOWS_MAX:
            raise MonitorError(f"{field} must be 1 to {WINDOWS_MAX}", hint=f"set {field} to 1")
    if monitor.minimum_rows < 0:
        raise MonitorError("minimum_rows is negative", hint="use 0 for no minimum")
    return metric


def _check_feature(monitor: Monitor, metric: Metric, spec: ModelSpec) -> None:
    feature = monitor.feature
    if feature is None:
        return
    if metric.scope is Scope.FEATURE:
        if metric.has(feature, spec):
            return
        kinds = {
            f.name: "withheld" if f.withheld else "no column of its kind" for f in spec.features
        }
        raise MonitorError(
            f"feature {feature[:80]!r} is {kinds.get(feature, 'unknown')}",
            hint=f"name one that has {metric.name}, or leave feature out to watch them all",
        )
    # Whitebox names the target column in monitors of concept drift.
    columns = {spec.prediction.column, spec.target.column}
    if metric.section is Section.FEATURES and feature in columns:
        return
    raise MonitorError(
        f"metric {metric.name!r} is of the whole model, not of feature {feature[:80]!r}",
        hint="leave feature out",
    )


def _check_thresholds(monitor: Monitor, metric: Metric, spec: ModelSpec) -> None:
    below = metric.direction is Direction.BELOW
    used, unused = ("lower", "upper") if below else ("upper", "lower")
    limits = {"lower": monitor.lower_threshold, "upper": monitor.upper_threshold}
    limit = limits[used]
    if limits[unused] is not None:
        raise MonitorError(
            f"{unused}_threshold does not belong to {metric.name!r}, which is bad when it "
            f"{'falls' if below else 'rises'}",
            hint=f"set {used}_threshold",
        )
    if limit is not None and not math.isfinite(limit):
        raise MonitorError(f"{used}_threshold is not a finite number", hint="use a number")
    if not metric.allows(monitor.rule, spec.kind):
        raise MonitorError(
            f"{metric.name!r} of a {spec.kind.value} model has no {monitor.rule.value} rule",
            hint=f"set rule to 'threshold' and {used}_threshold",
        )
    _LIMITS[monitor.rule](metric, limit, f"{used}_threshold", spec)


def _check_threshold(metric: Metric, limit: float | None, name: str, spec: ModelSpec) -> None:
    if limit is None and metric.usual is None:
        calibrated = metric.allows(Rule.CALIBRATED, spec.kind)
        raise MonitorError(
            f"{name} is missing",
            hint=f"set {name}" + (", or rule to 'calibrated'" if calibrated else ""),
        )


def _check_calibrated(metric: Metric, limit: float | None, name: str, _: ModelSpec) -> None:
    if limit is not None and metric.fixed_effect:
        raise MonitorError(
            f"the calibrated rule compares {metric.name!r} with the reference, not with {name}",
            hint=f"set rule to 'threshold' to compare with {limit:g}, or leave it out",
        )
    if limit is not None and limit <= 0:
        raise MonitorError(
            f"{name} of a calibrated rule must be positive",
            hint=f"leave it out for {metric.effect:g}",
        )


def _check_change(metric: Metric, limit: float | None, name: str, _: ModelSpec) -> None:
    if limit is None or limit <= 0:
        raise MonitorError(
            f"{name} of the change rule must be positive",
            hint=f"set {name} to 0.1 for a change of {metric.name} by a tenth",
        )


def _check_windows(_: Metric, limit: float | None, name: str, __: ModelSpec) -> None:
    if limit is not None and limit <= 0:
        raise MonitorError(
            f"{name} counts standard deviations and must be positive", hint="leave it out for 3"
        )


def _check_classic(metric: Metric, limit: float | None, name: str, _: ModelSpec) -> None:
    if limit is not None and metric.usual is None:
        raise MonitorError(
            f"the classic rule has thresholds of its own and takes no {name}", hint="leave it out"
        )


_LIMITS: dict[Rule, Callable[[Metric, float | None, str, ModelSpec], None]] = {
    Rule.THRESHOLD: _check_threshold,
    Rule.CALIBRATED: _check_calibrated,
    Rule.CHANGE: _check_change,
    Rule.REFERENCE_WINDOWS: _check_windows,
    Rule.CLASSIC: _check_classic,
}
