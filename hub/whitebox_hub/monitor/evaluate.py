"""Evaluation: one window of one segment against the reference, for all monitors in one pass.

Every test of a section is adjusted together with the others of that section, and a section may
spend half of the window's share of the false-alarm budget, so a verdict on features does not
change when labels come. A model's segments, the one of all rows among them, have equal shares of
the budget. Never raises for data: what cannot be judged says why.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass

from whitebox_hub.monitor import Finding, ModelContext, Monitor, Rule, Verdict, WindowVectors
from whitebox_hub.monitor.features import measure_features
from whitebox_hub.monitor.labels import measure_labels
from whitebox_hub.monitor.measure import Key, Measure
from whitebox_hub.monitor.metrics import Direction, Metric, Scope, find
from whitebox_hub.monitor.performance import NO_LABELS
from whitebox_hub.statistics.finite import finite
from whitebox_hub.statistics.multiplicity import adjust, window_alpha
from whitebox_wire.layout import Section
from whitebox_wire.vector import IntVector

SECTION_SHARE = 0.5

_MEASURES: dict[Section, Callable[[ModelContext, IntVector, Set[str]], dict[Key, Measure]]] = {
    Section.FEATURES: measure_features,
    Section.LABELS: measure_labels,
}
_NOTHING_YET = {Section.FEATURES: "no rows in this window", Section.LABELS: NO_LABELS}
_BAD = {
    Direction.AT_LEAST: operator.ge,
    Direction.ABOVE: operator.gt,
    Direction.BELOW: operator.lt,
}


@dataclass(frozen=True, slots=True)
class _Question:
    """One monitor asking for one measure."""

    monitor: Monitor
    metric: Metric
    feature: str | None
    measure: Measure

    @property
    def key(self) -> Key:
        return self.metric.name, self.feature

    @property
    def tested(self) -> bool:
        """Whether a p-value is used, so that it counts among the window's tests."""
        enough = self.measure.rows >= self.monitor.minimum_rows
        return enough and self.monitor.rule is Rule.CALIBRATED and self.measure.p_value is not None


def evaluate(
    context: ModelContext, window: WindowVectors, monitors: Sequence[Monitor]
) -> tuple[Finding, ...]:
    """What the active monitors of the window's segment find, in their order.

    A monitor without a feature, of a metric that has one value for each, finds one thing for
    each feature. `p_value` of a finding is adjusted for the other tests of the window.
    """
    asked = [m for m in monitors if m.active and m.segment == window.segment]
    measures = _measures(context, window, asked)
    questions: list[_Question | Finding] = []
    for monitor in asked:
        questions += _questions(context, monitor, measures)
    share = SECTION_SHARE / (1 + len(context.spec.segments))
    alpha = window_alpha(window.length_s, context.alarm_interval_s) * share
    adjusted = _adjusted([q for q in questions if isinstance(q, _Question)])
    return tuple(
        q if isinstance(q, Finding) else _judge(q, adjusted.get(q.key), alpha) for q in questions
    )


def _measures(
    context: ModelContext, window: WindowVectors, monitors: Sequence[Monitor]
) -> dict[Key, Measure]:
    """Measures of the sections that are asked for and have arrived."""
    asked = {metric for m in monitors if (metric := find(m.metric)) is not None}
    result: dict[Key, Measure] = {}
    for section, measure in _MEASURES.items():
        names, vector = {m.name for m in asked if m.section is section}, window.vectors.get(section)
        if names and vector is not None:
            result |= measure(context, vector, names)
    return result


