"""How many windows until a shift is seen, beside the strangers at an equal rate of false alarms.

Three of fifty normal features move by a part of a standard deviation and stay there; the delay is
the number of the first window in which one of the three is an alarm, 1 being the first that has
moved. A run ends after two days; one without an alarm counts as one window more.

We are judged as we come: the budget of one false alarm in 30 days, half of it for features. The
strangers' thresholds are tuned to that rate on quiet windows: the largest score of any column in 60
days is passed once in the next 60 days, as expected of any 60 days that are alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tests.bench.stats.plan import Figures, Outcome, Plan, Table
from tests.bench.stats.rows import NORMAL, draw
from tests.bench.stats.strangers import Stranger
from tests.bench.stats.subject import Subject
from whitebox_hub.monitor import Monitor, Rule, Verdict
from whitebox_hub.monitor.evaluate import evaluate
from whitebox_wire.vector import FloatArray

FEATURES, MOVED, ROWS, REFERENCE_ROWS = 50, 3, 1_000, 10_000
SHIFTS = (0.1, 0.25, 0.5)
RUNS, WINDOWS_MAX = 20, 48
# Windows handed to a stranger at once, and windows that one of our tasks judges.
QUIET_WINDOWS, WINDOWS_AT_ONCE, WINDOWS_A_TASK = 1_440, 24, 240
LAWS = [NORMAL] * FEATURES
# Any effect at all: a verdict of the test alone.
ANY = 1e-9
# By what the figures call them: what the table says, the metric, the effect that an alarm needs.
_OURS = (
    ("", "PSI, default effect 0.1", "data_drift", None),
    ("_psi_005", "PSI, effect 0.05", "data_drift", 0.05),
    ("_psi_any", "PSI, any effect", "data_drift", ANY),
    ("_wasserstein", "Wasserstein, default effect 0.1", "wasserstein", None),
    ("_wasserstein_any", "Wasserstein, any effect", "wasserstein", ANY),
    ("_ks_any", "KS, any effect", "ks", ANY),
)
NAMES = {suffix: name for suffix, name, _, _ in _OURS} | {
    "_evidently": "Evidently, tuned",
    "_nannyml": "NannyML, tuned",
}
MONITORS = {
    suffix: Monitor(name, "bench", name, metric, rule=Rule.CALIBRATED, upper_threshold=effect)
    for suffix, name, metric, effect in _OURS
}


@dataclass(frozen=True, slots=True)
class Run:
    """One reference, and a shift that comes to stay; a shift of 0 is quiet."""

    number: int
    shift: float
    windows: int

    def reference(self) -> FloatArray:
        return draw(LAWS, REFERENCE_ROWS, 5, self.number)

    def window(self, number: int) -> FloatArray:
        """Rows of a window; the first features have moved."""
        rows = draw(LAWS, ROWS, 6, self.number, round(self.shift * 100), number)
        rows[:, :MOVED] += self.shift
        return rows


def first_alarms(run: Run) -> dict[str, int]:
    """For each of our monitors, the first window with an alarm on a feature that moved."""
    subject = Subject.of(LAWS, run.reference())
    moved = {str(place) for place in range(MOVED)}
    found: dict[str, int] = {}
    for number in range(run.windows):
        waiting = [name for name in MONITORS if name not in found]
        if not waiting:
            break
        window = subject.window(run.window(number), number)
        for name in waiting:
            findings = evaluate(subject.context, window, [MONITORS[name]])
            if any(f.verdict is Verdict.VIOLATED and f.feature in moved for f in findings):
                found[name] = number + 1
    return {name: found.get(name, run.windows + 1) for name in MONITORS}


def quiet_alarms(windows: tuple[int, int]) -> dict[str, int]:
    """Our false alarms in some windows of the quiet run, by monitor."""
    run = Run(0, 0.0, windows[1])
    subject = Subject.of(LAWS, run.reference())
    alarms = dict.fromkeys(MONITORS, 0)
    for number in range(*windows):
        window = subject.window(run.window(number), number)
        for name, monitor in MONITORS.items():
            findings = evaluate(subject.context, window, [monitor])
            alarms[name] += sum(f.verdict is Verdict.VIOLATED for f in findings)
    return alarms


def measure_delay(plan: Plan) -> Outcome:
    """Delays by shift, ours and the strangers'."""
    runs, quiet = plan.few(RUNS, 1), plan.few(QUIET_WINDOWS, 4)
    windows = plan.few(WINDOWS_MAX, 2)
    shifted = [Run(n, shift, windows) for shift in SHIFTS for n in range(runs)]
    asked = plan.beside(lambda stranger: stranger_delays(stranger, quiet, shifted))
    tasks = [
        (first, min(first + WINDOWS_A_TASK, quiet)) for first in range(0, quiet, WINDOWS_A_TASK)
    ]
    calm = list(plan.work("quiet windows of 1,000 rows", quiet_alarms, tasks))
    ours = list(plan.work("windows until a shift is seen", first_alarms, shifted))
    delays = {name: _means([d[name] for d in ours], runs) for name in MONITORS}
    alarms = {name: sum(of[name] for of in calm) * 720 / quiet for name in MONITORS}
    for name, answer in asked.items():
        suffix = f"_{name.lower()}"
        delays[suffix], alarms[suffix] = _means(answer.result(), runs), 720 / quiet
    return Outcome(_figures(delays), (_table(delays, alarms, windows, runs),))


