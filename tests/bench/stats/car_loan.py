"""NannyML's car-loan data from end to end: profile, fold, default monitors, window after window.

The analysis data shifts at its row 25,000: car values rise, and accuracy falls. Two copies are
known: the whole one in NannyML's wheel, and the trimmed one that this project's tests have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pandas as pd

from tests.bench.peers import ROOT
from tests.bench.stats.plan import Outcome, Plan, Table
from whitebox_agent.fold import ModelFold
from whitebox_agent.profile import profile
from whitebox_agent.table import Encoder, read_table
from whitebox_hub.monitor import Finding, ModelContext, Verdict, WindowVectors
from whitebox_hub.monitor.defaults import default_monitors
from whitebox_hub.monitor.evaluate import evaluate
from whitebox_wire.layout import Section

TRIMMED = ROOT / "tests" / "hub" / "monitor" / "data" / "car_loan.parquet"
SHIFT_ROW = 25_000
WINDOW_ROWS = 1_000
HOUR_S = 3_600


@dataclass(frozen=True, slots=True)
class CarLoan:
    """Rows of the reference and of the analysis, both with targets, in order."""

    reference: pd.DataFrame
    analysis: pd.DataFrame

    @staticmethod
    def trimmed() -> CarLoan:
        """The copy that the tests have: five features."""
        frame = pd.read_parquet(TRIMMED)
        parts = [frame[frame["part"] == part] for part in ("reference", "analysis")]
        return CarLoan(*(part.drop(columns="part") for part in parts))

    @staticmethod
    def whole(folder: Path) -> CarLoan:
        """The copy in NannyML's wheel: seven features."""
        name = "synthetic_car_loan"
        analysis = pd.read_csv(folder / f"{name}_analysis.csv")
        analysis = analysis.merge(pd.read_csv(folder / f"{name}_analysis_target.csv"), on="id")
        return CarLoan(
            pd.read_csv(folder / f"{name}_reference.csv").drop(columns=["id", "timestamp"]),
            analysis.drop(columns=["id", "timestamp"]),
        )


def judge_windows(data: CarLoan, rows: int = WINDOW_ROWS) -> list[tuple[Finding, ...]]:
    """What the default monitors find in each window of so many rows, in order."""
    made = profile(
        data.reference,
        model_id="car-loan",
        kind="binary",
        target="repaid",
        prediction="y_pred",
        scores="y_pred_proba",
        positive=1,
        granularity="1H",
    )
    spec = made.bundle.spec
    encoder, fold = Encoder(spec, made.bundle.digest), ModelFold(spec)
    [reference] = made.bundle.references
    context = ModelContext(spec, fold.layout, reference.vectors)
    monitors = default_monitors(spec, map(str, count()).__next__, 0)
    found = []
    for number in range(len(data.analysis) // rows):
        table = read_table(data.analysis.iloc[number * rows : (number + 1) * rows])
        batch = encoder.batch(table, received_ms=0)
        labels = fold.labels(fold.predictions(batch), encoder.targets(table))
        vectors = {Section.FEATURES: fold.features(batch), Section.LABELS: labels}
        window = WindowVectors(0, number * HOUR_S, HOUR_S, vectors)
        found.append(evaluate(context, window, monitors))
    return found


def alarms(findings: Sequence[Finding]) -> list[str]:
    """The features (or `model`) of the findings that are violated."""
    return [f.feature or "model" for f in findings if f.verdict is Verdict.VIOLATED]


def measure_car_loan(plan: Plan) -> Outcome:
    """Windows from the shift to the first alarm on car_value, and alarms before it."""
    folder = plan.datasets
    data = CarLoan.whole(folder) if folder else CarLoan.trimmed()
    found = [alarms(findings) for findings in judge_windows(data)]
    shift = SHIFT_ROW // WINDOW_ROWS
    before = sum(map(len, found[:shift]))
    seen = [number for number, of in enumerate(found) if number >= shift and "car_value" in of]
    delay = seen[0] - shift + 1 if seen else len(found)
    figures = {"car_loan_alarms_before": float(before), "car_loan_delay_windows": float(delay)}
    after = sum("car_value" in of for of in found[shift:])
    return Outcome(
        figures,
        (
            Table(
                title="Car loan: a shift at row 25,000",
                note=(
                    f"Default monitors over {len(found)} windows of {WINDOW_ROWS:,} rows, labels "
                    f"included, {len(data.analysis.columns) - 3} features."
                ),
                headings=("", ""),
                rows=(
                    (f"alarms in the {shift} windows before it", str(before)),
                    ("first alarm on car_value, windows from it", str(delay)),
                    (f"windows with one, of {len(found) - shift} after it", str(after)),
                ),
            ),
        ),
    )
