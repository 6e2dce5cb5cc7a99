"""A hub that is killed has every row it acknowledged, and counts none of them twice."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import numpy as np
import pytest

from whitebox_wire.codec import (
    SpecBundle,
    decode_response,
    encode_bundle,
    encode_request,
    encode_spec,
)
from whitebox_wire.layout import Layout, Section
from whitebox_wire.messages import ExportRequest, SketchDelta, WindowKey
from whitebox_wire.packing import pack
from whitebox_wire.spec import Feature, ModelKind, ModelSpec, NumericBins, Prediction, Target
from whitebox_wire.vector import zeros

DEADLINE_S = 30.0
ROWS_EACH = 10


@dataclass(frozen=True)
class Hub:
    """A hub as a process of its own."""

    process: subprocess.Popen[str]
    http: str
    grpc: str

    def kill(self) -> None:
        """SIGKILL: nothing is drained and nothing is closed."""
        self.process.kill()
        self.process.wait(DEADLINE_S)

    def rows(self) -> int:
        with urllib.request.urlopen(f"{self.http}/v1/models/m", timeout=DEADLINE_S) as answer:
            rows: int = json.load(answer)["totals"]["rows"]
            return rows

    def register(self, bundle: SpecBundle) -> None:
        request = urllib.request.Request(f"{self.http}/v1/specs", encode_bundle(bundle))
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
            assert answer.status == 201


@contextmanager
def _hub(store: Path) -> Iterator[Hub]:
    arguments = ["--store", str(store), "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"]
    process = subprocess.Popen(
        [sys.executable, "-m", "whitebox_hub.cli", "serve", *arguments],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = dict(part.split("=", 1) for part in process.stdout.readline().split()[2:])
        yield Hub(process, said["http"], said["grpc"])
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def bundle() -> SpecBundle:
    spec = ModelSpec(
        model_id="m",
        kind=ModelKind.BINARY,
        features=(Feature("x", NumericBins((0.0, 1.0, 2.0), 1.0, 1.0)),),
        prediction=Prediction("p", classes=("no", "yes")),
        target=Target("y"),
    ).check()
    return SpecBundle(spec, encode_spec(spec), ())


def _request(bundle: SpecBundle, sequence: int) -> bytes:
    layout = Layout.of(bundle.spec)
    vector = zeros(layout, Section.FEATURES)
    vector[layout.rows] = ROWS_EACH
    vector[layout.features[0].bins] = np.bincount([sequence % 4] * ROWS_EACH, minlength=4)
    key = WindowKey("m", bundle.digest, 0, 3_600 * (sequence % 3), Section.FEATURES)
    packed = pack(vector, layout.sizes[Section.FEATURES])
    delta = SketchDelta(key, ROWS_EACH, packed, 3_600)
    return encode_request(ExportRequest("edge", 1, sequence, (delta,), (), 0, "0.1.0"))


def _export(address: str, data: bytes) -> int:
    """The sequence that the hub acknowledges."""
    with grpc.insecure_channel(address) as channel:
        export = channel.unary_unary("/whitebox_wire.v1.Ingest/Export")
        answer = export(data, timeout=DEADLINE_S, wait_for_ready=True)
    return decode_response(answer).acked_sequence


def test_a_hub_killed_after_an_acknowledgement_has_the_rows(
    tmp_path: Path, bundle: SpecBundle
) -> None:
    store = tmp_path / "hub.db"
    with _hub(store) as hub:
        hub.register(bundle)
        acknowledged = [_export(hub.grpc, _request(bundle, sequence)) for sequence in range(1, 8)]
        hub.kill()

    with _hub(store) as hub:
        assert acknowledged == list(range(1, 8))
        assert hub.rows() == 7 * ROWS_EACH


def test_a_report_whose_answer_was_lost_with_the_hub_counts_once(
    tmp_path: Path, bundle: SpecBundle
) -> None:
    store = tmp_path / "hub.db"
    with _hub(store) as hub:
        hub.register(bundle)
        _export(hub.grpc, _request(bundle, 1))
        hub.kill()

    with _hub(store) as hub:
        assert _export(hub.grpc, _request(bundle, 1)) == 1
        assert _export(hub.grpc, _request(bundle, 2)) == 2
        assert hub.rows() == 2 * ROWS_EACH


def test_a_hub_killed_while_reports_stream_in_has_all_that_it_acknowledged(
    tmp_path: Path, bundle: SpecBundle
) -> None:
    store = tmp_path / "hub.db"
    with _hub(store) as hub:
        hub.register(bundle)
        with grpc.insecure_channel(hub.grpc) as channel:
            export = channel.unary_unary("/whitebox_wire.v1.Ingest/Export")
            acknowledged = 0
            for sequence in range(1, 1_000):
                if sequence == 100:
                    hub.process.kill()
                try:
                    answer = export(_request(bundle, sequence), timeout=DEADLINE_S)
                except grpc.RpcError:
                    break
                acknowledged = decode_response(answer).acked_sequence
        hub.kill()

    with _hub(store) as hub:
        # The last report may be in the store though its answer was lost; nothing else may.
        assert 0 <= hub.rows() // ROWS_EACH - acknowledged <= 1
        assert acknowledged >= 99
        assert _export(hub.grpc, _request(bundle, acknowledged + 1)) == acknowledged + 1
        assert hub.rows() == (acknowledged + 1) * ROWS_EACH
