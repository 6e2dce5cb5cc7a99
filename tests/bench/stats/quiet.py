"""Thirty quiet days: hourly windows in which nothing changes, judged by the default monitors.

A repetition has a model and rows of its own. An alarm is one finding that is violated: one feature
(or the prediction, or a performance metric) in one window. The strangers judge the features of the
first repetition's windows by their defaults; one alarm of theirs is one column in one window.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count

import numpy as np

from tests.bench.stats.plan import Figures, Outcome, Plan, Table
from tests.bench.stats.rows import LAWS, REFERENCE_ROWS, Law, draw
from tests.bench.stats.strangers import Stranger
from tests.bench.stats.subject import Subject
from whitebox_hub.monitor import Verdict
from whitebox_hub.monitor.defaults import default_monitors
from whitebox_hub.monitor.evaluate import evaluate
from whitebox_wire.vector import FloatArray

REPETITIONS, WINDOWS, WINDOWS_A_DAY, ROWS = 20, 720, 24, 200
# Of 50 features 14 normal, 13 lognormal, 13 zero-inflated and 10 categorical.
FEATURES: tuple[Law, ...] = tuple(
    law for law, copies in zip(LAWS, (14, 13, 13, 10), strict=True) for _ in range(copies)
)


@dataclass(frozen=True, slots=True)
class Month:
    """One repetition."""

    number: int
    windows: int

    def reference(self) -> FloatArray:
        return draw(FEATURES, REFERENCE_ROWS, 3, self.number)

    def window(self, number: int) -> FloatArray:
        return draw(FEATURES, ROWS, 4, self.number, number)


def count_findings(month: Month) -> Counter[tuple[str, Verdict]]:
    """What the default monitors find in a month, by monitor and verdict."""
    subject = Subject.of(FEATURES, month.reference(), labelled=True)
    monitors = default_monitors(subject.context.spec, map(str, count()).__next__, 0)
    names = {monitor.id: monitor.name for monitor in monitors}
    found: Counter[tuple[str, Verdict]] = Counter()
    for number in range(month.windows):
        window = subject.window(month.window(number), number, labelled=True)
        findings = evaluate(subject.context, window, monitors)
        found.update((names[finding.monitor_id], finding.verdict) for finding in findings)
    return found


def measure_quiet(plan: Plan) -> Outcome:
    """Alarms in thirty days, ours and the strangers'."""
    windows = plan.few(WINDOWS, WINDOWS_A_DAY)
    months = [Month(number, windows) for number in range(plan.few(REPETITIONS, 2))]
    asked = plan.beside(lambda stranger: stranger_alarms(stranger, months[0]))
    found = list(plan.work("thirty quiet days", count_findings, months))
    theirs = {name: answer.result() for name, answer in asked.items()}
    alarms = [sum(n for (_, v), n in of.items() if v is Verdict.VIOLATED) for of in found]
    scale = WINDOWS / windows
    figures = {
        "quiet_alarms_30d": float(np.mean(alarms)) * scale,
        "quiet_alarms_30d_worst": max(alarms) * scale,
        **{f"quiet_alarms_30d_{name.lower()}": float(n) for name, n in theirs.items()},
    }
    return Outcome(figures, (_table(figures, found, theirs),))


def stranger_alarms(stranger: Stranger, month: Month) -> int:
    """How many columns a stranger calls drifted in a month, by its defaults."""
    stranger.prepare(month.reference(), [law.categorical for law in FEATURES], ROWS)
    alarms = 0
    for first in range(0, month.windows, WINDOWS_A_DAY):
        day = np.stack([month.window(first + hour) for hour in range(WINDOWS_A_DAY)])
        alarms += int(stranger.judge(day).drifted.sum())
    return alarms


def _table(
    figures: Figures,
    found: list[Counter[tuple[str, Verdict]]],
    theirs: Mapping[str, int],
) -> Table:
    repetitions = len(found)
    lines = [
        ("Whitebox, default monitors", f"{figures['quiet_alarms_30d']:.2f}", str(repetitions)),
        *((f"{name}, defaults", f"{alarms:,}", "1") for name, alarms in theirs.items()),
    ]
    return Table(
        title="Alarms in thirty quiet days",
        note=(
            f"{WINDOWS} hourly windows of {ROWS} rows and {len(FEATURES)} features, reference "
            f"{REFERENCE_ROWS:,} rows. Ours are all default monitors, labels included, at the "
            "default budget of one false alarm in 30 days; theirs are features alone."
        ),
        headings=("", "alarms", "repetitions"),
        rows=tuple(lines),
    )
