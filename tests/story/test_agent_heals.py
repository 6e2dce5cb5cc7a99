"""An agent whose store is damaged or whose clock is wrong goes on with nobody's help."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import grpc
import pytest

from tests.chaos.damage import cut, flip, zero
from tests.chaos.device import HEALED_S, RECORD, WAIT_S, StartDevice
from tests.chaos.model import FIRST_S, HOUR_S, Call, write_spec
from tests.chaos.verdict import hub_sums
from tests.chaos.world import Process
from whitebox_agent import register
from whitebox_agent.buffer.sqlite import read_books
from whitebox_wire.codec import encode_record_request
from whitebox_wire.messages import DropReason, RecordRequest, RowLedger

YEAR_MS = 365 * 86_400_000


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Process]:
    store = str(tmp_path / "hub.db")
    arguments = ["--store", store, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"]
    process = Process(["-m", "whitebox_hub.cli", "serve", *arguments], tmp_path)
    register(write_spec(tmp_path), process.said["http"])
    yield process
    if process.ended is None:
        process.kill()


@pytest.mark.parametrize("kind", [flip, zero, cut], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("running", [True, False], ids=["running", "at rest"])
def test_a_damaged_store_records_again_within_seconds_and_what_is_lost_is_counted(
    start_device: StartDevice,
    hub: Process,
    tmp_path: Path,
    kind: Callable[[Path, int], None],
    *,
    running: bool,
) -> None:
    """D7: with nobody's help; the bad file is kept aside, and nothing is counted twice."""
    device = start_device(tmp_path / "agent.db", hub.said["grpc"])
    recorded = device.record(60)
    rng = random.Random(7)
    for _ in range(8):
        if not running:
            device.agent.kill()
        path = rng.choice([device.store, device.store.with_name("agent.db-wal")])
        if path.exists() and path.stat().st_size:
            kind(path, rng.randrange(path.stat().st_size))
        if not running:
            number = device.number
            device = start_device(device.store, hub.said["grpc"])
            device.number = number
        recorded += device.record_until(accepted=True, within_s=HEALED_S)

    # What a running agent holds in memory it does not read again: the last damage shows at a start.
    device.agent.kill()
    device = start_device(device.store, hub.said["grpc"])
    deadline = time.monotonic() + WAIT_S
    while device.ledger.pending and time.monotonic() < deadline:
        time.sleep(0.1)
    assert device.agent.stop() == 0
    assert hub.stop() == 0
    ledger = device.ledger
    assert ledger.balances
    assert not ledger.pending
    arrived = hub_sums(tmp_path / "hub.db")
    for number, sums in arrived.items():
        for section, vector in sums.items():
            assert vector.tolist() == Call(0, number).folded()[section].tolist()
    rows = sum(Call(0, number).batch.rows for number in arrived)
    assert recorded - rows <= ledger.dropped.get(DropReason.CORRUPTION, 0)
    assert len(list(tmp_path.glob("agent.db.damaged-*"))) <= 6


@pytest.mark.parametrize("off_ms", [40 * YEAR_MS, -40 * YEAR_MS, -7_200_000])
def test_a_clock_that_is_wrong_and_is_set_loses_nothing_and_places_rows_by_the_hubs_time(
    start_device: StartDevice, hub: Process, tmp_path: Path, off_ms: int
) -> None:
    """D9: rows that the device stamps lie in the hour that it is for the hub."""
    clock = tmp_path / "clock-ms"
    clock.write_text(str(off_ms))
    device = start_device(tmp_path / "agent.db", hub.said["grpc"], clock)
    deadline = time.monotonic() + WAIT_S
    while read_books(device.store).acknowledged_ms is None and time.monotonic() < deadline:
        time.sleep(0.05)
    before_s = time.time() // HOUR_S * HOUR_S

    with grpc.insecure_channel(device.agent.said["listen"]) as channel:
        method = channel.unary_unary(RECORD)
        for number in range(10):
            clock.write_text(str(off_ms + number * 86_400_000))
            call = Call(0, number)
            timeless = RecordRequest(replace(call.batch, times_ms=None))
            method(encode_record_request(timeless), timeout=WAIT_S)

    while device.ledger.pending and time.monotonic() < deadline:
        time.sleep(0.05)
    rows = sum(Call(0, number).batch.rows for number in range(10))
    assert device.ledger == RowLedger(rows, rows, rows, 0)
    assert device.agent.stop() == 0
    assert hub.stop() == 0
    starts = {FIRST_S + HOUR_S * number for number in hub_sums(tmp_path / "hub.db")}
    assert starts <= {before_s, before_s + HOUR_S}
