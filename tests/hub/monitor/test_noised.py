"""What monitors say of features whose counts carry privacy noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.hub.monitor.conftest import draw
from whitebox_hub.monitor import ModelContext
from whitebox_hub.monitor.attributions import NOT_SENT, measure_attributions
from whitebox_hub.monitor.classic import UNSUPPORTED as CLASSIC_UNSUPPORTED
from whitebox_hub.monitor.classic import drifted_share, measure_classic
from whitebox_hub.monitor.features import measure_features
from whitebox_hub.monitor.noised import UNSUPPORTED
from whitebox_wire.layout import Layout, Section
from whitebox_wire.spec import (
    ExplanationPolicy,
    ExplanationSpace,
    NoiseBudget,
    PrivacyPolicy,
)
from whitebox_wire.vector import ONE, IntVector, zeros

SIGMA = 6.408


@pytest.fixture
def noised_context(context: Callable[..., ModelContext]) -> ModelContext:
    """The binary model with a noise budget for age and none for job."""
    plain = context()
    budget = NoiseBudget(("age",), 1.0, 1e-6)
    spec = replace(plain.spec, segments=(), privacy=PrivacyPolicy(budgets=(budget,))).check()
    layout = Layout.of(spec)
    return replace(plain, spec=spec, layout=layout, training=draw(layout, 20_000, 1))


def noised(
    context: ModelContext, rows: int, seed: int, *, devices: int = 1, **said: float
) -> IntVector:
    """A window's features with the noise of some devices."""
    vector: IntVector = draw(context.layout, rows, seed, **said)[Section.FEATURES].copy()
    age = context.layout.features[0]
    assert age.noise_variance is not None
    cells = [*range(age.bins.start, age.bins.stop), age.missing, age.invalid]
    rng = np.random.default_rng(seed)
    vector[cells] += np.rint(rng.normal(0, SIGMA * devices**0.5, len(cells))).astype(np.int64)
    vector[age.noise_variance] = round(devices * SIGMA**2 * ONE)
    return vector


def test_noise_is_no_drift_and_no_missing_value(noised_context: ModelContext) -> None:
    for seed in range(40):
        said = measure_features(noised_context, noised(noised_context, 2_000, seed))

        for metric in ("data_drift", "missing_rate", "invalid_rate"):
            p_value = said[metric, "age"].p_value
            assert p_value is not None
            assert p_value > 1e-5


def test_drift_and_missing_values_are_seen_through_the_noise(noised_context: ModelContext) -> None:
    window = noised(noised_context, 20_000, 3, devices=10, shift=0.5, missing=0.1)

    said = measure_features(noised_context, window)

    drift, missing = said["data_drift", "age"], said["missing_rate", "age"]
    assert drift.p_value is not None
    assert missing.p_value is not None
    assert drift.p_value < 1e-9
    assert drift.value == pytest.approx(0.25, abs=0.06), "the PSI of half a standard deviation"
    assert missing.p_value < 1e-9
    assert missing.value == pytest.approx(0.1, abs=0.01)


def test_rows_that_the_noise_drowns_give_a_reason_and_no_value(
    noised_context: ModelContext,
) -> None:
    said = measure_features(noised_context, noised(noised_context, 40, 3))["data_drift", "age"]

    assert said.value is None
    assert "about 6 rows a cell" in said.problem
    assert "drowns" in said.problem


def test_what_knows_no_noise_says_so(noised_context: ModelContext) -> None:
    said = measure_features(noised_context, noised(noised_context, 2_000, 3))

    others = {metric for metric, feature in said if feature == "age"}
    others -= {"data_drift", "missing_rate", "invalid_rate"}
    assert others >= {"jensen_shannon", "wasserstein", "ks", "out_of_range_rate"}
    assert {said[metric, "age"].problem for metric in others} == {UNSUPPORTED}


def test_features_without_a_budget_are_judged_as_ever(noised_context: ModelContext) -> None:
    exact = draw(noised_context.layout, 2_000, 3)[Section.FEATURES]

    said = measure_features(noised_context, noised(noised_context, 2_000, 3))

    assert {key: m for key, m in said.items() if key[1] == "job"} == {
        key: m for key, m in measure_features(noised_context, exact).items() if key[1] == "job"
    }


def test_a_window_whose_noise_is_zero_is_judged_exactly(noised_context: ModelContext) -> None:
    exact = draw(noised_context.layout, 2_000, 3)[Section.FEATURES]

    said = measure_features(noised_context, exact)

    assert said["jensen_shannon", "age"].value is not None


def test_the_classic_rule_leaves_noised_features_out(noised_context: ModelContext) -> None:
    said = measure_classic(noised_context, {Section.FEATURES: noised(noised_context, 2_000, 3)})

    assert said["data_drift", "age"].problem == CLASSIC_UNSUPPORTED
    assert not said["data_drift", "job"].problem
    assert drifted_share(said).value == 0.0, "of the features that can be compared"


def test_attributions_that_were_not_sent_are_no_drift(noised_context: ModelContext) -> None:
    """The training set's are exact and the devices send zeros: the others are compared alone."""
    policy = ExplanationPolicy(ExplanationSpace.MARGIN, (1.0,))
    spec = replace(noised_context.spec, explanation=policy).check()
    layout = Layout.of(spec)
    block = layout.explanations
    assert block is not None
    live, training = zeros(layout, Section.EXPLANATIONS), zeros(layout, Section.EXPLANATIONS)
    live[block.rows] = training[block.rows] = 1_000
    training[block.absolute[0]] = 9_000 * ONE, 1_000 * ONE
    live[block.absolute[0]] = 0, 1_000 * ONE
    context = replace(
        noised_context, spec=spec, layout=layout, training={Section.EXPLANATIONS: training}
    )

    said = measure_attributions(context, live)

    assert said["attribution_ndcg", None].value == pytest.approx(1.0)
    assert said["attribution_drift", None].value == pytest.approx(0.0)
    assert said["attribution_change", "job"].value == pytest.approx(0.0)
    assert said["attribution_change", "age"].problem == NOT_SENT
