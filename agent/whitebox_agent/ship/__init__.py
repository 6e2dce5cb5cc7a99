"""Shipping: the outbox to the hub, one export at a time, each counted once.

`Hub` is the port that transports implement; `settle` decides what an answer means; `Shipper` is the
thread that does it.
"""

from __future__ import annotations

from typing import Protocol

from whitebox_wire.errors import WhiteboxError
from whitebox_wire.messages import ExportRequest, ExportResponse, SpecRef


class HubError(WhiteboxError):
    """The hub did not answer, or refused. `refused`: the same request will be refused again."""

    def __init__(self, message: str, *, hint: str = "", refused: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.refused = refused


class Hub(Protocol):
    """What a transport must do. Every call raises HubError when there is no answer."""

    def export(self, request: ExportRequest) -> ExportResponse:
        """Deliver a report; an answer that acknowledges it means that it is durable."""

    def spec(self, wanted: SpecRef) -> bytes | None:
        """A spec's bytes: by digest, or the current one of a model; None if the hub has none."""

    def close(self) -> None: ...
