"""Each test's law where a budget of alarms uses it: at p-values of 1e-4 and 2e-5.

So many windows cannot be drawn as rows, and need not be: p-values follow from the counts in cells,
and those are drawn from the population's own shares. Columns have references of their own, which
are folded rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from tests.bench.stats.plan import Figures, Outcome, Plan, Table
from tests.bench.stats.rows import LAWS, REFERENCE_ROWS, SEED, draw
from tests.bench.stats.subject import Subject
from whitebox_hub.monitor.features import measure_features
from whitebox_wire.layout import Section
from whitebox_wire.spec import NumericBins
from whitebox_wire.vector import FloatArray, zeros

TESTS = {
    "data_drift": "G (distances of shares)",
    "ks": "KS",
    "wasserstein": "Wasserstein",
}
LEVELS = (1e-2, 1e-3, 1e-4, 2e-5)
ROWS = (200, 1_000)
COLUMNS, WINDOWS, REPETITIONS = 40, 1_000, 6
_BELOW: Mapping[str, Callable[[FloatArray], FloatArray]] = {
    "normal": stats.norm.cdf,
    "lognormal": stats.lognorm(1.0).cdf,
}


@dataclass(frozen=True, slots=True)
class Task:
    """Columns of one law, by its place, and windows of so many rows."""

    law: int
    rows: int
    number: int
    windows: int


def count_alarms(task: Task) -> dict[str, list[int]]:
    """By metric: p-values at or below each level, then all p-values."""
    law = LAWS[task.law]
    laws = [law] * COLUMNS
    subject = Subject.of(laws, draw(laws, REFERENCE_ROWS, 10, task.rows, task.number))
    rng = np.random.default_rng((SEED, 11, task.rows, task.number))
    drawn = []
    for feature in subject.context.spec.features:
        assert isinstance(feature.bins, NumericBins)
        below = _BELOW[law.name](np.array(feature.bins.edges))
        shares = np.diff(np.concatenate(([0.0], below, [1.0])))
        drawn.append(rng.multinomial(task.rows, shares, size=task.windows))
    counts = {metric: np.zeros(len(LEVELS) + 1, np.int64) for metric in TESTS}
    live = zeros(subject.fold.layout, Section.FEATURES)
    for number in range(task.windows):
        for block, cells in zip(subject.fold.layout.features, drawn, strict=True):
            live[block.bins] = cells[number]
        for (metric, _), said in measure_features(subject.context, live, TESTS.keys()).items():
            if metric in counts and said.p_value is not None:
                counts[metric] += [*(said.p_value <= level for level in LEVELS), True]
    return {metric: of.tolist() for metric, of in counts.items()}


def measure_tail(plan: Plan) -> Outcome:
    """Rates over levels, of all laws and sizes of windows together."""
    repetitions, windows = plan.few(REPETITIONS, 1), plan.few(WINDOWS, 5)
    tasks = [
        Task(place, rows, number, windows)
        for place, law in enumerate(LAWS)
        if law.name in _BELOW
        for rows in ROWS
        for number in range(repetitions)
    ]
    found = list(plan.work("alarms far out in the tail", count_alarms, tasks))
    counts = {metric: np.sum([of[metric] for of in found], axis=0) for metric in TESTS}
    ratios = {metric: of[:-1] / of[-1] / LEVELS for metric, of in counts.items()}
    figures: Figures = {
        f"tail_{metric}_ratio_at_{level:g}": float(ratio)
        for metric, of in ratios.items()
        for level, ratio in zip(LEVELS, of, strict=True)
    }
    tests = int(counts["data_drift"][-1])
    return Outcome(figures, (_table(ratios, tests),))


def _table(ratios: Mapping[str, FloatArray], tests: int) -> Table:
    return Table(
        title="False alarms far out in the tail",
        note=(
            f"The rate of p-values at or below a level, divided by the level: {tests:,} windows of "
            "a column, of 200 and 1,000 rows, normal and lognormal; references have "
            f"{REFERENCE_ROWS:,}. "
            "An hour's share of the default budget, spread over 50 features, is about 1e-5."
        ),
        headings=("test", *(f"{level:g}" for level in LEVELS)),
        rows=tuple(
            (TESTS[metric], *(f"{ratio:.2f}" for ratio in of)) for metric, of in ratios.items()
        ),
    )
