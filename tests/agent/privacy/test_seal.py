"""What a seal does to a sum: noise where a budget asks for it, and nothing anywhere else."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whitebox_agent.fold import ModelFold
from whitebox_agent.privacy import Seal, sigma_of
from whitebox_wire.layout import NumericBlock, Section
from whitebox_wire.messages import InferenceBatch
from whitebox_wire.spec import (
    ExplanationPolicy,
    ExplanationSpace,
    ModelSpec,
    NoiseBudget,
    PrivacyPolicy,
)
from whitebox_wire.vector import ONE, IntVector, zeros

AGE = NoiseBudget(("age",), 1.0, 1e-6)
JOB = NoiseBudget(("job",), 4.0, 1e-6)


@pytest.fixture(scope="module")
def noised_spec(binary_spec: ModelSpec) -> ModelSpec:
    """The binary model with a budget for each counted feature, and attributions."""
    return replace(
        binary_spec,
        privacy=PrivacyPolicy(budgets=(AGE, JOB)),
        explanation=ExplanationPolicy(ExplanationSpace.MARGIN, (1.0,)),
    ).check()


@pytest.fixture(scope="module")
def fold(noised_spec: ModelSpec) -> ModelFold:
    return ModelFold(noised_spec)


@pytest.fixture(scope="module")
def seal(noised_spec: ModelSpec, fold: ModelFold) -> Seal:
    return Seal.of(noised_spec, fold.layout)


@pytest.fixture(scope="module")
def folded(noised_spec: ModelSpec, fold: ModelFold, draw_batch: object) -> IntVector:
    batch: InferenceBatch = draw_batch(noised_spec, 500)  # type: ignore[operator]  # a fixture
    return fold.features(batch)


def test_every_cell_of_a_noised_feature_is_noised(
    seal: Seal, fold: ModelFold, folded: IntVector, noised_spec: ModelSpec
) -> None:
    draws = np.array(
        [seal.apply(folded, Section.FEATURES, os.urandom) - folded for _ in range(400)]
    )

    for budget, block in zip((AGE, JOB), fold.layout.features, strict=True):
        sigma = sigma_of(budget, noised_spec)
        for cell in (*range(block.bins.start, block.bins.stop), block.missing, block.invalid):
            assert draws[:, cell].std() == pytest.approx(sigma, rel=0.3)
            assert seal.sigma(cell) == sigma


def test_cells_are_noised_independently(seal: Seal, folded: IntVector) -> None:
    cells = np.concatenate([noise.cells for noise in seal.noises])

    draws = np.array(
        [seal.apply(folded, Section.FEATURES, os.urandom) - folded for _ in range(400)]
    )

    correlation = np.corrcoef(draws[:, cells].T) - np.eye(cells.size)
    assert np.abs(correlation).max() < 0.3


def test_the_variance_of_the_noise_goes_with_it(
    seal: Seal, fold: ModelFold, folded: IntVector, noised_spec: ModelSpec
) -> None:
    once = seal.apply(folded, Section.FEATURES, os.urandom)

    total = once + seal.apply(folded, Section.FEATURES, os.urandom)

    for budget, block in zip((AGE, JOB), fold.layout.features, strict=True):
        assert block.noise_variance is not None
        variance = total[block.noise_variance] / ONE
        assert variance == pytest.approx(2 * sigma_of(budget, noised_spec) ** 2, rel=1e-3)


def test_moments_of_a_noised_feature_are_not_sent(
    seal: Seal, fold: ModelFold, folded: IntVector
) -> None:
    [age] = [b for b in fold.layout.features if isinstance(b, NumericBlock)]
    moments = [age.s1, age.s2, age.excess_low, age.excess_high]

    sealed = seal.apply(folded, Section.FEATURES, os.urandom)

    assert folded[moments[:2]].all(), "they were there"
    assert not sealed[moments].any()


def test_what_has_no_budget_ships_exactly(seal: Seal, fold: ModelFold, folded: IntVector) -> None:
    features = slice(fold.layout.features[0].bins.start, fold.layout.features[-1].invalid + 1)
    [age] = [b for b in fold.layout.features if isinstance(b, NumericBlock)]
    touched = [age.s1, age.s2, age.excess_low, age.excess_high]
    touched += [b.noise_variance for b in fold.layout.features if b.noise_variance is not None]
    exact = np.ones(folded.size, bool)
    exact[features] = False
    exact[touched] = False

    sealed = seal.apply(folded, Section.FEATURES, os.urandom)

    assert sealed[exact].tolist() == folded[exact].tolist()
    assert exact[fold.layout.rows], "the number of rows is no secret"


def test_attributions_of_a_noised_feature_are_not_sent(noised_spec: ModelSpec) -> None:
    spec = replace(noised_spec, privacy=PrivacyPolicy(budgets=(JOB,))).check()
    layout = ModelFold(spec).layout
    block = layout.explanations
    assert block is not None
    vector = zeros(layout, Section.EXPLANATIONS) + 7

    sealed = Seal.of(spec, layout).apply(vector, Section.EXPLANATIONS, os.urandom)

    assert sealed[block.absolute[0]].tolist() == [7, 0]
    assert sealed[block.signed[0]].tolist() == [7, 0]
    assert sealed[block.rows] == 7


def test_a_spec_without_budgets_owes_nothing(binary_spec: ModelSpec, seal: Seal) -> None:
    plain = Seal.of(binary_spec, ModelFold(binary_spec).layout)

    assert not any(map(plain.owes, Section))
    assert seal.owes(Section.FEATURES)
    assert not seal.owes(Section.LABELS), "labels have no noised cells"


@given(cells=st.lists(st.integers(0, 2**40), min_size=1, max_size=200))
def test_sealing_never_touches_the_sum_it_is_given(
    seal: Seal, fold: ModelFold, cells: list[int]
) -> None:
    vector = np.resize(np.array(cells), fold.layout.sizes[Section.FEATURES].cells)
    before = vector.copy()

    seal.apply(vector, Section.FEATURES, os.urandom)

    assert vector.tolist() == before.tolist()
