"""What the REST tests share: a hub that knows the model, and a way to send it rows."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest

from tests.hub.conftest import Bench, Hub
from whitebox_wire.codec import decode_response, encode_bundle, encode_request
from whitebox_wire.layout import Section
from whitebox_wire.messages import SketchDelta

DEADLINE_S = 30.0

Send = Callable[..., None]


@pytest.fixture
def known(hub: Hub, bench: Bench) -> Hub:
    """A hub with the model `income` and its default monitors."""
    answer = hub.call("POST", "/v1/specs", encode_bundle(bench.bundle))
    assert answer.status == 201, answer
    return hub


@pytest.fixture
def send(known: Hub, bench: Bench) -> Iterator[Send]:
    """`send(window, shift=0.0, rows=500)` exports a window's rows with labels, acknowledged."""
    sequence = itertools.count(1)
    with grpc.insecure_channel(known.grpc) as channel:
        export = channel.unary_unary("/whitebox_wire.v1.Ingest/Export")

        def deliver(*windows: int, shift: float = 0.0, rows: int = 500) -> None:
            deltas: list[SketchDelta] = []
            for window in windows:
                drawn = bench.rows(rows, seed=window, age_shift=shift)
                deltas += [
                    bench.delta(bench.features(drawn), window=window),
                    bench.delta(bench.labels(drawn), window=window, section=Section.LABELS),
                ]
            request = bench.report(deltas, sequence=next(sequence))
            data = export(encode_request(request), timeout=DEADLINE_S, wait_for_ready=True)
            assert not decode_response(data).rejections

        yield deliver


def until(hub: Hub, path: str, holds: Callable[[Any], bool]) -> Any:
    """The document of a path as soon as it is as it should be."""
    end = time.monotonic() + DEADLINE_S
    while not holds(document := hub.get(path)):
        assert time.monotonic() < end, document
        time.sleep(0.01)
    return document
