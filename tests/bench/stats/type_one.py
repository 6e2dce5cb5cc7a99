"""How often each test alarms when nothing has changed, beside the strangers' defaults.

A cell is a law and a number of rows: columns with a reference each, and windows of that many rows.
Our rate is the share of p-values at or below the nominal level, among windows that were judged. The
strangers have no level to set; their rate is the share of their own verdicts on the first columns
and windows of the same draws.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tests.bench.stats.plan import Figures, Outcome, Plan, Table
from tests.bench.stats.rows import LAWS, REFERENCE_ROWS, draw
from tests.bench.stats.strangers import Stranger
from tests.bench.stats.subject import Subject
from whitebox_hub.monitor.features import measure_features
from whitebox_wire.layout import Section
from whitebox_wire.vector import FloatArray

# Metrics and what a table calls them; distances of shares have the G test in common.
TESTS = {
    "data_drift": "PSI (G test)",
    "jensen_shannon": "JS (G test)",
    "chi_square": "chi-square (G test)",
    "ks": "KS",
    "wasserstein": "Wasserstein",
}
ROWS = (50, 100, 200, 500, 1_000, 10_000)
NOMINALS = (0.05, 0.01)
COLUMNS, WINDOWS = 200, 100
STRANGER_COLUMNS, STRANGER_WINDOWS = 50, 6


@dataclass(frozen=True, slots=True)
class Cell:
    """A law, by its place, and the rows of a window."""

    law: int
    rows: int
    columns: int
    windows: int

    def reference(self) -> FloatArray:
        return draw([LAWS[self.law]] * self.columns, REFERENCE_ROWS, 1, self.law, self.rows)

    def window(self, number: int) -> FloatArray:
        return draw([LAWS[self.law]] * self.columns, self.rows, 2, self.law, self.rows, number)


# Of each metric: all windows, windows that were judged, and alarms at each nominal level.
Counts = Mapping[str, tuple[int, int, tuple[int, ...]]]


def count_alarms(cell: Cell) -> Counts:
    """Our alarms in one cell, by metric."""
    subject = Subject.of([LAWS[cell.law]] * cell.columns, cell.reference())
    said: dict[str, list[float]] = defaultdict(list)
    for number in range(cell.windows):
        window = subject.window(cell.window(number), number)
        measures = measure_features(subject.context, window.vectors[Section.FEATURES])
        for (metric, feature), measure in measures.items():
            if metric in TESTS and feature in subject.features:
                p_value = measure.p_value
                said[metric].append(math.nan if p_value is None else p_value)
    result = {}
    for metric, p_values in said.items():
        p = np.array(p_values)
        judged = p[~np.isnan(p)]
        alarms = tuple(int(np.count_nonzero(judged <= nominal)) for nominal in NOMINALS)
        result[metric] = p.size, judged.size, alarms
    return result


def measure_type_one(plan: Plan) -> Outcome:
    """The rates of every cell, the worst of them, and the strangers' rates."""
    columns, windows = plan.few(COLUMNS, 10), plan.few(WINDOWS, 5)
    rows = ROWS if not plan.quick else (200,)
    cells = [Cell(law, n, columns, windows) for law in range(len(LAWS)) for n in rows]
    asked = plan.beside(lambda stranger: [stranger_rate(stranger, cell) for cell in cells])
    ours = list(plan.work("alarms when nothing changes", count_alarms, cells))
    theirs = {name: answers.result() for name, answers in asked.items()}
    return Outcome(_figures(cells, ours), (_table(cells, ours, theirs),))


def stranger_rate(stranger: Stranger, cell: Cell) -> float:
    """The share of alarms that a stranger raises, by its defaults, in the first of a cell."""
    columns = min(cell.columns, STRANGER_COLUMNS)
    categorical = [LAWS[cell.law].categorical] * columns
    stranger.prepare(cell.reference()[:, :columns], categorical, cell.rows)
    numbers = range(min(cell.windows, STRANGER_WINDOWS))
    windows = np.stack([cell.window(number)[:, :columns] for number in numbers])
    return float(stranger.judge(windows).drifted.mean())


def _figures(cells: Sequence[Cell], ours: Sequence[Counts]) -> Figures:
    """`type1_worst_ratio` and `type1_least_ratio`: the largest and smallest rate over nominal.

    Only cells of which at least half of the windows were judged count. `type1_not_judged_share` is
    the share of windows, of all cells and metrics, for which there was not enough data.
    """
    figures: Figures = {}
    ratios: dict[str, list[float]] = defaultdict(list)
    left, windows = 0, 0
    for cell, counts in zip(cells, ours, strict=True):
        for metric, (drawn, judged, alarms) in counts.items():
            left, windows = left + drawn - judged, windows + drawn
            law = LAWS[cell.law].name.replace("-", "_")
            for nominal, count in zip(NOMINALS, alarms, strict=True):
                rate = count / judged if judged else 0.0
                level = f"{nominal * 100:g}"
                figures[f"type1_{metric}_{law}_{cell.rows}_at_{level}"] = rate
                if judged >= drawn / 2:
                    ratios[metric].append(rate / nominal)
    for metric, of in ratios.items():
        figures[f"type1_{metric}_worst_ratio"] = max(of)
        figures[f"type1_{metric}_least_ratio"] = min(of)
    every = [ratio for of in ratios.values() for ratio in of]
    figures["type1_worst_ratio"], figures["type1_least_ratio"] = max(every), min(every)
    figures["type1_not_judged_share"] = left / windows
    return figures


def _table(
    cells: Sequence[Cell], ours: Sequence[Counts], theirs: Mapping[str, Sequence[float]]
) -> Table:
    metrics = [metric for metric in TESTS if any(metric in counts for counts in ours)]
    rows = []
    for place, (cell, counts) in enumerate(zip(cells, ours, strict=True)):
        said = [_said(counts.get(metric)) for metric in metrics]
        said += [f"{rates[place]:.0%}" for rates in theirs.values()]
        rows.append((LAWS[cell.law].name, f"{cell.rows:,}", *said))
    return Table(
        title="False alarms when nothing has changed",
        note=(
            f"Share of windows in which a test alarms at a nominal {NOMINALS[0]:.0%} and "
            f"{NOMINALS[1]:.0%}, of {cells[0].columns * cells[0].windows:,} windows a line; "
            f"references have {REFERENCE_ROWS:,} rows. The others' defaults have no such level: "
            "theirs is the share of columns they call drifted. Of NannyML's reference a window of "
            "10,000 rows leaves two chunks, of which it takes its threshold."
        ),
        headings=("columns", "rows", *(TESTS[metric] for metric in metrics), *theirs),
        rows=tuple(rows),
    )


def _said(counts: tuple[int, int, tuple[int, ...]] | None) -> str:
    if counts is None:
        return "–"
    drawn, judged, alarms = counts
    if not judged:
        return "not enough data"
    said = " / ".join(f"{count / judged:.1%}" for count in alarms)
    return said if judged == drawn else f"{said} ({judged / drawn:.0%} judged)"
