"""Accounting against OpenDP's, from golden numbers that `opendp_golden.py` made."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from whitebox_agent.privacy import delta_of, rho_of, sigma_of
from whitebox_agent.privacy.budget import total_epsilon
from whitebox_wire.errors import SpecError
from whitebox_wire.spec import (
    ModelSpec,
    NoiseBudget,
    NumericRange,
    Predicate,
    PrivacyPolicy,
    Segment,
)

GOLDEN = json.loads(Path(__file__).with_name("opendp_golden.json").read_text("utf-8"))
DELTA = 1e-6


def with_budgets(spec: ModelSpec, *budgets: NoiseBudget) -> ModelSpec:
    return replace(spec, privacy=PrivacyPolicy(budgets=budgets)).check()


@pytest.mark.parametrize("case", GOLDEN["budgets"], ids=str)
def test_sigma_is_opendps(case: dict[str, float]) -> None:
    """OpenDP searches to 1e-3 of its scale from above, so ours may be below by that and no more."""
    sigma = case["sensitivity"] / math.sqrt(2 * rho_of(case["epsilon"], case["delta"]))

    assert sigma == pytest.approx(case["sigma"], rel=2e-3)


@pytest.mark.parametrize("case", GOLDEN["conversions"], ids=str)
def test_epsilon_of_a_rho_is_opendps(case: dict[str, float]) -> None:
    assert delta_of(case["rho"], case["epsilon"]) == pytest.approx(case["delta"], rel=0.02)


def test_a_rho_that_was_found_keeps_its_budget() -> None:
    for epsilon in (0.01, 0.5, 1.0, 4.0, 20.0):
        for delta in (1e-10, 1e-6, 1e-2):
            assert delta_of(rho_of(epsilon, delta), epsilon) <= delta


def test_one_row_changes_two_cells_of_each_feature(binary_spec: ModelSpec) -> None:
    budget = NoiseBudget(("age", "job"), 1.0, DELTA)

    sigma = sigma_of(budget, with_budgets(binary_spec, budget))

    assert sigma == pytest.approx(math.sqrt(2 * 2) / math.sqrt(2 * rho_of(1.0, DELTA)), abs=1e-3)


def test_a_segment_is_a_further_sum_of_the_same_row(binary_spec: ModelSpec) -> None:
    budget = NoiseBudget(("age",), 1.0, DELTA)
    segment = Segment("clerks", (Predicate("job", ("clerk",)),))
    spec = with_budgets(binary_spec, budget)

    segmented = replace(spec, segments=(segment,)).check()

    assert sigma_of(budget, segmented) == pytest.approx(2**0.5 * sigma_of(budget, spec), abs=2e-3)


def test_budgets_of_groups_add_up_below_the_sum_of_their_epsilons(binary_spec: ModelSpec) -> None:
    one, other = NoiseBudget(("age",), 1.0, DELTA), NoiseBudget(("job",), 1.0, DELTA)

    together = total_epsilon(with_budgets(binary_spec, one, other), DELTA)

    assert 1.0 < together < 2.0
    assert total_epsilon(with_budgets(binary_spec, one), DELTA) == pytest.approx(1.0, abs=1e-3)
    assert total_epsilon(binary_spec, DELTA) == 0.0


def test_a_budget_that_no_noise_can_keep_is_refused(binary_spec: ModelSpec) -> None:
    for epsilon in (1e-4, 1e-300):
        budget = NoiseBudget(("age",), epsilon, DELTA)

        with pytest.raises(SpecError, match=r"more than 4096 rows a cell.*raise epsilon"):
            sigma_of(budget, with_budgets(binary_spec, budget))


def test_a_segment_may_not_test_what_noise_hides(binary_spec: ModelSpec) -> None:
    spec = with_budgets(binary_spec, NoiseBudget(("age",), 1.0, DELTA))
    segment = Segment("old", (Predicate("age", NumericRange(60.0, math.inf)),))

    with pytest.raises(SpecError, match="'age', which has a noise budget"):
        replace(spec, segments=(segment,)).check()
