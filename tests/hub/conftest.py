"""What the hub's shell tests share: a small model, rows folded by hand, reports, a store, a hub.

The folding here is written anew, plainly, from the layout alone: it is the oracle for the agent's
fast one as well as a source of vectors.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.hub.served import Answer, Clock, Hub
from whitebox_hub.config import Config
from whitebox_hub.ingest.group import KnownSpec, Report, plan, window_of
from whitebox_hub.store import ModelRecord, Store
from whitebox_hub.store.contexts import context_of
from whitebox_hub.store.sqlite import open_sqlite
from whitebox_wire.codec import Reference, SpecBundle, encode_spec
from whitebox_wire.layout import (
    CategoricalBlock,
    ClassLabelBlock,
    ClassPredictionBlock,
    Layout,
    NumericBlock,
    Section,
)
from whitebox_wire.messages import (
    Dataset,
    ExportRequest,
    ModelLedger,
    RowLedger,
    SketchDelta,
    WindowKey,
)
from whitebox_wire.packing import pack
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
from whitebox_wire.vector import ONE, FloatArray, IntVector, zeros

# Tests find these here, wherever they are made.
__all__ = [
    "HOUR_S",
    "JOBS",
    "START_S",
    "Answer",
    "Bench",
    "Clock",
    "Hub",
    "Ingest",
    "Rows",
    "model_record",
]

HOUR_S = 3_600
# 2026-01-01T00:00:00Z
START_S = 1_767_225_600
JOBS = ("clerk", "driver", "nurse")


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of the model: numbers (NaN is missing), places in JOBS, scores, targets."""

    age: FloatArray
    job: IntVector
    score: FloatArray
    target: IntVector

    @staticmethod
    def draw(rng: np.random.Generator, count: int, *, age_shift: float = 0.0) -> Rows:
        """Rows of one population; `age_shift` moves it by so many standard deviations."""
        age = rng.normal(40 + 10 * age_shift, 10, count)
        score = rng.uniform(0, 1, count)
        return Rows(
            np.where(rng.uniform(size=count) < 0.02, np.nan, age),
            rng.choice(3, count, p=(0.5, 0.3, 0.2)),
            score,
            (rng.uniform(0, 1, count) < score).astype(np.int64),
        )


@dataclass(frozen=True, slots=True)
class Bench:
    """A registered model's spec, and the means to make vectors, deltas and reports of it."""

    bundle: SpecBundle
    layout: Layout

    @property
    def spec(self) -> ModelSpec:
        return self.bundle.spec

    @property
    def known(self) -> KnownSpec:
        """The spec as ingest knows it."""
        context = context_of(self.bundle, 0)
        return KnownSpec(context.spec, context.layout, context.baseline)

    @staticmethod
    def start_s(window: int = 0) -> int:
        """The start of the n-th window of 2026."""
        return START_S + window * HOUR_S

    @staticmethod
    def rows(count: int, *, seed: int = 0, age_shift: float = 0.0) -> Rows:
        return Rows.draw(np.random.default_rng(seed), count, age_shift=age_shift)

    def features(self, rows: Rows) -> IntVector:
        vector = zeros(self.layout, Section.FEATURES)
        vector[self.layout.rows] = rows.age.size
        age, job = self.layout.features
        assert isinstance(age, NumericBlock)
        assert isinstance(job, CategoricalBlock)
        bins = self.spec.features[0].bins
        assert isinstance(bins, NumericBins)
        there = rows.age[~np.isnan(rows.age)]
        cells = np.searchsorted(bins.edges, there, side="right")
        vector[age.bins] = np.bincount(cells, minlength=bins.cells)
        vector[age.missing] = rows.age.size - there.size
        z = (there - bins.centre) / bins.scale
        vector[age.s1], vector[age.s2] = np.rint(z * ONE).sum(), np.rint(z * z * ONE).sum()
        vector[job.bins] = np.bincount(rows.job, minlength=len(JOBS) + 2)
        self._predictions(vector, rows)
        return vector

    def _predictions(self, vector: IntVector, rows: Rows) -> None:
        block = self.layout.prediction
        assert isinstance(block, ClassPredictionBlock)
        predicted = rows.score >= 0.5
        vector[block.predicted] = np.bincount(predicted.astype(int), minlength=2)
        [scores] = block.scores
        for chosen, bins, mass in (
            (predicted, scores.bins, scores.mass),
            (~predicted, scores.other_bins, scores.other_mass),
        ):
            cells = (rows.score[chosen] * 10).astype(int)
            vector[bins] = np.bincount(cells, minlength=10)
            fixed = np.rint(rows.score[chosen] * ONE)
            vector[mass] = np.bincount(cells, weights=fixed, minlength=10).astype(np.int64)

    def labels(self, rows: Rows) -> IntVector:
        vector = zeros(self.layout, Section.LABELS)
        block = self.layout.labels
        assert isinstance(block, ClassLabelBlock)
        predicted = (rows.score >= 0.5).astype(int)
        vector[block.rows] = vector[block.scored] = rows.score.size
        vector[block.confusion] = np.bincount(rows.target * 2 + predicted, minlength=4)
        vector[block.targets] = np.bincount(rows.target, minlength=2)
        cells = (rows.score * 10).astype(int)
        vector[block.positives[0]] = np.bincount(cells[rows.target == 1], minlength=10)
        vector[block.negatives[0]] = np.bincount(cells[rows.target == 0], minlength=10)
        return vector

    def delta(
        self,
        vector: IntVector,
        *,
        window: int = 0,
        section: Section = Section.FEATURES,
        segment: int = 0,
    ) -> SketchDelta:
        start_s = self.start_s(window)
        key = WindowKey(self.spec.model_id, self.bundle.digest, segment, start_s, section)
        packed = pack(vector, self.layout.sizes[section])
        return SketchDelta(key, int(vector[0]), packed, HOUR_S)

    def report(
        self,
        deltas: Sequence[SketchDelta],
        *,
        sequence: int = 1,
        agent: str = "edge-1",
        epoch: int = 7,
    ) -> ExportRequest:
        rows = sum(d.rows for d in deltas if d.key.section is Section.FEATURES)
        ledger = ModelLedger(self.spec.model_id, RowLedger(rows, rows, 0, rows), RowLedger())
        return ExportRequest(agent, epoch, sequence, tuple(deltas), (ledger,), 0, "0.1.0")


