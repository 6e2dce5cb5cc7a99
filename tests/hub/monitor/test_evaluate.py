"""Windows and monitors: restated, of segments, with budgets shared and troubles kept apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from whitebox_hub.monitor import Finding, ModelContext, Monitor, Rule, Verdict, WindowVectors
from whitebox_hub.monitor.evaluate import evaluate
from whitebox_hub.statistics.multiplicity import adjust
from whitebox_wire.layout import Section
from whitebox_wire.vector import IntVector, add

Context = Callable[..., ModelContext]
Window = Callable[..., WindowVectors]
Vectors = Callable[..., Mapping[Section, IntVector]]

OK, VIOLATED, SILENT = Verdict.OK, Verdict.VIOLATED, Verdict.NOT_ENOUGH_DATA


def calibrated(metric: str, feature: str | None = None) -> Monitor:
    return Monitor(metric, "m", metric, metric, feature, rule=Rule.CALIBRATED)


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


def test_segments_have_equal_shares_of_the_budget(context: Context, window: Window) -> None:
    model = context()
    whole = replace(model, spec=replace(model.spec, segments=()))
    monitor = replace(calibrated("data_drift", "age"), upper_threshold=1e-3)
    drifted = window(model, shift=0.27)
    [finding] = evaluate(whole, drifted, [monitor])
    assert finding.p_value is not None
    # A section may spend half a window's share: here that is twice the p-value.
    interval_s = round(3_600 / 2 / (2 * finding.p_value))

    [alone] = evaluate(replace(whole, alarm_interval_s=interval_s), drifted, [monitor])
    [one_of_three] = evaluate(replace(model, alarm_interval_s=interval_s), drifted, [monitor])

    assert (alone.verdict, one_of_three.verdict) == (VIOLATED, OK)


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


def test_monitors_of_thresholds_are_no_tests(context: Context, window: Window) -> None:
    model = context()
    of_job = replace(calibrated("data_drift", "job"), rule=Rule.THRESHOLD, upper_threshold=1.0)

    [alone] = evaluate(model, window(model), [calibrated("data_drift", "age")])
    beside, by_threshold = evaluate(model, window(model), [calibrated("data_drift", "age"), of_job])

    assert beside.p_value == alone.p_value
    assert by_threshold.p_value is None


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
        "'roc_auc' has no rule 'calibrated'",
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
    threshold = replace(calibrated("accuracy"), rule=Rule.THRESHOLD, lower_threshold=0.9)

    findings = evaluate(model, window(model), [*map(calibrated, names), threshold])

    assert {f.verdict for f in findings[:-1]} == {SILENT}
    assert all("reference" in f.reason for f in findings[:-1])
    assert findings[-1].verdict is VIOLATED
