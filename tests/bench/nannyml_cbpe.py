"""What NannyML 0.13.1 estimates without labels on its own data sets, as golden files.

Runs in an environment of its own (`REQUIREMENTS`), since NannyML needs numpy < 2 and pandas < 3.
`main(out_path)` writes NannyML's estimates and the realised values of every chunk of 5,000 rows as
JSON, and beside it, under the same name with the ending `.npz`, the scores that they were made
from: counts of equal rows, scores rounded down to thousandths. It imports nothing of this project.

Run: python tests/bench/nannyml_cbpe.py tests/hub/statistics/golden/cbpe.json
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

REQUIREMENTS = ("nannyml==0.13.1", "numpy<2", "pandas<3", "pyarrow<20")
CHUNK_ROWS = 5_000
SCORE_STEPS = 1_000
METRICS = (
    *("accuracy", "precision", "recall", "f1", "specificity"),
    *("roc_auc", "average_precision"),
)
LICENCES = {
    "census": "US Census Bureau, ACS PUMS, Massachusetts 2015-2018; public domain",
    "car_loan": "synthetic, from the wheel of nannyml 0.13.1; Apache-2.0",
    "credit": "synthetic, from the wheel of nannyml 0.13.1; Apache-2.0",
}
CREDIT_CLASSES = ("highstreet_card", "prepaid_card", "upmarket_card")

# A pandas DataFrame; this project's own environment may have another pandas, or none.
Frame = Any


def main(out_path: str | Path) -> None:
    """Write the golden files; takes about a minute."""
    warnings.simplefilter("ignore")
    os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
    out = Path(out_path)
    documents: dict[str, Any] = {}
    arrays: dict[str, Any] = {}
    for name, load in _SETS.items():
        reference, analysis, roles = load()
        documents[name] = {
            "licence": LICENCES[name],
            "chunk_rows": CHUNK_ROWS,
            **_estimates(reference, analysis, roles),
        }
        arrays |= _counted(name, reference, analysis, roles)
    made = {"nannyml": REQUIREMENTS[0], "score_steps": SCORE_STEPS, "sets": documents}
    out.write_text(json.dumps(made, indent=1) + "\n")
    np.savez_compressed(out.with_suffix(".npz"), **arrays)


def _nannyml() -> Any:
    return importlib.import_module("nannyml")


def _census() -> tuple[Frame, Frame, Mapping[str, Any]]:
    reference, analysis, targets = _nannyml().load_us_census_ma_employment_data()
    roles = {
        "target": "employed",
        "prediction": "prediction",
        "scores": {1: "predicted_probability"},
        "classes": (0, 1),
    }
    return reference, analysis.merge(targets, on="id"), roles


def _car_loan() -> tuple[Frame, Frame, Mapping[str, Any]]:
    reference, analysis, targets = _nannyml().load_synthetic_car_loan_dataset()
    roles = {
        "target": "repaid",
        "prediction": "y_pred",
        "scores": {1: "y_pred_proba"},
        "classes": (0, 1),
    }
    return reference, analysis.merge(targets, on="id"), roles


def _credit() -> tuple[Frame, Frame, Mapping[str, Any]]:
    loaded = _nannyml().load_synthetic_multiclass_classification_dataset()
    reference, analysis, targets = loaded
    roles = {
        "target": "y_true",
        "prediction": "y_pred",
        "scores": {name: f"y_pred_proba_{name}" for name in CREDIT_CLASSES},
        "classes": CREDIT_CLASSES,
    }
    return reference, analysis.merge(targets, on="id"), roles


_SETS = {"census": _census, "car_loan": _car_loan, "credit": _credit}


def _estimates(reference: Frame, analysis: Frame, roles: Mapping[str, Any]) -> dict[str, Any]:
    """CBPE's estimates and the realised values, a list of chunks for each metric."""
    binary = len(roles["classes"]) == 2
    scores = roles["scores"]
    cbpe = _nannyml().CBPE(
        y_pred_proba=scores[1] if binary else dict(scores),
        y_pred=roles["prediction"],
        y_true=roles["target"],
        problem_type="classification_binary" if binary else "classification_multiclass",
        metrics=list(METRICS),
        chunk_size=CHUNK_ROWS,
    )
    cbpe.fit(reference)
    found = cbpe.estimate(analysis).filter(period="analysis").to_df()
    return {
        "calibrated": bool(cbpe.needs_calibration) if binary else True,
        "estimated": {m: found[m]["value"].astype(float).round(6).tolist() for m in METRICS},
        "realised": {m: found[m]["realized"].astype(float).round(6).tolist() for m in METRICS},
        "standard_error": {
            m: found[m]["sampling_error"].astype(float).round(6).tolist() for m in METRICS
        },
    }


def _counted(
    name: str, reference: Frame, analysis: Frame, roles: Mapping[str, Any]
) -> dict[str, Any]:
    """Equal rows and their number: chunk (-1 is the reference), classes, thousandths of scores."""
    columns = []
    for frame, first in ((reference, -1), (analysis, 0)):
        chunk = np.full(len(frame), first) if first else np.arange(len(frame)) // CHUNK_ROWS
        codes = [
            np.searchsorted(roles["classes"], frame[roles[role]])
            for role in ("target", "prediction")
        ]
        steps = [
            np.minimum(frame[score].to_numpy() * SCORE_STEPS + 1e-9, SCORE_STEPS).astype(int)
            for score in roles["scores"].values()
        ]
        columns.append(np.column_stack([chunk, *codes, *steps]))
    rows, counts = np.unique(np.concatenate(columns), axis=0, return_counts=True)
    table = np.column_stack([rows, counts]).astype(np.int16)
    return {name: np.ascontiguousarray(table.T)}


if __name__ == "__main__":
    main(sys.argv[1])
