"""The model of the chaos tests, its rows, and what one pass over them gives.

Every call's rows lie in a window of their own, an hour named after the call's number. So the hub's
vector of that hour says on its own whether the call counted not at all, once, or otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from whitebox_agent.fold import ModelFold
from whitebox_agent.table import Encoder, Table
from whitebox_wire.codec import SpecBundle, encode_bundle, encode_spec, spec_digest
from whitebox_wire.layout import Section
from whitebox_wire.messages import Codes, InferenceBatch, LabelBatch
from whitebox_wire.spec import (
    CategoricalBins,
    Feature,
    ModelKind,
    ModelSpec,
    NumericBins,
    Prediction,
    Target,
    WindowPolicy,
)
from whitebox_wire.vector import IntVector

HOUR_S = 3_600
# 2016-01-01T00:00:00Z, far from any clock that may stamp rows.
FIRST_S = 1_451_606_400
JOBS = ("clerk", "driver", "nurse")
SPEC = ModelSpec(
    model_id="chaos",
    kind=ModelKind.BINARY,
    features=(
        Feature("age", NumericBins(tuple(float(e) for e in range(15, 70, 5)), 40.0, 10.0)),
        Feature("pay", NumericBins(tuple(float(e) for e in range(0, 200, 4)), 50.0, 30.0)),
        Feature("job", CategoricalBins(JOBS)),
    ),
    prediction=Prediction(
        "prediction", classes=("no", "yes"), score_columns=("score",), score_bins=10
    ),
    target=Target("y"),
    window=WindowPolicy(granularity_s=HOUR_S, lateness_s=60),
).check()
SPEC_BYTES = encode_spec(SPEC)
DIGEST = spec_digest(SPEC_BYTES)
FOLD = ModelFold(SPEC)


@dataclass(frozen=True)
class Call:
    """The rows of one call: known from its number and the seed, so that nobody must keep them."""

    seed: int
    number: int

    @cached_property
    def batch(self) -> InferenceBatch:
        rng = np.random.default_rng([self.seed, self.number])
        rows = int(rng.integers(1, 200))
        age = rng.normal(40.0, 10.0, rows)
        age[rng.uniform(size=rows) < 0.02] = np.nan
        start_ms = self.start_s * 1_000
        return InferenceBatch(
            SPEC.model_id,
            rows,
            {
                "age": age,
                "pay": rng.exponential(50.0, rows),
                "job": Codes(rng.integers(-1, 3, rows).astype(np.int32), JOBS),
                "prediction": Codes(rng.integers(0, 2, rows).astype(np.int32), ("no", "yes")),
                "score": rng.uniform(size=rows),
            },
            0,
            tuple(f"{self.number}-{i}" for i in range(rows)),
            start_ms + rng.integers(0, HOUR_S * 1_000, rows),
        )

    @property
    def start_s(self) -> int:
        return FIRST_S + HOUR_S * self.number

    @cached_property
    def labels(self) -> LabelBatch:
        rng = np.random.default_rng([self.seed, self.number, 1])
        classes = rng.integers(0, 2, self.batch.rows).astype(np.int32)
        return LabelBatch(SPEC.model_id, self.batch.ids, Codes(classes, ("no", "yes")), 0)

    def folded(self) -> dict[Section, IntVector]:
        """The sums of one pass over the rows and their labels, in this process."""
        encoder = Encoder(SPEC, DIGEST)
        batch = encoder.batch(Table(self.batch.rows, self.batch.columns), received_ms=0)
        targets = encoder.labels(self.batch.ids, self.labels.labels, received_ms=0).labels
        return {
            Section.FEATURES: FOLD.features(batch),
            Section.LABELS: FOLD.labels(FOLD.predictions(batch), targets),
        }


def write_spec(folder: Path) -> Path:
    path = folder / "chaos.spec"
    path.write_bytes(encode_bundle(SpecBundle(SPEC, SPEC_BYTES, ())))
    return path