def stranger_delays(stranger: Stranger, quiet: int, runs: Sequence[Run]) -> list[int]:
    """A stranger's first alarms in runs, its threshold tuned on quiet windows."""
    calm = Run(0, 0.0, quiet)
    stranger.prepare(calm.reference(), [False] * FEATURES, ROWS)
    threshold = 0.0
    for first in range(0, quiet, WINDOWS_AT_ONCE):
        said = stranger.judge(_windows(calm.window, first, WINDOWS_AT_ONCE))
        threshold = max(threshold, float(said.scores.max()))
    return [_stranger_delay(stranger, run, threshold) for run in runs]


def _stranger_delay(stranger: Stranger, run: Run, threshold: float) -> int:
    """Only the features that moved are asked of, and as few windows as are needed."""
    stranger.prepare(run.reference()[:, :MOVED], [False] * MOVED, ROWS)
    for first, at_once in _growing(run.windows):
        said = stranger.judge(_windows(run.window, first, at_once)[:, :, :MOVED])
        over = np.flatnonzero(said.scores.max(axis=1) > threshold)
        if over.size:
            return first + int(over[0]) + 1
    return run.windows + 1


def _growing(windows: int) -> list[tuple[int, int]]:
    """Runs of windows that double in length: (0, 1), (1, 1), (2, 2), (4, 4) and so on."""
    starts = [0, *(1 << i for i in range(16) if 1 << i < windows), windows]
    return [(a, b - a) for a, b in pairwise(starts)]


def _windows(window: Callable[[int], FloatArray], first: int, count: int) -> FloatArray:
    return np.stack([window(number) for number in range(first, first + count)])


def _means(delays: Sequence[int], runs: int) -> tuple[float, ...]:
    return tuple(np.reshape(delays, (len(SHIFTS), runs)).mean(axis=1).tolist())


def _figures(delays: Mapping[str, tuple[float, ...]]) -> Figures:
    return {
        f"delay_windows_{shift:.2f}std{suffix}".replace(".", ""): delay
        for suffix, of in delays.items()
        for shift, delay in zip(SHIFTS, of, strict=True)
    }


def _table(
    delays: Mapping[str, tuple[float, ...]], alarms: Mapping[str, float], windows: int, runs: int
) -> Table:
    return Table(
        title="Windows until a shift is seen",
        note=(
            f"Mean over {runs} runs; {MOVED} of {FEATURES} normal features move by so many "
            f"standard deviations; {ROWS:,} rows a window, {REFERENCE_ROWS:,} in the reference; a "
            f"run ends after {windows} windows. The others' thresholds are tuned to one false "
            "alarm in 60 days, which is what features may spend of the default budget."
        ),
        headings=("", *(f"{shift:g} std" for shift in SHIFTS), "false alarms in 30 days"),
        rows=tuple(
            (NAMES[suffix], *(f"{d:.1f}" if d <= windows else f"> {windows}" for d in of),
             f"{alarms[suffix]:.1f}")
            for suffix, of in delays.items()
        ),
    )  # fmt: skip
