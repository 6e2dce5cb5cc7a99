"""The rules beside the calibrated one and thresholds: change, windows of the reference, classic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from whitebox_hub.monitor import Finding, ModelContext, Monitor, Rule, Verdict, WindowVectors
from whitebox_hub.monitor.evaluate import evaluate
from whitebox_hub.monitor.reference_windows import WINDOWS, bands
from whitebox_hub.monitor.resample import draw_features
from whitebox_wire.layout import NumericBlock, Section
from whitebox_wire.spec import ModelKind
from whitebox_wire.vector import IntVector

Context = Callable[..., ModelContext]
Window = Callable[..., WindowVectors]
Vectors = Callable[..., Mapping[Section, IntVector]]

OK, VIOLATED, SILENT = Verdict.OK, Verdict.VIOLATED, Verdict.NOT_ENOUGH_DATA


def by(rule: Rule, metric: str, feature: str | None = None) -> Monitor:
    return Monitor(metric, "m", metric, metric, feature, rule=rule)


def verdicts(findings: tuple[Finding, ...]) -> list[Verdict]:
    return [f.verdict for f in findings]


def test_a_change_is_judged_by_its_share_of_the_reference(context: Context, window: Window) -> None:
    model, monitor = context(), replace(by(Rule.CHANGE, "accuracy"), lower_threshold=0.1)

    [worse] = evaluate(model, window(model, wrong=0.4), [monitor])
    [usual] = evaluate(model, window(model), [monitor])
    [better] = evaluate(model, window(model, wrong=0.0), [monitor])

    assert (worse.verdict, usual.verdict, better.verdict) == (VIOLATED, OK, OK)
    assert worse.threshold == pytest.approx(0.9 * 0.8, abs=0.01)
    assert "the reference has 0.8" in worse.reason


def test_a_change_from_zero_has_no_share(context: Context, window: Window) -> None:
    monitor = replace(by(Rule.CHANGE, "invalid_rate", "age"), upper_threshold=0.5)
    model = context()

    [finding] = evaluate(model, window(model), [monitor])

    assert (finding.verdict, finding.reason) == (
        SILENT,
        "invalid rate of the reference is zero or unknown",
    )


@pytest.mark.parametrize("metric", ["data_drift", "ks", "wasserstein", "jensen_shannon"])
@pytest.mark.parametrize("rows", [200, 2_000])
def test_a_band_holds_what_windows_of_the_reference_really_have(
    metric: str, rows: int, context: Context, vectors: Vectors
) -> None:
    model = context()
    band = bands(model, Section.FEATURES, frozenset({metric}), rows)[metric, "age"]
    said = [
        finding.value
        for seed in range(200)
        for finding in evaluate(
            model,
            WindowVectors(0, 0, 3_600, vectors(model, rows, seed=seed + 10)),
            [replace(by(Rule.THRESHOLD, metric, "age"), upper_threshold=9.0)],
        )
        if finding.value is not None
    ]

    assert band.mean == pytest.approx(np.mean(said), rel=0.15)
    assert band.deviation == pytest.approx(np.std(said), rel=0.35)


def test_bands_are_narrower_for_larger_windows_and_drawn_once(context: Context) -> None:
    model = context()
    metrics = frozenset({"data_drift"})

    small, large = (bands(model, Section.FEATURES, metrics, rows) for rows in (100, 10_000))

    assert small["data_drift", "age"].mean > 20 * large["data_drift", "age"].mean
    assert bands(model, Section.FEATURES, metrics, 103) is small


@pytest.mark.parametrize("metric", ["data_drift", "ks", "wasserstein", "hellinger"])
def test_drift_leaves_the_band_and_quiet_windows_stay_in_it(
    metric: str, context: Context, window: Window
) -> None:
    model, monitor = context(), by(Rule.REFERENCE_WINDOWS, metric, "age")

    [drifted] = evaluate(model, window(model, shift=0.4), [monitor])
    quiet = [evaluate(model, window(model, seed=seed), [monitor])[0] for seed in range(10, 40)]

    assert drifted.verdict is VIOLATED
    assert "windows of the reference have" in drifted.reason
    assert sum(f.verdict is VIOLATED for f in quiet) <= 2


@pytest.mark.parametrize("metric", ["accuracy", "f1", "roc_auc", "target_drift"])
def test_labels_are_judged_by_windows_of_the_references_labels(
    metric: str, context: Context, window: Window
) -> None:
    model, monitor = context(), by(Rule.REFERENCE_WINDOWS, metric)

    [worse] = evaluate(model, window(model, wrong=0.4), [monitor])
    quiet = [evaluate(model, window(model, seed=seed), [monitor])[0] for seed in range(10, 40)]

    # Targets are the same however wrong the predictions are.
    assert worse.verdict is (OK if metric == "target_drift" else VIOLATED)
    assert sum(f.verdict is VIOLATED for f in quiet) <= 2


def test_without_a_reference_there_is_no_band(context: Context, window: Window) -> None:
    model = context(training=None)

    [drift] = evaluate(model, window(model), [by(Rule.REFERENCE_WINDOWS, "missing_rate", "age")])

    assert drift.verdict is SILENT
    assert "no band" in drift.reason


def test_drawn_windows_have_the_rows_and_the_mean_of_the_reference(context: Context) -> None:
    model = context(ModelKind.REGRESSION)
    age = model.layout.features[0]
    assert model.training is not None
    assert isinstance(age, NumericBlock)
    before = model.training[Section.FEATURES]

    drawn = draw_features(model.spec, model.layout, before, 500, WINDOWS, np.random.default_rng(0))

    rows = drawn[:, age.bins].sum(axis=1)
    assert (rows + drawn[:, age.missing] == 500).all()
    means, mean = drawn[:, age.s1] / rows, before[age.s1] / before[age.bins].sum()
    # Within four standard errors of 100 windows of 490 rows; a scale is 2**20.
    assert means.mean() / 2**20 == pytest.approx(mean / 2**20, abs=4 / (WINDOWS * 490) ** 0.5)
    assert means.std() / 2**20 == pytest.approx(1 / 490**0.5, rel=0.3)


def test_the_classic_rule_judges_columns_and_their_share(context: Context, window: Window) -> None:
    model = context()
    asked = [by(Rule.CLASSIC, name) for name in ("data_drift", "prediction_drift", "target_drift")]
    asked.append(by(Rule.CLASSIC, "dataset_drift"))

    findings = evaluate(model, window(model, shift=0.5), asked)

    age, job, prediction, target, share = findings
    assert verdicts(findings) == [VIOLATED, OK, OK, OK, VIOLATED]
    assert age.reason.startswith("Wasserstein distance (normed) 0.")
    assert (age.threshold, share.value, share.threshold) == (0.1, 0.5, 0.5)
    assert "share of drifted columns 0.5 is at least 0.5" in share.reason
    assert [f.p_value for f in (job, prediction, target)] == [None, None, None]


def test_a_small_reference_is_compared_by_classic_p_values(
    context: Context, vectors: Vectors, window: Window
) -> None:
    bare = context()
    model = context(training=vectors(bare, 1_000, seed=1))

    findings = evaluate(
        model,
        window(model, shift=0.5, new_jobs=0.1),
        [by(Rule.CLASSIC, "data_drift"), by(Rule.CLASSIC, "prediction_drift")],
    )

    age, job, prediction = findings
    assert verdicts(findings) == [VIOLATED, VIOLATED, OK]
    assert "K-S p_value" in age.reason
    # A category that the reference never held is impossible under it.
    assert (job.value, job.p_value) == (0.0, 0.0)
    assert prediction.threshold == 0.05


def test_a_share_of_drifted_columns_has_a_threshold_of_its_own(
    context: Context, window: Window
) -> None:
    model = context()
    monitors = [
        replace(by(Rule.CLASSIC, "dataset_drift"), upper_threshold=0.8),
        by(Rule.THRESHOLD, "dataset_drift"),
    ]

    patient, usual = evaluate(model, window(model, shift=0.5), monitors)

    assert (patient.verdict, usual.verdict) == (OK, VIOLATED)


@pytest.mark.parametrize("rule", [Rule.CLASSIC, Rule.CHANGE, Rule.REFERENCE_WINDOWS])
def test_a_rule_that_a_metric_does_not_have_is_said(
    rule: Rule, context: Context, window: Window
) -> None:
    model = context()

    [finding] = evaluate(model, window(model), [by(rule, "volume")])

    assert (finding.verdict, finding.reason) == (SILENT, f"'volume' has no rule {rule.value!r}")
