"""Columns that are hard to judge, from their training set on: a verdict or a reason for each.

Data goes the whole way: profiled, folded as agents fold, and asked about by every monitor there is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from whitebox_agent.fold import ModelFold
from whitebox_agent.profile import profile
from whitebox_agent.table import Encoder, read_table
from whitebox_hub.monitor import Finding, ModelContext, Monitor, Rule, Verdict, WindowVectors
from whitebox_hub.monitor.evaluate import evaluate
from whitebox_hub.monitor.metrics import METRICS, Direction
from whitebox_wire.layout import Section
from whitebox_wire.spec import ModelSpec

ROWS = 1_000
Column = Callable[[np.random.Generator, int], Any]


def _category(shares: list[float]) -> Column:
    return lambda rng, rows: rng.choice(list("abcdefg")[: len(shares)], rows, p=shares)


def _of_a_million(rng: np.random.Generator, rows: int) -> Any:
    # The frequent hundreds of a million categories, and many that are seen once.
    return np.minimum(rng.zipf(1.3, rows), 1_000_000).astype(str)


def _normal(rng: np.random.Generator, rows: int) -> Any:
    return rng.normal(size=rows)


def _constant(_: np.random.Generator, rows: int) -> Any:
    return np.full(rows, 7.0)


def _missing(_: np.random.Generator, rows: int) -> Any:
    return np.full(rows, np.nan)


def frame(rng: np.random.Generator, rows: int, column: Column) -> pd.DataFrame:
    """Rows of a binary model with the column `x` and a plain one."""
    return pd.DataFrame(
        {
            "x": column(rng, rows),
            "plain": rng.normal(size=rows),
            "prediction": np.where(rng.uniform(size=rows) < 0.5, "yes", "no"),
            "y": np.where(np.arange(rows) % 2, "yes", "no"),
        }
    )


def monitors(spec: ModelSpec) -> list[Monitor]:
    """Every metric by every rule that it has; ids are metric and rule."""
    return [
        Monitor(
            f"{m.name} {rule.value}",
            "m",
            m.name,
            m.name,
            rule=rule,
            lower_threshold=0.5 if rule in limited and m.direction is Direction.BELOW else None,
            upper_threshold=0.5 if rule in limited and m.direction is not Direction.BELOW else None,
        )
        for limited in ({Rule.THRESHOLD, Rule.CHANGE},)
        for m in METRICS.values()
        for rule in Rule
        if spec.kind in m.kinds and m.allows(rule, spec.kind)
    ]


def findings(before: pd.DataFrame, now: pd.DataFrame) -> dict[tuple[str, str | None], Finding]:
    """What every monitor finds; numbers are finite and what is not judged says why."""
    made = profile(before, model_id="m", kind="binary", target="y")
    spec = made.bundle.spec
    fold = ModelFold(spec)
    batch = Encoder(spec, made.bundle.digest).batch(read_table(now), received_ms=0)
    context = ModelContext(spec, fold.layout, made.bundle.references[0].vectors)
    window = WindowVectors(0, 0, 3_600, {Section.FEATURES: fold.features(batch)})
    found = {(f.monitor_id, f.feature): f for f in evaluate(context, window, monitors(spec))}
    for finding in found.values():
        numbers = (finding.value, finding.threshold, finding.p_value)
        assert all(n is None or np.isfinite(n) for n in numbers)
        silent = finding.verdict is Verdict.NOT_ENOUGH_DATA
        assert bool(finding.reason) >= silent
        assert silent == (finding.value is None)
    return found


OK, VIOLATED, SILENT = Verdict.OK, Verdict.VIOLATED, Verdict.NOT_ENOUGH_DATA
DRIFT, KS, W1 = "data_drift calibrated", "ks calibrated", "wasserstein calibrated"


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (_constant, _constant, {DRIFT: OK, KS: SILENT, W1: SILENT}),
        (_constant, _normal, {DRIFT: VIOLATED, KS: SILENT, W1: SILENT}),
        (_normal, _constant, {DRIFT: VIOLATED, KS: VIOLATED, W1: VIOLATED}),
        (_normal, _missing, {DRIFT: SILENT, KS: SILENT, "missing_rate calibrated": VIOLATED}),
        (
            _category([0.5, 0.5]),
            _category([0.4, 0.4, 0.2]),
            {DRIFT: VIOLATED, "unseen_rate calibrated": VIOLATED},
        ),
        (_category([1.0]), _category([1.0]), {DRIFT: OK, "data_drift classic": OK}),
        (_of_a_million, _of_a_million, {DRIFT: OK, "hellinger calibrated": OK}),
    ],
    ids=[
        *("constant", "no longer constant", "constant now", "missing now"),
        *("a new category", "one category", "a million categories"),
    ],
)
def test_a_hard_column_has_its_verdict_and_spoils_no_other(
    before: Column, now: Column, expected: dict[str, Verdict]
) -> None:
    rng = np.random.default_rng(3)

    found = findings(frame(rng, 20_000, before), frame(rng, ROWS, now))

    assert {monitor: found[monitor, "x"].verdict for monitor in expected} == expected
    assert found[DRIFT, "plain"].verdict is OK
    assert found[KS, "plain"].verdict is OK


@pytest.mark.parametrize("rows", [1, 9, 49])
def test_a_few_rows_are_not_judged_or_not_violated(rows: int) -> None:
    rng = np.random.default_rng(3)

    found = findings(frame(rng, 20_000, _normal), frame(rng, rows, _normal))

    assert found[KS, "x"].verdict is found[W1, "x"].verdict is SILENT
    assert f"{rows} rows with a value; 50 are needed" in found[KS, "x"].reason
    calibrated = [f for (name, _), f in found.items() if name.endswith("calibrated")]
    assert VIOLATED not in {f.verdict for f in calibrated}


@pytest.mark.parametrize("rows", [2, 30, 90])
def test_a_reference_of_fewer_rows_than_cells_is_judged_as_far_as_it_goes(rows: int) -> None:
    rng = np.random.default_rng(3)

    found = findings(frame(rng, rows, _normal), frame(rng, ROWS, _normal))

    assert found[W1, "x"].reason == f"the reference has {rows} rows with a value; 500 are needed"
    calibrated = [f for (name, _), f in found.items() if name.endswith("calibrated")]
    assert VIOLATED not in {f.verdict for f in calibrated}
