"""Train the demo's model on the reference rows marked "train" and export it as ONNX.

The model is a scikit-learn GradientBoostingClassifier that predicts `employed`. The ONNX file takes
one float32 input, `features` [rows, 16], in the order of the feature columns in the Parquet files,
and returns `label` [rows] (int64) and `probabilities` [rows, 2] (float32), the second column being
the probability of "employed".

The data has no missing values and the model knows no way to treat one, so a missing value raises
here instead of being filled. Category codes are fed as plain numbers: trees need no more.
Guarantees: on the test rows the ONNX file and scikit-learn differ by at most 1e-5, or nothing is
written; the same data and library versions give the same bytes.

Needs pyarrow, scikit-learn, skl2onnx and onnxruntime; the demo itself needs only the last.
Run: python deploy/demo/make_model.py
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import accuracy_score, roc_auc_score

HERE = Path(__file__).parent
NOT_FEATURES = frozenset({"year", "employed", "split"})
FEATURE_COUNT = 16
SEED = 2015
TARGET_OPSET = {"": 17, "ai.onnx.ml": 3}
PROBABILITY_DIFFERENCE_MAX = 1e-5


@dataclass(frozen=True, slots=True)
class Rows:
    """Features float32 [rows, 16] and targets int64 [rows] (0 or 1) of a named part of the data."""

    name: str
    features: npt.NDArray[np.float32]
    targets: npt.NDArray[np.int64]


def rows_where(table: pa.Table, column: str, value: str | int) -> Rows:
    """The rows whose `column` holds `value`; raises ValueError when a feature or target misses."""
    part = table.filter(pc.equal(table[column], value))
    missing = [name for name in part.column_names if part[name].null_count]
    if missing:
        raise ValueError(f"{column}={value}: missing values in {', '.join(missing)}")

    names = [name for name in part.column_names if name not in NOT_FEATURES]
    if len(names) != FEATURE_COUNT:
        raise ValueError(f"expected {FEATURE_COUNT} feature columns, found {len(names)}: {names}")
    features = np.column_stack([part[name].to_numpy().astype(np.float32) for name in names])
    return Rows(f"{column} {value}", features, part["employed"].to_numpy().astype(np.int64))


def train(rows: Rows) -> GradientBoostingClassifier:
    model = GradientBoostingClassifier(
        n_estimators=100, max_depth=4, learning_rate=0.1, subsample=0.8, random_state=SEED
    )
    print(f"training on {len(rows.targets):,} rows (about 10 seconds)")
    return model.fit(rows.features, rows.targets)


def export(model: GradientBoostingClassifier) -> bytes:
    """The model as ONNX bytes; the graph is named, as the default name would be random."""
    exported = to_onnx(
        model,
        initial_types=[("features", FloatTensorType([None, FEATURE_COUNT]))],
        name="employed",
        options={id(model): {"zipmap": False}},
        target_opset=TARGET_OPSET,
    )
    content: bytes = exported.SerializeToString(deterministic=True)
    return content


def predict(session: ort.InferenceSession, rows: Rows) -> npt.NDArray[np.float32]:
    """The probability of "employed" for each row, by the exported model."""
    outputs = session.run(["label", "probabilities"], {"features": rows.features})
    probabilities: npt.NDArray[np.float32] = outputs[1][:, 1]
    return probabilities


def check_parity(
    model: GradientBoostingClassifier, session: ort.InferenceSession, rows: Rows
) -> None:
    """Raise ValueError unless ONNX Runtime gives scikit-learn's probabilities."""
    expected = model.predict_proba(rows.features)[:, 1]
    difference = float(np.abs(predict(session, rows) - expected).max())
    print(f"largest difference to scikit-learn on {rows.name}: {difference:.1e}")
    if difference > PROBABILITY_DIFFERENCE_MAX:
        raise ValueError(f"the exported model is off by {difference:.1e}; nothing was written")


def print_quality(session: ort.InferenceSession, parts: list[Rows]) -> None:
    print(f"{'part':<12}{'rows':>8}{'employed':>10}{'accuracy':>10}{'AUROC':>8}")
    for rows in parts:
        scores = predict(session, rows)
        accuracy = accuracy_score(rows.targets, scores > 0.5)
        auroc = roc_auc_score(rows.targets, scores)
        share = rows.targets.mean()
        print(f"{rows.name:<12}{len(scores):>8,}{share:>10.4f}{accuracy:>10.4f}{auroc:>8.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the demo's model and export it as ONNX.")
    parser.add_argument("--data", type=Path, default=HERE / "data", help="folder of the data")
    parser.add_argument("--out", type=Path, default=HERE / "model.onnx", help="file to write")
    arguments = parser.parse_args()

    reference = pq.read_table(arguments.data / "reference.parquet")
    live = pq.read_table(arguments.data / "live.parquet")
    training = rows_where(reference, "split", "train")
    test = rows_where(reference, "split", "test")
    years = pc.unique(live["year"]).to_pylist()

    model = train(training)
    content = export(model)
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    check_parity(model, session, test)
    arguments.out.write_bytes(content)
    print(f"{arguments.out}: {len(content) / 1e3:,.0f} kB")
    print_quality(session, [training, test, *(rows_where(live, "year", year) for year in years)])


if __name__ == "__main__":
    main()
