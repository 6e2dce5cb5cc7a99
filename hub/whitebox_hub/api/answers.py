"""Values as JSON: times in UTC, pages with a link to the next one, and never NaN. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from http import HTTPStatus

from aiohttp import web

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def finite(document: object) -> object:
    """The document with None where a number is not finite.

    >>> finite({"f1": float("nan"), "rows": [1, float("inf")]})
    {'f1': None, 'rows': [1, None]}
    """
    if isinstance(document, float):
        return document if math.isfinite(document) else None
    if isinstance(document, Mapping):
        return {key: finite(value) for key, value in document.items()}
    if isinstance(document, Sequence) and not isinstance(document, str):
        return [finite(value) for value in document]
    return document


def json_text(document: object) -> str:
    """The document as JSON; a large one is better made in a thread."""
    return json.dumps(finite(document), ensure_ascii=False, allow_nan=False)


def json_response(
    document: object,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    content_type: str = "application/json",
) -> web.Response:
    return web.Response(text=json_text(document), status=status, content_type=content_type)


def page_response(
    request: web.Request, items: Sequence[object], limit: int, after: object
) -> web.Response:
    """A list; when it is full, a Link header says where it goes on."""
    response = json_response(items)
    if len(items) >= limit:
        following = request.rel_url.update_query({"after": str(after)})
        response.headers["Link"] = f'<{following}>; rel="next"'
    return response


def time_text(time_ms: int) -> str:
    """A time as ISO 8601 in UTC.

    >>> time_text(1_500), time_text(0)
    ('1970-01-01T00:00:01.500Z', '1970-01-01T00:00:00Z')
    """
    moment = _EPOCH + timedelta(milliseconds=time_ms)
    precision = "milliseconds" if time_ms % 1_000 else "seconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def second_text(time_s: int) -> str:
    return time_text(time_s * 1_000)
