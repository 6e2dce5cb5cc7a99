"""Which values are violations: directions, thresholds, and effects that are significant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from whitebox_hub.monitor import Finding, ModelContext, Monitor, Rule, Verdict, WindowVectors
from whitebox_hub.monitor.evaluate import evaluate
from whitebox_hub.monitor.metrics import METRICS, Direction, Scope
from whitebox_wire.layout import NumericBlock, Section
from whitebox_wire.spec import ModelKind
from whitebox_wire.vector import IntVector

Context = Callable[..., ModelContext]
Window = Callable[..., WindowVectors]
Vectors = Callable[..., Mapping[Section, IntVector]]

OK, VIOLATED, SILENT = Verdict.OK, Verdict.VIOLATED, Verdict.NOT_ENOUGH_DATA


def calibrated(metric: str, feature: str | None = None) -> Monitor:
    return Monitor(metric, "m", metric, metric, feature, rule=Rule.CALIBRATED)


def limited(monitor: Monitor, limit: float) -> Monitor:
    """The monitor with a threshold on its metric's side."""
    if METRICS[monitor.metric].direction is Direction.BELOW:
        return replace(monitor, rule=Rule.THRESHOLD, lower_threshold=limit)
    return replace(monitor, rule=Rule.THRESHOLD, upper_threshold=limit)


def verdicts(findings: tuple[Finding, ...]) -> dict[str | None, Verdict]:
    return {f.feature or f.monitor_id: f.verdict for f in findings}


EVERY_METRIC = [(kind, m.name) for m in METRICS.values() for kind in ModelKind if kind in m.kinds]
KINDS = list(ModelKind)


@pytest.mark.parametrize(("kind", "name"), EVERY_METRIC, ids=lambda v: getattr(v, "value", v))
def test_a_threshold_is_violated_on_the_bad_side_only(
    kind: ModelKind, name: str, context: Context, window: Window
) -> None:
    model, metric = context(kind), METRICS[name]
    [feature, *_] = metric.features(model.spec) if metric.scope is Scope.FEATURE else [None]
    below = metric.direction is Direction.BELOW
    [first] = evaluate(model, window(model), [limited(calibrated(name, feature), 0.0)])
    assert first.value is not None
    step = 1e-6 * abs(first.value) or 1e-9

    limits = (first.value - step, first.value + step)
    monitors = [limited(calibrated(name, feature), limit) for limit in limits]
    lower, upper = evaluate(model, window(model), monitors)

    expected = (OK, VIOLATED) if below else (VIOLATED, OK)
    assert (lower.verdict, upper.verdict) == expected
    assert (lower.reason != "", upper.reason != "") == (not below, below)


@pytest.mark.parametrize(("name", "verdict"), [("data_drift", VIOLATED), ("missing_rate", OK)])
def test_drift_violates_at_its_threshold_and_a_rate_only_above(
    name: str, verdict: Verdict, context: Context, window: Window
) -> None:
    model = context()
    [first] = evaluate(model, window(model), [limited(calibrated(name, "age"), 0.0)])
    assert first.value is not None

    [finding] = evaluate(model, window(model), [limited(calibrated(name, "age"), first.value)])

    assert finding.verdict is verdict


CALIBRATED_LABELS = [
    (kind, m.name)
    for m in METRICS.values()
    for kind in ModelKind
    if m.section is Section.LABELS and kind in m.calibrated and m.from_reference
]


@pytest.mark.parametrize(("kind", "name"), CALIBRATED_LABELS, ids=lambda v: getattr(v, "value", v))
def test_a_model_that_gets_worse_violates_and_one_that_gets_better_does_not(
    kind: ModelKind, name: str, context: Context, window: Window
) -> None:
    model = context(kind)

    [worse] = evaluate(model, window(model, wrong=0.3), [calibrated(name)])
    [better] = evaluate(model, window(model, wrong=0.1), [calibrated(name)])

    assert worse.verdict is VIOLATED
    assert "not by chance" in worse.reason
    assert better.verdict is OK


def test_only_the_feature_that_drifts_is_violated(context: Context, window: Window) -> None:
    model = context()
    monitors = [calibrated("data_drift"), calibrated("prediction_drift")]

    findings = evaluate(model, window(model, shift=1.0), monitors)

    assert verdicts(findings) == {"age": VIOLATED, "job": OK, "prediction_drift": OK}


def test_a_category_that_training_never_held_is_drift(context: Context, window: Window) -> None:
    model = context()

    findings = evaluate(model, window(model, new_jobs=0.2), [calibrated("data_drift")])

    assert verdicts(findings) == {"age": OK, "job": VIOLATED}


def test_values_that_go_missing_violate_the_missing_rate(context: Context, window: Window) -> None:
    model = context()

    findings = evaluate(model, window(model, missing=0.1), [calibrated("missing_rate")])

    assert verdicts(findings) == {"age": VIOLATED, "job": OK}
    assert findings[0].value == pytest.approx(0.1, abs=0.03)
    assert findings[0].threshold == pytest.approx(0.03, abs=0.005)


def test_fewer_missing_values_than_before_are_no_violation(
    context: Context, window: Window
) -> None:
    model = context()

    findings = evaluate(model, window(model, missing=0.0), [calibrated("missing_rate")])

    assert verdicts(findings) == {"age": OK, "job": OK}


def test_a_significant_change_that_is_small_is_ok(context: Context, window: Window) -> None:
    model = context()

    [finding] = evaluate(
        model, window(model, 200_000, shift=0.1), [calibrated("data_drift", "age")]
    )

    assert finding.verdict is OK
    assert finding.p_value is not None
    assert finding.p_value < 1e-10
    assert finding.value is not None
    assert finding.value < 0.1


def test_a_large_effect_that_may_be_chance_is_ok_and_says_so(
    context: Context, window: Window
) -> None:
    model = context()

    [finding] = evaluate(model, window(model, 30, seed=9), [calibrated("data_drift", "age")])

    assert finding.value is not None
    assert finding.value > 0.1
    assert finding.verdict is OK
    assert "may be chance" in finding.reason


def test_the_upper_threshold_of_a_calibrated_monitor_replaces_the_effect(
    context: Context, window: Window
) -> None:
    model = context()
    drifted = window(model, shift=0.6)
    monitor = calibrated("data_drift", "age")

    usual, patient = evaluate(model, drifted, [monitor, replace(monitor, upper_threshold=2.0)])

    assert (usual.verdict, usual.threshold) == (VIOLATED, 0.1)
    assert (patient.verdict, patient.threshold) == (OK, 2.0)


def test_the_finding_of_a_constant_feature_whose_value_changes_is_drift(
    context: Context, window: Window
) -> None:
    model = context()
    age = model.layout.features[0]
    assert isinstance(age, NumericBlock)
    assert model.training is not None
    before = model.training[Section.FEATURES].copy()
    before[age.bins] = 0
    before[age.bins.start + 4] = 20_000
    constant = replace(model, training={Section.FEATURES: before})

    findings = evaluate(constant, window(model), [calibrated("data_drift")])

    assert verdicts(findings) == {"age": VIOLATED, "job": OK}
