"""What a window of 1,000 rows of 50 floats weighs: our report, whylogs' profile, and the rows.

Ours is the whole export (envelope, prediction and score with it); the others hold the features.
"""

from __future__ import annotations

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq

from tests.bench.data import dicts
from tests.bench.fold import prepare_whylogs
from tests.bench.model import SCORED, Rows, Subject
from tests.bench.plan import Figures, Plan
from tests.bench.report import report_bytes

ROWS = 1_000


def measure_window(plan: Plan) -> Figures:
    """Sizes in bytes."""
    subject, rows = Subject.of(SCORED), Rows.of(SCORED, ROWS)
    batch = rows.batch(subject)
    with plan.stage("weigh a window of 1,000 rows"):
        figures: Figures = {
            "window_bytes": len(report_bytes(subject, batch, deflate=False)),
            "deflated_window_bytes": len(report_bytes(subject, batch, deflate=True)),
            "parquet_window_bytes": _parquet_bytes(rows),
            "json_window_bytes": _json_bytes(rows),
        }
        if plan.whylogs is not None:
            figures["whylogs_window_bytes"] = prepare_whylogs(plan.whylogs, SCORED, rows)
    return figures


def _parquet_bytes(rows: Rows) -> int:
    """The rows as Parquet with pyarrow's own settings; missing values are nulls."""
    arrays = [pa.array(column, from_pandas=True) for column in rows.features.values()]
    target = io.BytesIO()
    pq.write_table(pa.table(arrays, names=list(rows.features)), target)
    return len(target.getvalue())


def _json_bytes(rows: Rows) -> int:
    """The rows as one line of JSON each."""
    return sum(len(json.dumps(row)) + 1 for row in dicts(rows.features))