def _spec() -> ModelSpec:
    return ModelSpec(
        model_id="income",
        kind=ModelKind.BINARY,
        features=(
            Feature("age", NumericBins(tuple(float(e) for e in range(15, 70, 5)), 40.0, 10.0)),
            Feature("job", CategoricalBins(JOBS)),
        ),
        prediction=Prediction(
            "prediction", classes=("no", "yes"), score_columns=("score",), score_bins=10
        ),
        target=Target("y"),
        window=WindowPolicy(granularity_s=HOUR_S, lateness_s=60),
    ).check()


@pytest.fixture
def bench() -> Bench:
    """The model `income`, with a training set of 20,000 rows as its reference."""
    spec = _spec()
    layout = Layout.of(spec)
    bare = Bench(SpecBundle(spec, encode_spec(spec), ()), layout)
    rows = Rows.draw(np.random.default_rng(1), 20_000)
    vectors = {Section.FEATURES: bare.features(rows), Section.LABELS: bare.labels(rows)}
    training = Reference(Dataset.TRAINING, 20_000, vectors)
    return Bench(SpecBundle(spec, bare.bundle.spec_bytes, (training,)), layout)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_sqlite(str(tmp_path / "hub.db")) as opened:
        yield opened


def model_record(bundle: SpecBundle) -> ModelRecord:
    spec = bundle.spec
    return ModelRecord(
        spec.model_id, "Income", spec.kind.value, spec.target.column, "1H", digest=bundle.digest
    )


@pytest.fixture
def registered(store: Store, bench: Bench) -> Store:
    """A store that knows the model and no monitors."""
    store.records.put_bundle(model_record(bench.bundle), bench.bundle, [])
    return store


Ingest = Callable[..., None]


@pytest.fixture
def ingest(registered: Store, bench: Bench) -> Ingest:
    """`ingest(*deltas, agent="edge-1")` commits one report of them."""
    sequences: dict[str, itertools.count[int]] = {}

    def commit(*deltas: SketchDelta, agent: str = "edge-1") -> None:
        sequence = next(sequences.setdefault(agent, itertools.count(1)))
        report = Report(bench.report(deltas, sequence=sequence, agent=agent), 100)
        done = plan(
            [report],
            registered.sketches.positions([report.stream]),
            {bench.bundle.digest: bench.known},
            registered.sketches.peaks({window_of(delta) for delta in deltas}),
            registered.fleet.known(report.device_keys),
            0,
        )
        registered.sketches.commit(done.group)

    return commit


@pytest.fixture
def hub(tmp_path: Path, clock: Clock) -> Iterator[Hub]:
    """A hub on free ports that ticks every 10 ms, with an empty store on disk."""
    config = Config(
        http_address="127.0.0.1:0",
        grpc_address="127.0.0.1:0",
        store_path=str(tmp_path / "served.db"),
        tick_interval_ms=10,
        ingest_group_wait_ms=0,
    )
    served = Hub(config, clock)
    thread = threading.Thread(target=served.run)
    thread.start()
    try:
        served.wait()
        yield served
    finally:
        served.stop()
        thread.join()
