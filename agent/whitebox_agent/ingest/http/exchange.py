"""A request and its answer as values, and errors as problems of RFC 9457. Knows no socket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from whitebox_agent.buffer import StoreError
from whitebox_agent.ingest.taking import UncertainError
from whitebox_agent.recorder.logbook import QueueFullError
from whitebox_agent.recorder.queue import ClosedError
from whitebox_wire.errors import DataError, MalformedError, UnknownModelError, WhiteboxError

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Request:
    """`target` is the path with its query, as it was sent; headers by their names in small."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


class HttpError(WhiteboxError):
    """A request that HTTP's own rules refuse, with the status that says so."""

    def __init__(
        self,
        status: HTTPStatus,
        message: str,
        *,
        slug: str = "",
        hint: str = "",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.slug = slug or status.phrase.lower().replace(" ", "-")
        self.headers = headers


# The first that fits counts, so a leaf stands before what it derives from.
_PROBLEMS: tuple[tuple[type[WhiteboxError], str, HTTPStatus], ...] = (
    (UnknownModelError, "unknown-model", HTTPStatus.NOT_FOUND),
    (MalformedError, "malformed", HTTPStatus.BAD_REQUEST),
    (DataError, "invalid", HTTPStatus.UNPROCESSABLE_ENTITY),
    (QueueFullError, "queue-full", HTTPStatus.SERVICE_UNAVAILABLE),
    (UncertainError, "uncertain", HTTPStatus.GATEWAY_TIMEOUT),
    (StoreError, "store-unavailable", HTTPStatus.SERVICE_UNAVAILABLE),
    (ClosedError, "closing", HTTPStatus.SERVICE_UNAVAILABLE),
    (WhiteboxError, "refused", HTTPStatus.BAD_REQUEST),
)


def json_answer(document: object, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    return Answer(status, json.dumps(document).encode())


def problem_of(error: WhiteboxError) -> Answer:
    """An error as a problem: type, title, status, detail and hint."""
    if isinstance(error, HttpError):
        return problem(error.slug, error.status, error.message, error.hint, error.headers)
    slug, status = next((slug, code) for kind, slug, code in _PROBLEMS if isinstance(error, kind))
    return problem(slug, status, error.message, error.hint)


def problem(
    slug: str,
    status: HTTPStatus,
    detail: str,
    hint: str = "",
    headers: tuple[tuple[str, str], ...] = (),
) -> Answer:
    document = {
        "type": f"urn:whitebox:problem:{slug}",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "hint": hint,
    }
    return Answer(status, json.dumps(document).encode(), "application/problem+json", headers)
