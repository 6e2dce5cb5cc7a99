"""Judging: one value against what its monitor's rule compares it with.

Rules differ in their limit and in what must hold beyond it. A value that has no limit, or is not
known, is not judged, and the reason says why. Pure; never raises for data.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass

from whitebox_hub.monitor import Finding, Monitor, Rule, Verdict
from whitebox_hub.monitor.measure import Band, Classic, Key, Measure
from whitebox_hub.monitor.metrics import Direction, Metric
from whitebox_hub.statistics.finite import finite

# Mean and three standard deviations, as NannyML takes them.
BAND_DEVIATIONS = 3.0
_BAD = {
    Direction.AT_LEAST: operator.ge,
    Direction.ABOVE: operator.gt,
    Direction.BELOW: operator.lt,
}


@dataclass(frozen=True, slots=True)
class Question:
    """One monitor asking for one measure. `band` and `classic` serve the rules that need them."""

    monitor: Monitor
    metric: Metric
    feature: str | None
    measure: Measure
    band: Band | None = None
    classic: Classic | None = None

    @property
    def key(self) -> Key:
        return self.metric.name, self.feature

    @property
    def tested(self) -> bool:
        """Whether a p-value is used, so that it counts among the window's tests."""
        enough = self.measure.rows >= self.monitor.minimum_rows
        return enough and self.monitor.rule is Rule.CALIBRATED and self.measure.p_value is not None

    @property
    def threshold(self) -> float | None:
        """The monitor's threshold on the metric's side."""
        below = self.metric.direction is Direction.BELOW
        return self.monitor.lower_threshold if below else self.monitor.upper_threshold


def judge(question: Question, p_value: float | None, alpha: float) -> Finding:
    """What a monitor finds; `p_value` is adjusted, `alpha` is the level of this window's alarms."""
    if question.classic is not None:
        return _judge_classic(question, question.classic)
    monitor, measure = question.monitor, question.measure
    value = finite(measure.value) if measure.value is not None else None
    problem = measure.problem or _problem(question)
    limit = _limit(question) if not problem else None
    limit = finite(limit) if limit is not None else None
    if problem or value is None or limit is None:
        return _silent(question, measure.rows, problem or f"{question.metric.title} has no limit")
    beyond = bool(_BAD[question.metric.direction](value, limit))
    calibrated = monitor.rule is Rule.CALIBRATED
    significant = not calibrated or (p_value is not None and p_value <= alpha)
    return Finding(
        monitor_id=monitor.id,
        feature=question.feature,
        verdict=Verdict.VIOLATED if beyond and significant else Verdict.OK,
        rows=measure.rows,
        value=value,
        threshold=limit,
        p_value=p_value if calibrated else None,
        reason=_reason(question, limit, p_value, alpha) if beyond else "",
    )


def _judge_classic(question: Question, said: Classic) -> Finding:
    few = said.rows < question.monitor.minimum_rows
    problem = said.problem or (_few(said.rows, question.monitor) if few else "")
    if problem:
        return _silent(question, said.rows, problem)
    compared = "below" if said.is_p_value else "at least"
    return Finding(
        monitor_id=question.monitor.id,
        feature=question.feature,
        verdict=Verdict.VIOLATED if said.drifted else Verdict.OK,
        rows=said.rows,
        value=said.score,
        threshold=said.limit,
        p_value=said.score if said.is_p_value else None,
        reason=f"{said.title} {said.score:.4g} is {compared} {said.limit:.4g}"
        if said.drifted
        else "",
    )


def _silent(question: Question, rows: int, reason: str) -> Finding:
    return Finding(
        question.monitor.id, question.feature, Verdict.NOT_ENOUGH_DATA, rows, reason=reason
    )


def _few(rows: int, monitor: Monitor) -> str:
    return f"{rows} rows; the monitor asks for {monitor.minimum_rows}"


def _problem(question: Question) -> str:
    """Why a measure that has a value cannot be judged by this monitor; empty if it can."""
    monitor, measure, rule = question.monitor, question.measure, question.monitor.rule
    if measure.rows < monitor.minimum_rows:
        return _few(measure.rows, monitor)
    if rule is Rule.CALIBRATED and measure.p_value is None:
        return measure.untested or f"{question.metric.name} has no test; set a threshold"
    if rule is Rule.REFERENCE_WINDOWS and question.band is None:
        return "no band over windows of the reference: it has no rows, or too few, to draw from"
    if rule is Rule.CHANGE and not measure.reference:
        return measure.untested or f"{question.metric.title} of the reference is zero or unknown"
    given = question.threshold if question.threshold is not None else question.metric.usual
    if rule in {Rule.THRESHOLD, Rule.CHANGE} and given is None:
        return "the monitor has no threshold"
    return ""


def _limit(question: Question) -> float | None:
    """What the value is compared with; None where it needs a reference and there is none."""
    metric, rule, reference = question.metric, question.monitor.rule, question.measure.reference
    given = question.threshold
    if rule is Rule.THRESHOLD or rule is Rule.CLASSIC:
        return metric.usual if given is None else given
    if rule is Rule.CALIBRATED and not metric.from_reference:
        return metric.effect if given is None else given
    if rule is Rule.REFERENCE_WINDOWS and question.band is not None:
        reference = question.band.mean
        given = (BAND_DEVIATIONS if given is None else given) * question.band.deviation
    elif reference is None:
        return None
    elif rule is Rule.CHANGE:
        given = (given or 0.0) * abs(reference)
    elif metric.fixed_effect or given is None:
        given = metric.effect * abs(reference) if metric.relative else metric.effect
    return reference - given if metric.direction is Direction.BELOW else reference + given


def _reason(question: Question, limit: float, p_value: float | None, alpha: float) -> str:
    """A clause on a value that is beyond its limit."""
    metric, value = question.metric, question.measure.value
    said = f"{metric.title} {value:.4g} is {metric.direction.value} {limit:.4g}"
    if question.monitor.rule is not Rule.CALIBRATED or p_value is None:
        return said + _origin(question)
    if p_value <= alpha:
        return f"{said}, and not by chance: p = {p_value:.2g}, alarm level {alpha:.2g}"
    return f"{said}, but that may be chance: p = {p_value:.2g}, alarm level {alpha:.2g}"


def _origin(question: Question) -> str:
    """Where a limit comes from that no threshold says."""
    if question.monitor.rule is Rule.CHANGE:
        return f"; the reference has {question.measure.reference:.4g}"
    if question.band is not None:
        return f"; windows of the reference have {question.band.mean:.4g}"
    return ""
