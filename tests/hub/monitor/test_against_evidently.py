"""The rule `classic` against Evidently's own drift report on the same frames.

`golden/evidently.json` holds what the report said, by its defaults, of real census rows and of the
car-loan set, with 1,000 and with 20,000 reference rows: tests with p-values (KS, chi-square, z) and
distances (Wasserstein, Jensen-Shannon of categories). Ours come from profiles and folded counts.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.hub.statistics.golden.frames import comparisons
from whitebox_agent.fold import ModelFold
from whitebox_agent.profile import profile
from whitebox_agent.table import Encoder, read_table
from whitebox_hub.monitor import ModelContext
from whitebox_hub.monitor.classic import KS, WASSERSTEIN, drifted_share, measure_classic
from whitebox_hub.monitor.measure import Classic, Key
from whitebox_wire.layout import Section

GOLDEN = Path(__file__).parents[1] / "statistics" / "golden" / "evidently.json"
THEIRS: dict[str, Any] = json.loads(GOLDEN.read_text())["comparisons"]
COMPARISONS = {comparison.name: comparison for comparison in comparisons()}


@cache
def ours(name: str) -> dict[Key, Classic]:
    """What the rule says of the columns of a comparison."""
    comparison = COMPARISONS[name]
    # A model needs an outcome; this one is the same before and now.
    before, now = (
        frame.assign(y=np.arange(len(frame)) % 2, prediction=np.arange(len(frame)) % 2)
        for frame in (comparison.reference, comparison.current)
    )
    kinds = {"numeric": comparison.numeric, "categorical": comparison.categorical}
    types = {column: kind for kind, columns in kinds.items() for column in columns}
    made = profile(before, model_id="m", kind="binary", target="y", types=types)
    spec = made.bundle.spec
    fold = ModelFold(spec)
    batch = Encoder(spec, made.bundle.digest).batch(read_table(now), received_ms=0)
    context = ModelContext(spec, fold.layout, made.bundle.references[0].vectors)
    return measure_classic(context, {Section.FEATURES: fold.features(batch)})


@pytest.mark.parametrize("name", COMPARISONS)
def test_each_column_has_evidentlys_test_and_verdict(name: str) -> None:
    found = ours(name)

    said = {column: (c.title, c.drifted) for (_, column), c in found.items() if column}
    theirs = THEIRS[name]["columns"]
    assert said == {column: (t["method"], t["drifted"]) for column, t in theirs.items()}


@pytest.mark.parametrize("name", COMPARISONS)
def test_scores_of_categories_are_evidentlys_and_distances_of_numbers_nearly(name: str) -> None:
    found = ours(name)

    for column, theirs in THEIRS[name]["columns"].items():
        said = found["data_drift", column]
        # The p-value of a distance that is off by 0.001 is off by more; its verdict must hold.
        within = {KS: 1.0, WASSERSTEIN: 0.005}.get(said.title, 1e-6)
        assert said.score == pytest.approx(theirs["score"], abs=within), column


@pytest.mark.parametrize("name", COMPARISONS)
def test_the_share_of_drifted_columns_is_evidentlys(name: str) -> None:
    share = drifted_share(ours(name)).value

    assert share == pytest.approx(THEIRS[name]["drifted"] / len(THEIRS[name]["columns"]))


def test_the_recorded_verdicts_hold_every_test_with_both_answers() -> None:
    columns = [column for of in THEIRS.values() for column in of["columns"].values()]

    answers = {(column["method"], column["drifted"]) for column in columns}

    methods = {method for method, _ in answers}
    assert len(methods) == 5
    assert answers == {(method, drifted) for method in methods for drifted in (True, False)}
