"""Thirty quiet days: hourly windows in which nothing changes, judged by the default monitors.

A repetition has a model and rows of its own. An alarm is one finding that is violated: one feature
(or the prediction, or a performance metric) in one window. The strangers judge the features of the
first repetition's windows by their defaults; one alarm of theirs is one column in one window.

The default effect alone would keep most windows quiet, so significance is measured without it too:
features may spend half of the budget, half a window in 30 days. That is the drift test's law at the
p-values of some 1e-5 at which it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count

import numpy as np

from tests.bench.stats.plan import Figures, Outcome, Plan, Table
from tests.bench.stats.rows import LAWS, REFERENCE_ROWS, Law, draw
from tests.bench.stats.strangers import Stranger
from tests.bench.stats.subject import Subject
from whitebox_hub.monitor import Monitor, Rule, Verdict
from whitebox_hub.monitor.defaults import default_monitors
from whitebox_hub.monitor.evaluate import evaluate
from whitebox_wire.vector import FloatArray

REPETITIONS, WINDOWS, WINDOWS_A_DAY, ROWS = 20, 720, 24, 200
# Of 50 features 14 normal, 13 lognormal, 13 zero-inflated and 10 categorical.
FEATURES: tuple[Law, ...] = tuple(
    law for law, copies in zip(LAWS, (14, 13, 13, 10), strict=True) for _ in range(copies)
)
# Any effect at all is beyond this one's.
SIGNIFICANCE = Monitor(
    "significance", "bench", "", "data_drift", rule=Rule.CALIBRATED, upper_threshold=1e-9
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


@dataclass(frozen=True, slots=True)
class Alarms:
    """Alarms of the default monitors, and windows in which any effect at all is significant."""

    alarms: int
    significant_windows: int


def count_alarms(month: Month) -> Alarms:
    """What a month brings."""
    subject = Subject.of(FEATURES, month.reference(), labelled=True)
    monitors = default_monitors(subject.context.spec, map(str, count()).__next__, 0)
    alarms, significant = 0, 0
    for number in range(month.windows):
        window = subject.window(month.window(number), number, labelled=True)
        for_defaults = evaluate(subject.context, window, monitors)
        alarms += sum(finding.verdict is Verdict.VIOLATED for finding in for_defaults)
        alone = evaluate(subject.context, window, [SIGNIFICANCE])
        significant += any(finding.verdict is Verdict.VIOLATED for finding in alone)
    return Alarms(alarms, significant)


def measure_quiet(plan: Plan) -> Outcome:
    """Alarms in thirty days, ours and the strangers'."""
    windows = plan.few(WINDOWS, WINDOWS_A_DAY)
    months = [Month(number, windows) for number in range(plan.few(REPETITIONS, 2))]
    asked = plan.beside(lambda stranger: stranger_alarms(stranger, months[0]))
    found = list(plan.work("thirty quiet days", count_alarms, months))
    theirs = {name: answer.result() for name, answer in asked.items()}
    scale = WINDOWS / windows
    figures = {
        "quiet_alarms_30d": float(np.mean([of.alarms for of in found])) * scale,
        "quiet_alarms_30d_worst": max(of.alarms for of in found) * scale,
        "quiet_significant_windows_30d": (
            float(np.mean([of.significant_windows for of in found])) * scale
        ),
        **{f"quiet_alarms_30d_{name.lower()}": float(n) for name, n in theirs.items()},
    }
    return Outcome(figures, (_table(figures, len(found), theirs),))


def stranger_alarms(stranger: Stranger, month: Month) -> int:
    """How many columns a stranger calls drifted in a month, by its defaults."""
    stranger.prepare(month.reference(), [law.categorical for law in FEATURES], ROWS)
    alarms = 0
    for first in range(0, month.windows, WINDOWS_A_DAY):
        day = np.stack([month.window(first + hour) for hour in range(WINDOWS_A_DAY)])
        alarms += int(stranger.judge(day).drifted.sum())
    return alarms


def _table(figures: Figures, repetitions: int, theirs: Mapping[str, int]) -> Table:
    significant = f"{figures['quiet_significant_windows_30d']:.2f}"
    return Table(
        title="Alarms in thirty quiet days",
        note=(
            f"{WINDOWS} hourly windows of {ROWS} rows and {len(FEATURES)} features, reference "
            f"{REFERENCE_ROWS:,} rows. Ours are all default monitors, labels included, at the "
            "default budget of one false alarm in 30 days; theirs are features alone."
        ),
        headings=("", "alarms", "repetitions"),
        rows=(
            ("Whitebox, defaults", f"{figures['quiet_alarms_30d']:.2f}", str(repetitions)),
            ("Whitebox, any effect, features (budget 0.5)", significant, str(repetitions)),
            *((f"{name}, defaults", f"{alarms:,}", "1") for name, alarms in theirs.items()),
        ),
    )
