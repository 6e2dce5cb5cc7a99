"""Rates, the volume, targets and attributions of a window."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from tests.hub.monitor.conftest import fold_explanations, spec_of
from whitebox_hub.monitor import ModelContext, Monitor, Rule, Verdict, WindowVectors
from whitebox_hub.monitor.attributions import measure_attributions
from whitebox_hub.monitor.evaluate import evaluate
from whitebox_hub.monitor.rates import measure_rates
from whitebox_hub.monitor.targets import measure_targets
from whitebox_wire.layout import ClassLabelBlock, Layout, Section
from whitebox_wire.spec import ModelKind
from whitebox_wire.vector import IntVector, zeros

Context = Callable[..., ModelContext]
Vectors = Callable[..., Mapping[Section, IntVector]]


def test_rates_are_shares_of_all_rows_of_their_feature(context: Context, vectors: Vectors) -> None:
    model = context()
    live = vectors(model, 1_000, missing=0.3, new_jobs=0.1)[Section.FEATURES]
    age, _ = model.layout.features
    live[age.invalid] += 250

    said = measure_rates(model, live)

    assert said["missing_rate", "age"].value == pytest.approx(0.24, abs=0.03)
    assert said["invalid_rate", "age"].value == 0.2
    assert said["unseen_rate", "job"].value == pytest.approx(0.1, abs=0.02)
    assert (said["invalid_rate", "age"].rows, said["unseen_rate", "job"].rows) == (1_250, 1_000)
    assert said["volume", None].value == 1_000.0
    for key in (("missing_rate", "age"), ("invalid_rate", "age"), ("unseen_rate", "job")):
        p_value = said[key].p_value
        assert p_value is not None
        assert p_value < 1e-10


def test_values_beyond_the_cells_of_the_reference_are_out_of_range(
    context: Context, vectors: Vectors
) -> None:
    bare = context()
    age = bare.layout.features[0]
    before = vectors(bare, 20_000, seed=1)[Section.FEATURES].copy()
    before[age.bins] = [0, 0, 50, *before[age.bins][3:-2], 0, 0]
    model = context(training={Section.FEATURES: before})
    live = zeros(model.layout, Section.FEATURES)
    live[age.bins] = [2, 3, 0, *([10] * 7), 0, 5]

    said = measure_rates(model, live)["out_of_range_rate", "age"]

    assert (said.rows, said.value, said.reference) == (80, 10 / 80, 0.0)
    assert said.p_value is not None
    assert said.p_value < 1e-15


def test_the_range_of_a_sample_is_left_as_seldom_as_the_p_value_says() -> None:
    rng = np.random.default_rng(8)
    model = spec_of(ModelKind.BINARY)
    layout = Layout.of(model)
    age = layout.features[0]
    cells = age.bins.stop - age.bins.start
    # Thin tails, so that the reference's range is a matter of luck.
    shares = np.array([1.0, 4.0, *([200.0] * (cells - 4)), 4.0, 1.0])
    said = []
    for _ in range(400):
        before, live = zeros(layout, Section.FEATURES), zeros(layout, Section.FEATURES)
        before[age.bins] = rng.multinomial(600, shares / shares.sum())
        live[age.bins] = rng.multinomial(300, shares / shares.sum())
        context = ModelContext(model, layout, {Section.FEATURES: before})
        said.append(measure_rates(context, live)["out_of_range_rate", "age"].p_value or 0.0)

    assert np.mean(np.array(said) <= 0.05) <= 0.075


def test_the_volume_is_bad_when_it_falls(context: Context, vectors: Vectors) -> None:
    model = context()
    monitor = Monitor("v", "m", "Volume", "volume", rule=Rule.THRESHOLD, lower_threshold=500.0)

    found = [
        evaluate(model, WindowVectors(0, 0, 3_600, vectors(model, rows)), [monitor])[0].verdict
        for rows in (499, 500)
    ]

    assert found == [Verdict.VIOLATED, Verdict.OK]


@pytest.mark.parametrize("kind", ModelKind)
def test_targets_are_compared_with_those_of_the_reference(
    kind: ModelKind, context: Context, vectors: Vectors
) -> None:
    model = context(kind)

    said = measure_targets(model, vectors(model)[Section.LABELS])["target_drift", None]

    assert said.value == pytest.approx(0.0, abs=0.03)
    assert said.p_value is not None
    assert said.p_value > 1e-3


def test_a_target_that_becomes_rare_is_drift(context: Context, vectors: Vectors) -> None:
    model = context()
    live = vectors(model)[Section.LABELS].copy()
    block = model.layout.labels
    assert isinstance(block, ClassLabelBlock)
    live[block.targets] = [800, 200]

    said = measure_targets(model, live)["target_drift", None]

    assert said.value == pytest.approx(0.3 * np.log(4), abs=0.05)
    assert said.p_value is not None
    assert said.p_value < 1e-50


def test_targets_without_any_in_the_reference_are_not_compared(
    context: Context, vectors: Vectors
) -> None:
    model = context(training=None)

    said = measure_targets(model, vectors(model)[Section.LABELS])["target_drift", None]

    assert said.problem == "the reference has no labels to compare with"


def test_attributions_in_another_order_violate(context: Context, vectors: Vectors) -> None:
    model = context()
    names = ("attribution_ndcg", "attribution_drift", "attribution_change")
    monitors = [Monitor(name, "m", name, name) for name in names]
    usual = vectors(model)
    turned = {**usual, Section.EXPLANATIONS: fold_explanations(model.layout, 1_000, 0.1, 0.9)}

    quiet = evaluate(model, WindowVectors(0, 0, 3_600, usual), monitors)
    found = evaluate(model, WindowVectors(0, 0, 3_600, turned), monitors)

    assert {f.verdict for f in quiet} == {Verdict.OK}
    assert {f.verdict for f in found} == {Verdict.VIOLATED}
    assert [f.feature for f in found] == [None, None, "age", "job"]


@pytest.mark.parametrize(
    ("rows", "known", "problem"),
    [
        (0, 500, "no explained rows yet"),
        (199, 500, "199 explained rows; 200 are needed"),
        (200, 199, "the reference has 199 explained rows; 200 are needed"),
        (200, None, "the reference has no explanations to compare with"),
    ],
)
def test_few_explained_rows_are_not_compared(
    rows: int, known: int | None, problem: str, context: Context
) -> None:
    bare = context()
    before = None if known is None else fold_explanations(bare.layout, known, 0.5, 0.5)
    training = {} if before is None else {Section.EXPLANATIONS: before}
    model = context(training=training)

    said = measure_attributions(model, fold_explanations(model.layout, rows, 0.5, 0.5))

    assert {m.problem for m in said.values()} == {problem}


def test_a_model_without_explanations_says_so_for_a_monitor_of_them(
    context: Context, vectors: Vectors
) -> None:
    model = context()
    window = WindowVectors(0, 0, 3_600, {Section.FEATURES: vectors(model)[Section.FEATURES]})
    bare = replace(model, spec=replace(model.spec, explanation=None))

    [finding] = evaluate(bare, window, [Monitor("a", "m", "a", "attribution_ndcg")])

    assert (finding.verdict, finding.reason) == (
        Verdict.NOT_ENOUGH_DATA,
        "no explained rows yet",
    )
