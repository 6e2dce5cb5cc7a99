"""Evaluation: one window of one segment against the reference, for all monitors in one pass.

Every test of a section is adjusted together with the others of that section, and a section may
spend half of the window's share of the false-alarm budget, so a verdict on features does not
change when labels come. A model's segments, the one of all rows among them, have equal shares of
the budget. Never raises for data: what cannot be judged says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace

from whitebox_hub.monitor import Finding, ModelContext, Monitor, Rule, Verdict, WindowVectors
from whitebox_hub.monitor.attributions import NO_EXPLANATIONS, measure_attributions
from whitebox_hub.monitor.classic import drifted_share, measure_classic
from whitebox_hub.monitor.features import measure_features
from whitebox_hub.monitor.judge import Question, judge
from whitebox_hub.monitor.labels import measure_labels
from whitebox_hub.monitor.measure import Band, Classic, Key, Measure
from whitebox_hub.monitor.metrics import Metric, Scope, find
from whitebox_hub.monitor.performance import NO_LABELS
from whitebox_hub.monitor.reference_windows import bands
from whitebox_hub.statistics.multiplicity import adjust, window_alpha
from whitebox_wire.layout import Section
from whitebox_wire.vector import IntVector

SECTION_SHARE = 0.5

_MEASURES: dict[Section, Callable[[ModelContext, IntVector, Set[str]], dict[Key, Measure]]] = {
    Section.FEATURES: measure_features,
    Section.LABELS: measure_labels,
    Section.EXPLANATIONS: measure_attributions,
}
_NOTHING_YET = {
    Section.FEATURES: "no rows in this window",
    Section.LABELS: NO_LABELS,
    Section.EXPLANATIONS: NO_EXPLANATIONS,
}
_DATASET_DRIFT: Key = ("dataset_drift", None)


def evaluate(
    context: ModelContext, window: WindowVectors, monitors: Sequence[Monitor]
) -> tuple[Finding, ...]:
    """What the active monitors of the window's segment find, in their order.

    A monitor without a feature, of a metric that has one value for each, finds one thing for
    each feature. `p_value` of a finding is adjusted for the other tests of the window.
    """
    asked = [m for m in monitors if m.active and m.segment == window.segment]
    classic = _classic(context, window, asked)
    measures = _measures(context, window, asked)
    if classic and Section.FEATURES in window.vectors:
        measures[_DATASET_DRIFT] = drifted_share(classic)
    questions: list[Question | Finding] = []
    for monitor in asked:
        questions += _questions(context, monitor, measures)
    questions = _prepared(context, window, questions, classic)
    share = SECTION_SHARE / (1 + len(context.spec.segments))
    alpha = window_alpha(window.length_s, context.alarm_interval_s) * share
    adjusted = _adjusted([q for q in questions if isinstance(q, Question)])
    return tuple(
        q if isinstance(q, Finding) else judge(q, adjusted.get(q.key), alpha) for q in questions
    )


def _measures(
    context: ModelContext, window: WindowVectors, monitors: Sequence[Monitor]
) -> dict[Key, Measure]:
    """Measures of the metrics that are asked for, of the sections that have arrived."""
    asked = {metric for m in monitors if (metric := find(m.metric)) is not None}
    result: dict[Key, Measure] = {}
    for section, measure in _MEASURES.items():
        names, vector = {m.name for m in asked if m.section is section}, window.vectors.get(section)
        if names and vector is not None:
            result |= measure(context, vector, names)
    return result


def _classic(
    context: ModelContext, window: WindowVectors, monitors: Sequence[Monitor]
) -> dict[Key, Classic]:
    """What the classic rule says of every column, where a monitor asks for it."""
    metrics = [find(m.metric) for m in monitors]
    wanted = any(m.rule is Rule.CLASSIC for m in monitors) or any(
        metric.name == _DATASET_DRIFT[0] for metric in metrics if metric is not None
    )
    return measure_classic(context, window.vectors) if wanted else {}


def _prepared(
    context: ModelContext,
    window: WindowVectors,
    questions: Sequence[Question | Finding],
    classic: Mapping[Key, Classic],
) -> list[Question | Finding]:
    """The questions with what their rules need besides a measure."""
    known = _bands(context, window, [q for q in questions if isinstance(q, Question)])
    result: list[Question | Finding] = []
    for question in questions:
        if isinstance(question, Finding):
            result.append(question)
        elif question.monitor.rule is Rule.CLASSIC:
            result.append(replace(question, classic=classic.get(question.key)))
        elif question.monitor.rule is Rule.REFERENCE_WINDOWS:
            result.append(replace(question, band=known.get(question.key)))
        else:
            result.append(question)
    return result


def _bands(
    context: ModelContext, window: WindowVectors, questions: Sequence[Question]
) -> dict[Key, Band]:
    """Bands over windows of the reference, of the metrics that are judged by them."""
    result: dict[Key, Band] = {}
    for section in (Section.FEATURES, Section.LABELS):
        metrics = frozenset(
            q.metric.name
            for q in questions
            if q.monitor.rule is Rule.REFERENCE_WINDOWS
            and q.metric.section is section
            and q.measure.value is not None
        )
        place = context.layout.rows_place(section)
        if metrics and place is not None:
            rows = int(window.vectors[section][place])
            result |= bands(context, section, metrics, rows)
    return result


def _questions(
    context: ModelContext, monitor: Monitor, measures: Mapping[Key, Measure]
) -> list[Question | Finding]:
    metric = find(monitor.metric)
    if metric is None or not _possible(context, monitor, metric):
        reason = f"{monitor.metric!r} is no metric of a {context.spec.kind.value} model"
        if metric is not None and context.spec.kind in metric.kinds:
            reason = f"{monitor.metric!r} has no rule {monitor.rule.value!r}"
        return [Finding(monitor.id, monitor.feature, Verdict.NOT_ENOUGH_DATA, 0, reason=reason)]
    features: list[str | None] = [None]
    if metric.scope is Scope.FEATURE:
        every = metric.features(context.spec)
        features = [*every] if monitor.feature is None else [monitor.feature]
    result: list[Question | Finding] = []
    for feature in features:
        measure = measures.get((metric.name, feature))
        if measure is None:
            measure = Measure(0, problem=_absence(context, metric, feature))
        result.append(Question(monitor, metric, feature, measure))
    return result


def _absence(context: ModelContext, metric: Metric, feature: str | None) -> str:
    """Why there is no measure of a metric."""
    if feature is None or metric.has(feature, context.spec):
        return _NOTHING_YET[metric.section]
    if feature in {f.name for f in context.spec.counted}:
        return f"{metric.name} is not of a column like {feature!r}"
    return f"the model counts no feature {feature!r}"


def _possible(context: ModelContext, monitor: Monitor, metric: Metric) -> bool:
    kind = context.spec.kind
    return kind in metric.kinds and metric.allows(monitor.rule, kind)


def _adjusted(questions: Sequence[Question]) -> dict[Key, float]:
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
