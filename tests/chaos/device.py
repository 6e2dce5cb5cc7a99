"""A device in a test: an agent's process, its store, and a client beside it that logs calls."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import grpc

from tests.chaos.model import Call
from tests.chaos.world import Process
from whitebox_agent.buffer import StoreError
from whitebox_agent.buffer.sqlite import read_books
from whitebox_wire.codec import encode_record_request
from whitebox_wire.messages import RecordRequest, RowLedger

WAIT_S = 30.0
# Within so long a damaged or full store must record again.
HEALED_S = 5.0
RECORD = "/whitebox_wire.v1.InferenceLog/Record"


@dataclass
class Device:
    """An agent's process, its store, and a client beside it."""

    folder: Path
    store: Path
    agent: Process
    number: int = 0

    def record(self, calls: int = 1) -> int:
        """Log so many calls more; how many of their rows were acknowledged."""
        rows = 0
        with grpc.insecure_channel(self.agent.said["listen"]) as channel:
            method = channel.unary_unary(RECORD)
            for _ in range(calls):
                call = Call(0, self.number)
                self.number += 1
                with suppress(grpc.RpcError):
                    method(encode_record_request(RecordRequest(call.batch)), timeout=WAIT_S)
                    rows += call.batch.rows
        return rows

    def record_until(self, accepted: bool, within_s: float = WAIT_S) -> int:
        """Log calls until one is accepted, or refused; how many rows were acknowledged."""
        deadline, rows = time.monotonic() + within_s, 0
        while time.monotonic() < deadline:
            one = self.record()
            rows += one
            if bool(one) is accepted:
                return rows
        raise AssertionError(f"no call was {'accepted' if accepted else 'refused'} in time")

    def wait_until_folded(self, rows: int) -> None:
        deadline = time.monotonic() + WAIT_S
        while self.ledger.folded < rows:
            assert time.monotonic() < deadline, f"not folded in time: {self.ledger}"
            time.sleep(0.05)

    @property
    def ledger(self) -> RowLedger:
        for _ in range(100):
            with suppress(StoreError, IndexError):
                return read_books(self.store).ledgers[0].inferences
            time.sleep(0.05)
        raise AssertionError("the books cannot be read")


StartDevice = Callable[..., Device]
