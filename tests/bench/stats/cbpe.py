"""Performance without labels on NannyML's own data, beside NannyML's estimate and the truth.

Both estimate every chunk of 5,000 rows of the census and the car-loan analysis data from the same
reference. NannyML's side is `tests/bench/nannyml_cbpe.py`; ours goes from profile through the fold.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.bench.nannyml_cbpe import CHUNK_ROWS
from tests.bench.stats.car_loan import CarLoan
from tests.bench.stats.plan import Figures, Outcome, Plan, Table
from tests.bench.stats.strangers import Stranger
from whitebox_agent.fold import ModelFold
from whitebox_agent.profile import profile
from whitebox_agent.table import Encoder, read_table
from whitebox_hub.statistics.cbpe import estimate_binary
from whitebox_wire.layout import ClassPredictionBlock

NANNYML = "NannyML"


@dataclass(frozen=True, slots=True)
class DataSet:
    """Labelled reference rows, rows to estimate, and the columns of their outcomes."""

    name: str
    reference: pd.DataFrame
    analysis: pd.DataFrame
    target: str
    prediction: str
    score: str

    @staticmethod
    def read(name: str, folder: Path) -> DataSet:
        """One of the two sets from the folder of NannyML's wheel."""
        if name == "car_loan":
            data = CarLoan.whole(folder)
            return DataSet(name, data.reference, data.analysis, "repaid", "y_pred", "y_pred_proba")
        reference, analysis = (
            pd.read_parquet(folder / f"employment_MA_{part}.pq").drop(columns=["id", "year"])
            for part in ("reference", "analysis")
        )
        return DataSet(name, reference, analysis, "employed", "prediction", "predicted_probability")


def our_estimates(data: DataSet) -> list[float]:
    """Our estimate of ROC AUC for every chunk."""
    made = profile(
        data.reference,
        model_id=data.name,
        kind="binary",
        target=data.target,
        prediction=data.prediction,
        scores=data.score,
        positive=1,
    )
    spec = made.bundle.spec
    encoder, fold = Encoder(spec, made.bundle.digest), ModelFold(spec)
    block = fold.layout.prediction
    assert isinstance(block, ClassPredictionBlock)
    found = []
    for first in range(0, len(data.analysis), CHUNK_ROWS):
        table = read_table(data.analysis.iloc[first : first + CHUNK_ROWS])
        vector = fold.features(encoder.batch(table, received_ms=0))
        found.append(estimate_binary(vector, block.scores[0]).metrics["roc_auc"].value)
    return found


def measure_cbpe(plan: Plan) -> Outcome:
    """Mean absolute differences of ROC AUC; nothing where NannyML cannot be asked."""
    answers = plan.beside(_theirs, of=NANNYML)
    if plan.datasets is None or NANNYML not in answers:
        return Outcome({}, ())
    ours = {
        name: our_estimates(DataSet.read(name, plan.datasets)) for name in ("census", "car_loan")
    }
    theirs = answers[NANNYML].result()
    figures: Figures = {}
    rows = []
    for name, estimates in ours.items():
        of = theirs[name]
        said, true = (np.array(of[what]["roc_auc"]) for what in ("estimated", "realised"))
        apart = {
            "vs_nannyml": np.abs(estimates - said).mean(),
            "vs_realised": np.abs(estimates - true).mean(),
            "nannyml_vs_realised": np.abs(said - true).mean(),
        }
        figures |= {f"cbpe_auroc_{what}_{name}": float(x) for what, x in apart.items()}
        figures[f"cbpe_calibrated_by_nannyml_{name}"] = float(of["calibrated"])
        span = f"{true.min():.3f} to {true.max():.3f}"
        rows.append((name.replace("_", " "), str(true.size), span,
                     *(f"{x:.4f}" for x in apart.values())))  # fmt: skip
    for what in ("vs_nannyml", "vs_realised"):
        figures[f"cbpe_auroc_{what}"] = max(figures[f"cbpe_auroc_{what}_{name}"] for name in ours)
    return Outcome(figures, (_table(rows),))


def _theirs(stranger: Stranger) -> dict[str, Any]:
    path = stranger.folder / "cbpe.json"
    stranger.ask("cbpe", out=str(path))
    sets: dict[str, Any] = json.loads(path.read_text())["sets"]
    return sets


def _table(rows: list[tuple[str, ...]]) -> Table:
    return Table(
        title="ROC AUC estimated without labels",
        note=(
            f"Mean absolute differences over chunks of {CHUNK_ROWS:,} rows: our estimate and "
            "NannyML's, ours and the realised value, NannyML's and the realised value."
        ),
        headings=("data", "chunks", "realised", "to NannyML", "to realised", "NannyML's to it"),
        rows=tuple(rows),
    )
