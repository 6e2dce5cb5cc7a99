"""Every error as an RFC 9457 problem: type, title, status, detail and, for us, hint.

One middleware maps the leaves of WhiteboxError, aiohttp's own refusals, and anything unforeseen,
whose trace goes to the log and never into an answer.
"""

from __future__ import annotations

import logging
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler

from whitebox_hub.api.answers import json_response
from whitebox_hub.monitor.check import MonitorError
from whitebox_hub.store import StoreConflictError, StoreError
from whitebox_hub.store.feed import BusyError
from whitebox_wire.errors import (
    DataError,
    MalformedError,
    MergeError,
    SpecError,
    UnknownModelError,
    WhiteboxError,
)

logger = logging.getLogger(__name__)


class NotFoundError(WhiteboxError):
    """What the address names is not here."""


class ConflictError(WhiteboxError):
    """The request contradicts what is stored."""


class RawRowsError(WhiteboxError):
    """Raw rows were sent to the hub; they never leave the device."""


# The first that fits counts, so a leaf stands before what it derives from.
_PROBLEMS: tuple[tuple[type[WhiteboxError], str, HTTPStatus], ...] = (
    (NotFoundError, "not-found", HTTPStatus.NOT_FOUND),
    (UnknownModelError, "unknown-model", HTTPStatus.NOT_FOUND),
    (ConflictError, "conflict", HTTPStatus.CONFLICT),
    (RawRowsError, "raw-rows", HTTPStatus.FORBIDDEN),
    (MalformedError, "malformed", HTTPStatus.BAD_REQUEST),
    (DataError, "invalid", HTTPStatus.UNPROCESSABLE_ENTITY),
    (MonitorError, "invalid-monitor", HTTPStatus.UNPROCESSABLE_ENTITY),
    (SpecError, "invalid-spec", HTTPStatus.UNPROCESSABLE_ENTITY),
    (MergeError, "conflict", HTTPStatus.CONFLICT),
    (StoreConflictError, "conflict", HTTPStatus.CONFLICT),
    (StoreError, "store-unavailable", HTTPStatus.SERVICE_UNAVAILABLE),
    (BusyError, "busy", HTTPStatus.SERVICE_UNAVAILABLE),
)

# What the server itself refuses, in words; the others keep its own.
_REFUSALS = {
    HTTPStatus.NOT_FOUND: "there is nothing at {path}",
    HTTPStatus.METHOD_NOT_ALLOWED: "{method} is not possible at {path}",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "the body is too large",
}


def problem(slug: str, status: HTTPStatus, detail: str, hint: str = "") -> web.Response:
    document = {
        "type": f"urn:whitebox:problem:{slug}",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "hint": hint,
    }
    return json_response(document, status=status, content_type="application/problem+json")


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except WhiteboxError as error:
        for kind, slug, status in _PROBLEMS:
            if isinstance(error, kind):
                if status is HTTPStatus.SERVICE_UNAVAILABLE:
                    logger.warning("request failed path=%s error=%s", request.path, error)
                return problem(slug, status, error.message, error.hint)
        logger.exception("request failed path=%s", request.path)
    except web.HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        status = HTTPStatus(error.status)
        slug = status.name.lower().replace("_", "-")
        detail = _REFUSALS.get(status, "{text}").format(
            method=request.method, path=request.path[:200], text=error.text or status.phrase
        )
        answer = problem(slug, status, detail)
        if "Allow" in error.headers:
            answer.headers["Allow"] = error.headers["Allow"]
        return answer
    except Exception:
        # The top of a request: a defect answers 500 and the hub goes on.
        logger.exception("request failed path=%s", request.path)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return problem("internal", status, "the hub failed at this; its log says where")
