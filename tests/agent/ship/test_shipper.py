"""Shipping against a hub in this process that behaves, misbehaves or is away."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from whitebox_agent.buffer import Buffer, Fold, RowBatch, Stream, Sum
from whitebox_agent.buffer.sqlite import open_sqlite
from whitebox_agent.clock import Clock
from whitebox_agent.models import Models
from whitebox_agent.ship import HubError
from whitebox_agent.ship.shipper import ShipLimits, Shipper
from whitebox_wire.codec import encode_spec, spec_digest
from whitebox_wire.layout import Layout, Section
from whitebox_wire.messages import (
    DropReason,
    ExportRequest,
    ExportResponse,
    Rejection,
    RejectReason,
    RowLedger,
    SpecRef,
    WindowKey,
)
from whitebox_wire.packing import unpack
from whitebox_wire.spec import ModelSpec
from whitebox_wire.vector import IntVector, zeros

NOW_MS = 1_767_225_600_000
QUICK = ShipLimits(poll_s=0.01, heartbeat_s=3_600.0, hold_s=0.0)
WAIT_S = 20.0


@dataclass
class LocalHub:
    """A hub of a few lines: counts each sequence once, and does what `script` says first.

    A script's entry is called with the request; it may raise, or give an answer of its own.
    """

    layout: Layout
    specs: dict[SpecRef, bytes] = field(default_factory=dict)
    script: list[Callable[[ExportRequest], ExportResponse | None]] = field(default_factory=list)
    refuse: RejectReason | None = None
    last: Counter[int] = field(default_factory=Counter)
    requests: list[ExportRequest] = field(default_factory=list)
    total: IntVector = field(default_factory=lambda: np.zeros(0, np.int64))

    def export(self, request: ExportRequest) -> ExportResponse:
        self.requests.append(request)
        if self.script:
            answer = self.script.pop(0)(request)
            if answer is not None:
                return answer
        rejections: tuple[Rejection, ...] = ()
        if request.sequence == self.last[request.epoch] + 1:
            self.last[request.epoch] += 1
            rejections = self._add(request)
        position = self.last[request.epoch]
        refs = tuple(self.specs)
        return ExportResponse(position, position + 1, NOW_MS, rejections, specs=refs)

    def _add(self, request: ExportRequest) -> tuple[Rejection, ...]:
        if self.refuse is not None:
            reason = self.refuse
            return tuple(Rejection(i, reason, "no") for i in range(len(request.deltas)))
        for delta in request.deltas:
            vector = unpack(delta.vector, self.layout.sizes[delta.key.section])
            self.total = vector if not self.total.size else self.total + vector
        return ()

    def spec(self, wanted: SpecRef) -> bytes | None:
        for ref, data in self.specs.items():
            if ref.model_id == wanted.model_id and wanted.digest in (b"", ref.digest):
                return data
        return None

    def close(self) -> None:
        pass


@pytest.fixture
def buffer(tmp_path: Path) -> Iterator[Buffer]:
    with open_sqlite(tmp_path / "agent.db", "edge-1", 7) as found:
        yield found


@pytest.fixture
def hub(binary_spec: ModelSpec) -> LocalHub:
    return LocalHub(Layout.of(binary_spec))


@pytest.fixture
def fill(buffer: Buffer, binary_spec: ModelSpec) -> Callable[[int], IntVector]:
    """Put the sum of some rows into the outbox, each in a window of its own."""
    data = encode_spec(binary_spec)
    layout = Layout.of(binary_spec)
    size = layout.sizes[Section.FEATURES]

    def put(windows: int) -> IntVector:
        whole = zeros(layout, Section.FEATURES)
        for i in range(windows):
            vector = zeros(layout, Section.FEATURES)
            vector[layout.rows], vector[-1] = 3, -i
            key = WindowKey("income", spec_digest(data), 0, i * 3_600, Section.FEATURES)
            buffer.rows.append([RowBatch("income", Stream.INFERENCES, 3, b"", 0)], [])
            step = Fold(buffer.rows.waiting(3), [Sum(key, 3_600, 3, size, vector, ready_ms=0)])
            buffer.rows.fold(step)
            whole += vector
        return whole

    return put


def shipped(
    buffer: Buffer, hub: LocalHub, until: Callable[[], bool], models: Sequence[str] = ()
) -> Shipper:
    """Run a shipper until something is so."""
    known = Models(buffer.specs, models)
    clock = Clock(lambda: NOW_MS, lambda: time.monotonic_ns() // 1_000_000)
    shipper = Shipper(buffer, known, hub, limits=QUICK, clock=clock)
    shipper.start()
    try:
        assert shipper.wait_until(until, WAIT_S)
    finally:
        shipper.stop()
        shipper.join()
    return shipper


def inferences(buffer: Buffer) -> RowLedger:
    return buffer.books.read().ledgers[0].inferences


def is_empty(buffer: Buffer) -> Callable[[], bool]:
    return lambda: buffer.books.read().outbox_items == 0


def test_everything_arrives_once_and_the_books_balance(
    buffer: Buffer, hub: LocalHub, fill: Callable[[int], IntVector]
) -> None:
    whole = fill(5)

    shipped(buffer, hub, is_empty(buffer))

    assert np.array_equal(hub.total, whole)
    assert inferences(buffer) == RowLedger(15, 15, 15, 0)
    first = hub.requests[0]
    assert (first.agent_id, first.epoch, first.sequence) == ("edge-1", 7, 1)
    assert first.ledgers[0].inferences == RowLedger(15, 15, 0, 15)


def test_an_answer_that_is_lost_makes_no_second_count(
    buffer: Buffer, hub: LocalHub, fill: Callable[[int], IntVector]
) -> None:
    whole = fill(2)

    def lose_the_answer(request: ExportRequest) -> ExportResponse | None:
        hub.script.clear()
        hub.export(request)
        raise HubError("connection reset")

    hub.script = [lose_the_answer]
    shipper = shipped(buffer, hub, is_empty(buffer))

    assert np.array_equal(hub.total, whole)
    assert [r.sequence for r in hub.requests if r.deltas] == [1, 1, 1]
    assert shipper.last_error is None


def test_a_hub_that_is_full_is_asked_again_and_nothing_is_lost(
    buffer: Buffer, hub: LocalHub, fill: Callable[[int], IntVector]
) -> None:
    whole = fill(1)
    hub.script = [lambda r: ExportResponse(r.sequence - 1, r.sequence, NOW_MS, retry_delay_ms=10)]

    shipped(buffer, hub, is_empty(buffer))

    assert np.array_equal(hub.total, whole)


def test_a_hub_that_lost_its_store_gets_what_is_still_here_as_a_new_stream(
    buffer: Buffer, hub: LocalHub, fill: Callable[[int], IntVector]
) -> None:
    fill(1)
    shipped(buffer, hub, is_empty(buffer))
    fill(1)
    hub.script = [lambda _: ExportResponse(0, 1, NOW_MS)]
    hub.requests.clear()

    shipped(buffer, hub, is_empty(buffer))

    again = [r for r in hub.requests if r.deltas]
    assert again[0].epoch == 7
    assert again[1].epoch != 7
    assert again[1].sequence == 1
    assert inferences(buffer).acknowledged == 6


def test_a_store_that_the_hub_is_ahead_of_gives_its_sums_up_and_goes_on(
    buffer: Buffer, hub: LocalHub, fill: Callable[[int], IntVector]
) -> None:
    fill(1)
    shipped(buffer, hub, is_empty(buffer))
    fill(2)
    hub.script = [lambda _: ExportResponse(99, 100, NOW_MS)]
    hub.requests.clear()
    shipped(buffer, hub, is_empty(buffer))
    fill(1)

    shipped(buffer, hub, is_empty(buffer))

    assert [len(r.deltas) for r in hub.requests if r.deltas and r.epoch != 7] == [1]
    assert inferences(buffer) == RowLedger(12, 12, 6, 0, {DropReason.CORRUPTION: 6})


def test_a_sum_whose_spec_the_hub_does_not_know_waits_and_is_not_lost(
    buffer: Buffer, hub: LocalHub, fill: Callable[[int], IntVector]
) -> None:
    whole = fill(2)
    hub.refuse = RejectReason.UNKNOWN_SPEC
    shipped(buffer, hub, lambda: len(hub.requests) >= 3)
    assert inferences(buffer) == RowLedger(6, 6, 0, 6)

    hub.refuse = None
    shipped(buffer, hub, is_empty(buffer))

    assert np.array_equal(hub.total, whole)
    assert inferences(buffer) == RowLedger(6, 6, 6, 0)


def test_what_the_hub_will_never_take_is_counted_as_rejected(
    buffer: Buffer, hub: LocalHub, fill: Callable[[int], IntVector]
) -> None:
    fill(2)
    hub.refuse = RejectReason.OVERFLOW

    shipped(buffer, hub, is_empty(buffer))

    assert inferences(buffer) == RowLedger(6, 6, 0, 0, {DropReason.REJECTED: 6})
    assert buffer.books.read().note == "no"


def test_an_export_that_is_refused_whole_does_not_block_those_behind_it(
    buffer: Buffer, hub: LocalHub, fill: Callable[[int], IntVector]
) -> None:
    fill(1)

    def refuse(_: ExportRequest) -> ExportResponse | None:
        raise HubError("INVALID_ARGUMENT", refused=True)

    hub.script = [refuse]
    shipped(buffer, hub, is_empty(buffer))
    assert inferences(buffer).dropped == {DropReason.REJECTED: 3}

    fill(1)
    shipped(buffer, hub, is_empty(buffer))
    assert inferences(buffer).acknowledged == 3


def test_a_wanted_spec_is_fetched_and_a_newer_one_adopted(
    buffer: Buffer, hub: LocalHub, binary_spec: ModelSpec
) -> None:
    data = encode_spec(binary_spec)
    hub.specs = {SpecRef("income", spec_digest(data)): data}

    shipped(buffer, hub, lambda: bool(buffer.specs.all()), ["income"])

    assert [s.spec_bytes for s in buffer.specs.all()] == [data]


def test_the_books_go_out_even_when_there_is_nothing_to_ship(buffer: Buffer, hub: LocalHub) -> None:
    shipped(buffer, hub, lambda: bool(hub.requests))

    assert not hub.requests[0].deltas
    assert hub.requests[0].agent_version
