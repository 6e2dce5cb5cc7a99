"""The monitors a model gets when it is registered."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest

from whitebox_hub.monitor import ModelContext, Rule, Verdict, WindowVectors
from whitebox_hub.monitor.check import check_monitor
from whitebox_hub.monitor.defaults import default_monitors
from whitebox_hub.monitor.evaluate import evaluate
from whitebox_wire.spec import ModelKind

KINDS = list(ModelKind)


def ids() -> Callable[[], str]:
    return map(str, count()).__next__


@pytest.mark.parametrize("kind", KINDS)
def test_every_default_monitor_is_possible(
    kind: ModelKind, context: Callable[..., ModelContext]
) -> None:
    spec = context(kind).spec

    monitors = default_monitors(spec, ids(), 5)

    assert [check_monitor(m, spec).name for m in monitors] == [m.metric for m in monitors]
    assert {m.segment for m in monitors} == {0, 1, 2}


@pytest.mark.parametrize("kind", KINDS)
def test_default_monitors_are_calibrated_and_have_ids_of_their_own(
    kind: ModelKind, context: Callable[..., ModelContext]
) -> None:
    monitors = default_monitors(context(kind).spec, ids(), 5)

    assert {m.rule for m in monitors} == {Rule.CALIBRATED}
    assert len({m.id for m in monitors}) == len(monitors)
    assert {(m.model_id, m.active, m.created_ms, m.updated_ms) for m in monitors} == {
        ("m", True, 5, 5)
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_quiet_window_is_judged_ok_by_every_default_monitor(
    kind: ModelKind,
    context: Callable[..., ModelContext],
    window: Callable[..., WindowVectors],
) -> None:
    model = context(kind)

    findings = evaluate(model, window(model), default_monitors(model.spec, ids(), 0))

    assert {f.verdict for f in findings} == {Verdict.OK}


@pytest.mark.parametrize(
    ("kind", "performance"),
    [
        (ModelKind.BINARY, {"accuracy", "precision", "recall", "f1"}),
        (ModelKind.MULTI_CLASS, {"accuracy"}),
        (ModelKind.REGRESSION, {"mean_absolute_error"}),
    ],
)
def test_features_the_prediction_and_the_main_metrics_are_watched(
    kind: ModelKind, performance: set[str], context: Callable[..., ModelContext]
) -> None:
    monitors = default_monitors(context(kind).spec, ids(), 0)

    assert {m.metric for m in monitors} == performance | {
        "data_drift",
        "prediction_drift",
        "missing_rate",
    }


@pytest.mark.parametrize(
    ("kind", "performance"),
    [
        (ModelKind.BINARY, "accuracy"),
        (ModelKind.MULTI_CLASS, "accuracy"),
        (ModelKind.REGRESSION, "mean_absolute_error"),
    ],
)
def test_a_segment_has_drift_and_one_performance_metric_watched(
    kind: ModelKind, performance: str, context: Callable[..., ModelContext]
) -> None:
    monitors = default_monitors(context(kind).spec, ids(), 0)

    assert [(m.metric, m.name) for m in monitors if m.segment == 2] == [
        ("data_drift", "Data drift in old"),
        ("prediction_drift", "Prediction drift in old"),
        (performance, f"{performance.replace('_', ' ').capitalize()} in old"),
    ]


def test_only_new_segments_get_monitors_when_a_model_has_some(
    context: Callable[..., ModelContext],
) -> None:
    spec = context(ModelKind.BINARY).spec

    assert {m.segment for m in default_monitors(spec, ids(), 0, first_segment=2)} == {2}
    assert default_monitors(spec, ids(), 0, first_segment=3) == ()
