"""What the store's contract tests share. An adapter joins by one line in `STORES`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from whitebox_hub.alert import Alert, DeviceShare, State
from whitebox_hub.monitor import Monitor, Severity
from whitebox_hub.store import (
    Group,
    ModelRecord,
    Partial,
    Position,
    Receipt,
    Store,
    Stream,
    Window,
)
from whitebox_hub.store.sqlite import MEMORY, open_sqlite
from whitebox_wire.codec import Reference, SpecBundle, encode_spec
from whitebox_wire.layout import Layout, Section
from whitebox_wire.messages import (
    Dataset,
    DropReason,
    ModelLedger,
    Rejection,
    RowLedger,
)
from whitebox_wire.spec import (
    CategoricalBins,
    Feature,
    ModelKind,
    ModelSpec,
    NumericBins,
    Prediction,
    Target,
)
from whitebox_wire.stored import peak, vector_bytes
from whitebox_wire.vector import IntVector

STORES = ("sqlite on disk", "sqlite in memory")

SPEC = ModelSpec(
    model_id="m",
    kind=ModelKind.BINARY,
    features=(
        Feature("x", NumericBins((0.0, 1.0, 2.0), 1.0, 1.0)),
        Feature("c", CategoricalBins(("a", "b"))),
    ),
    prediction=Prediction("p", classes=("no", "yes")),
    target=Target("y"),
).check()
LAYOUT = Layout.of(SPEC)
CELLS = LAYOUT.sizes[Section.FEATURES].cells
TRAINING = Reference(Dataset.TRAINING, 9, {Section.FEATURES: np.arange(CELLS)})
BUNDLE = SpecBundle(SPEC, encode_spec(SPEC), (TRAINING,))
MODEL = ModelRecord(
    "m", "M", "binary", "y", "1H", "of a test", {"no": 0}, BUNDLE.digest, 1_000, 2_000
)
MONITOR = Monitor("w", "m", "watch", "accuracy", lower_threshold=0.5, created_ms=1, updated_ms=2)
EDGE = Stream("edge", 2**64 - 1)
LEDGER = ModelLedger("m", RowLedger(9, 8, 5, 1, {DropReason.DISK_FULL: 3}), RowLedger())
ALERT = Alert(
    fingerprint="f",
    monitor_id="w",
    model_id="m",
    metric="accuracy",
    feature=None,
    segment=0,
    severity=Severity.HIGH,
    state=State.FIRING,
    since_s=0,
    window_s=3_600,
    violated_s=3_600,
    length_s=3_600,
    violated_windows=2,
    good_windows=0,
    value=0.25,
    threshold=0.5,
    p_value=None,
    rows=9,
    reason="below",
    started_ms=5,
    updated_ms=6,
    drivers=("x: group 1 to 2 rose from 1.0 % to 9.0 %",),
    devices=(DeviceShare("edge", 7, 0.75),),
)


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    path = str(tmp_path / "hub.db") if request.param == "sqlite on disk" else MEMORY
    with open_sqlite(path) as opened:
        opened.records.put_bundle(MODEL, BUNDLE, [MONITOR])
        yield opened


def window(start_s: int = 0) -> Window:
    return Window("m", BUNDLE.digest, 0, start_s, 3_600)


def partial(vector: IntVector, start_s: int = 0, *, rows: int = 1) -> Partial:
    data = vector_bytes(vector, LAYOUT.sizes[Section.FEATURES])
    return Partial(window(start_s), Section.FEATURES, rows, peak(vector), data)


def group(*partials: Partial, sequence: int = 1, rejections: tuple[Rejection, ...] = ()) -> Group:
    receipt = Receipt(
        stream=EDGE,
        expected=sequence - 1,
        position=Position(sequence, rejections),
        seen_ms=1_000 * sequence,
        version="1",
        ledgers=(LEDGER,),
        rows=4,
        labelled_rows=2,
        received_bytes=100,
    )
    return Group((receipt,), partials, {p.window: p.window.end_s + 60 for p in partials})


def vector(seed: int) -> IntVector:
    return np.random.default_rng(seed).integers(-(2**40), 2**40, CELLS)
