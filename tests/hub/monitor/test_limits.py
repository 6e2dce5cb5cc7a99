"""Whatever the vectors hold, there is a finding for every question and every number is finite."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from whitebox_hub.monitor import Finding, ModelContext, Monitor, Rule, Verdict, WindowVectors
from whitebox_hub.monitor.evaluate import evaluate
from whitebox_hub.monitor.metrics import METRICS, Direction
from whitebox_wire.layout import Section
from whitebox_wire.spec import ModelKind

CELLS = st.sampled_from([0, 0, 0, 1, 2, 7, 100, 10_000, 2**40, 2**50, -1, -3, -500, -(2**50)])


def monitors(kind: ModelKind) -> list[Monitor]:
    """Every metric by every rule."""
    result = []
    for metric in METRICS.values():
        if kind not in metric.kinds:
            continue
        free = Monitor(metric.name, "m", metric.title, metric.name)
        if metric.direction is Direction.BELOW:
            result.append(replace(free, lower_threshold=0.5))
        else:
            result.append(replace(free, upper_threshold=0.5))
        if kind in metric.calibrated:
            result.append(replace(free, rule=Rule.CALIBRATED))
        if metric.allows(Rule.CLASSIC, kind):
            result.append(replace(free, id=f"classic {metric.name}", rule=Rule.CLASSIC))
        if metric.allows(Rule.CHANGE, kind):
            result.append(replace(free, rule=Rule.CHANGE, lower_threshold=0.1, upper_threshold=0.1))
    return result


def by_windows(kind: ModelKind) -> list[Monitor]:
    """Every metric that is judged by windows of the reference: drawing them takes its time."""
    return [
        Monitor(m.name, "m", m.title, m.name, rule=Rule.REFERENCE_WINDOWS)
        for m in METRICS.values()
        if kind in m.kinds and m.allows(Rule.REFERENCE_WINDOWS, kind)
    ]


def check(findings: tuple[Finding, ...]) -> None:
    for finding in findings:
        numbers = (finding.value, finding.threshold, finding.p_value)
        assert all(n is None or np.isfinite(n) for n in numbers)
        assert finding.rows >= 0
        judged = finding.verdict is not Verdict.NOT_ENOUGH_DATA
        assert judged == (finding.value is not None)
        assert judged or finding.reason


@pytest.mark.parametrize("kind", ModelKind)
@pytest.mark.parametrize("watch", [monitors, by_windows])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(data=st.data())
def test_noised_sparse_and_huge_counts_are_judged_or_explained(
    watch: Callable[[ModelKind], list[Monitor]],
    kind: ModelKind,
    data: st.DataObject,
    context: Callable[..., ModelContext],
) -> None:
    model = context(kind)
    seen = {}
    for name in ("training", "live"):
        seed = data.draw(st.integers(0, 2**32), label=name)
        cells = data.draw(st.lists(CELLS, min_size=1, max_size=4), label=f"{name} cells")
        rng = np.random.default_rng(seed)
        seen[name] = {
            section: rng.choice(np.array(cells), size.cells)
            for section, size in model.layout.sizes.items()
        }
    window = WindowVectors(0, 0, 3_600, seen["live"])

    findings = evaluate(replace(model, training=seen["training"]), window, watch(kind))

    assert len(findings) == len(evaluate(model, WindowVectors(0, 0, 3_600), watch(kind)))
    check(findings)


@pytest.mark.parametrize("kind", ModelKind)
@pytest.mark.parametrize("rows", [0, 1, 9, 10, 30])
@pytest.mark.parametrize("reference_rows", [0, 1, 10, 1_000])
def test_few_rows_on_either_side_are_judged_or_explained(
    kind: ModelKind,
    rows: int,
    reference_rows: int,
    context: Callable[..., ModelContext],
    window: Callable[..., WindowVectors],
) -> None:
    model = context(kind)
    small = replace(model, training=window(model, reference_rows, seed=3).vectors)

    findings = evaluate(small, window(model, rows), monitors(kind))

    check(findings)
    if min(rows, reference_rows) < 10:
        drift = {f.verdict for f in findings if f.monitor_id == "data_drift"}
        assert drift == {Verdict.NOT_ENOUGH_DATA}


@pytest.mark.parametrize("kind", ModelKind)
def test_a_window_of_zeros_is_never_judged(
    kind: ModelKind, context: Callable[..., ModelContext]
) -> None:
    model = context(kind)
    empty = {s: np.zeros(size.cells, np.int64) for s, size in model.layout.sizes.items()}
    assert Section.LABELS in empty

    findings = evaluate(model, WindowVectors(0, 0, 3_600, empty), monitors(kind))

    judged = {f.monitor_id for f in findings if f.verdict is not Verdict.NOT_ENOUGH_DATA}
    # That there are no rows is what the volume says.
    assert judged == {"volume"}
