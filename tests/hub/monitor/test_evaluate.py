"""From one window's vectors to findings: directions, rules, budgets, and troubles kept apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from whitebox_hub.monitor import Finding, ModelContext, Monitor, Rule, Verdict, WindowVectors
from whitebox_hub.monitor.evaluate import evaluate
from whitebox_hub.monitor.metrics import METRICS, Direction, Scope
from whitebox_hub.statistics.multiplicity import adjust
from whitebox_wire.layout import NumericBlock, Section
from whitebox_wire.spec import ModelKind
from whitebox_wire.vector import IntVector, add

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
    feature = "age" if metric.scope is Scope.FEATURE else None
    below = metric.direction is Direction.BELOW
    [first] = evaluate(model, window(model), [limited(calibrated(name, feature), 0.0)])
    assert first.value is not None
    step = 1e-6 * abs(first.value)

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
    if m.section is Section.LABELS and kind in m.calibrated
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


def test_concept_drift_is_judged_as_prediction_drift(context: Context, window: Window) -> None:
    model = context()

    alias, metric = evaluate(
        model, window(model), [calibrated("concept_drift", "y"), calibrated("prediction_drift")]
    )

    assert (alias.value, alias.p_value, alias.feature) == (metric.value, metric.p_value, None)


def test_a_verdict_on_features_stays_when_labels_come(context: Context, window: Window) -> None:
    model = context()
    whole = window(model, shift=0.4)
    early = replace(whole, vectors={Section.FEATURES: whole.vectors[Section.FEATURES]})
    monitors = [calibrated("data_drift"), calibrated("missing_rate"), calibrated("accuracy")]

    before, after = evaluate(model, early, monitors), evaluate(model, whole, monitors)

    assert before[:-1] == after[:-1]
    assert (before[-1].verdict, before[-1].reason) == (SILENT, "no labelled rows yet")
    assert after[-1].verdict is OK


def test_a_window_restated_in_parts_is_judged_like_the_whole(
    context: Context, vectors: Vectors
) -> None:
    model = context()
    parts = [vectors(model, 400, seed=seed, shift=0.5) for seed in (5, 6, 7)]
    monitors = [calibrated(name) for name in ("data_drift", "missing_rate", "accuracy", "f1")]

    findings = []
    for order in ((0, 1, 2), (2, 0, 1)):
        sums = dict(parts[order[0]])
        for part in order[1:]:
            sums = {section: add(sums[section], parts[part][section]) for section in sums}
        findings.append(evaluate(model, WindowVectors(0, 0, 3_600, sums), monitors))

    assert findings[0] == findings[1]
    assert findings[0][0].rows == pytest.approx(1_176, abs=10)


def test_a_baseline_is_made_once_and_only_for_its_reference(
    context: Context, window: Window
) -> None:
    model = context()
    fresh = replace(model)

    evaluate(model, window(model), [calibrated("data_drift")])

    assert model.baseline is model.baseline
    assert fresh.baseline is not model.baseline


def test_only_active_monitors_of_the_windows_segment_find_anything(
    context: Context, window: Window
) -> None:
    model = context()
    monitors = [
        replace(calibrated("prediction_drift"), id="young", segment=1),
        replace(calibrated("prediction_drift"), id="all"),
        replace(calibrated("prediction_drift"), id="off", segment=1, active=False),
    ]

    findings = evaluate(model, replace(window(model), segment=1), monitors)

    assert [f.monitor_id for f in findings] == ["young"]


def test_segments_that_are_watched_share_the_budget(context: Context, window: Window) -> None:
    model = context()
    monitor = replace(calibrated("data_drift", "age"), upper_threshold=1e-3)
    drifted = window(model, shift=0.27)
    [finding] = evaluate(model, drifted, [monitor])
    assert finding.p_value is not None
    # A section may spend half a window's share: here that is three halves of the p-value.
    tight = replace(model, alarm_interval_s=round(3_600 / 2 / (1.5 * finding.p_value)))

    [once] = evaluate(tight, drifted, [monitor])
    [shared] = evaluate(tight, drifted, [monitor, replace(monitor, id="2", segment=1)])

    assert (once.verdict, shared.verdict) == (VIOLATED, OK)


def test_fewer_rows_than_a_monitor_asks_for_are_not_judged(
    context: Context, window: Window
) -> None:
    model = context()
    monitors = [
        replace(calibrated("accuracy"), minimum_rows=1_001),
        replace(calibrated("accuracy"), minimum_rows=1_000),
    ]

    more, enough = evaluate(model, window(model), monitors)

    assert more == Finding(
        "accuracy", None, SILENT, 1_000, reason="1000 rows; the monitor asks for 1001"
    )
    assert enough.verdict is OK


def test_p_values_are_adjusted_for_the_other_tests_of_the_section(
    context: Context, window: Window
) -> None:
    model = context()
    drifted = window(model, shift=0.2)
    names = ("data_drift", "prediction_drift", "missing_rate")
    one_by_one = [
        f.p_value
        for name in names
        for feature in (("age", "job") if name != "prediction_drift" else (None,))
        for f in evaluate(model, drifted, [calibrated(name, feature)])
    ]

    together = evaluate(model, drifted, [calibrated(name) for name in names])

    expected = adjust(np.array(one_by_one, np.float64))
    assert [f.p_value for f in together] == pytest.approx(expected.tolist(), rel=1e-12)


def test_two_monitors_of_one_test_do_not_count_it_twice(context: Context, window: Window) -> None:
    model = context()

    [once] = evaluate(model, window(model), [calibrated("data_drift", "age")])
    twice = evaluate(
        model, window(model), [calibrated("data_drift", "age"), calibrated("data_drift", "age")]
    )

    assert [f.p_value for f in twice] == [once.p_value] * 2


def test_a_feature_without_a_value_spoils_no_other(context: Context, window: Window) -> None:
    model = context()

    findings = evaluate(
        model,
        window(model, missing=1.0),
        [calibrated("data_drift"), calibrated("missing_rate"), calibrated("accuracy")],
    )

    assert [f.verdict for f in findings] == [SILENT, OK, VIOLATED, OK, OK]
    assert findings[0].reason == "0 rows with a value; 10 are needed"


def test_monitors_of_what_the_model_does_not_have_spoil_no_other(
    context: Context, window: Window
) -> None:
    model = context()
    monitors = [
        calibrated("data_drift", "height"),
        calibrated("vibes"),
        calibrated("r_square"),
        calibrated("roc_auc"),
        replace(calibrated("accuracy"), rule=Rule.THRESHOLD),
        calibrated("data_drift", "age"),
    ]

    findings = evaluate(model, window(model), monitors)

    assert [f.verdict for f in findings] == [SILENT] * 5 + [OK]
    assert [f.reason for f in findings] == [
        "the model counts no feature 'height'",
        "'vibes' is no metric of a binary model",
        "'r_square' is no metric of a binary model",
        "roc_auc has no test; set a threshold",
        "the monitor has no threshold",
        "",
    ]


def test_an_empty_window_says_so(context: Context) -> None:
    model = context()
    monitors = [calibrated("data_drift", "age"), calibrated("accuracy")]

    findings = evaluate(model, WindowVectors(0, 0, 3_600), monitors)

    assert [f.reason for f in findings] == ["no rows in this window", "no labelled rows yet"]
    assert {f.verdict for f in findings} == {SILENT}


@pytest.mark.parametrize("training", [None, {}])
def test_without_a_reference_thresholds_judge_and_tests_say_why_not(
    training: dict[Section, IntVector] | None, context: Context, window: Window
) -> None:
    model = context(training=training)
    names = ("data_drift", "prediction_drift", "missing_rate", "accuracy")
    threshold = limited(calibrated("accuracy"), 0.9)

    findings = evaluate(model, window(model), [*map(calibrated, names), threshold])

    assert {f.verdict for f in findings[:-1]} == {SILENT}
    assert all("reference" in f.reason for f in findings[:-1])
    assert findings[-1].verdict is VIOLATED


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