def _questions(
    context: ModelContext, monitor: Monitor, measures: Mapping[Key, Measure]
) -> list[_Question | Finding]:
    metric = find(monitor.metric)
    if metric is None or context.spec.kind not in metric.kinds:
        reason = f"{monitor.metric!r} is no metric of a {context.spec.kind.value} model"
        return [Finding(monitor.id, monitor.feature, Verdict.NOT_ENOUGH_DATA, 0, reason=reason)]
    known = [f.name for f in context.spec.counted]
    features: list[str | None] = [None]
    if metric.scope is Scope.FEATURE:
        features = [*known] if monitor.feature is None else [monitor.feature]
    result: list[_Question | Finding] = []
    for feature in features:
        measure = measures.get((metric.name, feature))
        if measure is None:
            unknown = feature is not None and feature not in known
            reason = f"the model counts no feature {feature!r}" if unknown else ""
            measure = Measure(0, problem=reason or _NOTHING_YET[metric.section])
        result.append(_Question(monitor, metric, feature, measure))
    return result


def _adjusted(questions: Sequence[_Question]) -> dict[Key, float]:
    """Adjusted p-values of the tests that are used, section by section."""
    result: dict[Key, float] = {}
    for section in _MEASURES:
        tests = {
            q.key: q.measure.p_value or 0.0
            for q in questions
            if q.tested and q.metric.section is section
        }
        if tests:
            result |= zip(tests, adjust(list(tests.values())).tolist(), strict=True)
    return result


def _judge(question: _Question, p_value: float | None, alpha: float) -> Finding:
    monitor, measure = question.monitor, question.measure
    value = finite(measure.value) if measure.value is not None else None
    problem = measure.problem or _problem(question)
    limit = _limit(question)
    if problem or value is None or limit is None:
        reason = problem or f"{question.metric.title} cannot be given"
        return Finding(
            monitor.id, question.feature, Verdict.NOT_ENOUGH_DATA, measure.rows, reason=reason
        )
    beyond = bool(_BAD[question.metric.direction](value, limit))
    significant = monitor.rule is Rule.THRESHOLD or (p_value is not None and p_value <= alpha)
    return Finding(
        monitor_id=monitor.id,
        feature=question.feature,
        verdict=Verdict.VIOLATED if beyond and significant else Verdict.OK,
        rows=measure.rows,
        value=value,
        threshold=limit,
        p_value=p_value if monitor.rule is Rule.CALIBRATED else None,
        reason=_reason(question, limit, p_value, alpha) if beyond else "",
    )


def _problem(question: _Question) -> str:
    """Why a measure that has a value cannot be judged by this monitor; empty if it can."""
    monitor, measure = question.monitor, question.measure
    if measure.rows < monitor.minimum_rows:
        return f"{measure.rows} rows; the monitor asks for {monitor.minimum_rows}"
    if monitor.rule is Rule.CALIBRATED and measure.p_value is None:
        return measure.untested or f"{question.metric.name} has no test; set a threshold"
    if monitor.rule is Rule.THRESHOLD and _threshold(question) is None:
        return "the monitor has no threshold"
    return ""


def _threshold(question: _Question) -> float | None:
    monitor = question.monitor
    below = question.metric.direction is Direction.BELOW
    return monitor.lower_threshold if below else monitor.upper_threshold


def _limit(question: _Question) -> float | None:
    """What the value is compared with; None where it needs a reference and there is none."""
    metric, given = question.metric, _threshold(question)
    if question.monitor.rule is Rule.THRESHOLD:
        return given
    if not metric.from_reference:
        return metric.effect if given is None else given
    reference = question.measure.reference
    if reference is None:
        return None
    if metric.fixed_effect or given is None:
        given = metric.effect * abs(reference) if metric.relative else metric.effect
    return reference - given if metric.direction is Direction.BELOW else reference + given


def _reason(question: _Question, limit: float, p_value: float | None, alpha: float) -> str:
    """A clause on a value that is beyond its limit."""
    metric, value = question.metric, question.measure.value
    said = f"{metric.title} {value:.4g} is {metric.direction.value} {limit:.4g}"
    if question.monitor.rule is Rule.THRESHOLD or p_value is None:
        return said
    if p_value <= alpha:
        return f"{said}, and not by chance: p = {p_value:.1e}, alarm level {alpha:.1e}"
    return f"{said}, but that may be chance: p = {p_value:.2g}, alarm level {alpha:.1e}"
