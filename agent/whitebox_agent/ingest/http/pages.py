"""Which path answers what. A table of patterns; what is in none of them is the hub's."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote

from whitebox_agent.ingest.http.exchange import Answer, HttpError, Request, json_answer, problem
from whitebox_agent.ingest.http.forward import forward
from whitebox_agent.ingest.http.rows import record_label, record_many, record_one
from whitebox_agent.ingest.vitals import Vitals, metrics_text
from whitebox_agent.recorder.logbook import Logbook

_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_ONE_ROW = r"/v1/inference-rows/(?P<id>[^/]+)"
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Pages:
    """What there is to ask. `hub` is asked for each request: it may change while the agent runs."""

    logbook: Logbook
    vitals: Callable[[], Vitals]
    store_problem: Callable[[], str]
    hub: Callable[[], str]

    def answer(self, request: Request) -> Answer:
        """The answer to a request.

        Raises:
            WhiteboxError: what is wrong with it, or with us.
        """
        method = "GET" if request.method == "HEAD" else request.method
        for pattern, pages in _ROUTES:
            found = pattern.fullmatch(request.path)
            if not found:
                continue
            if method not in pages:
                raise HttpError(
                    HTTPStatus.METHOD_NOT_ALLOWED,
                    f"{request.method} is not possible at {request.path[:_SHOWN]}",
                    headers=(("Allow", ", ".join(pages)),),
                )
            return pages[method](self, request, unquote(found.groupdict().get("id", "")))
        return forward(request, self.hub())


def _live(_: Pages, __: Request, ___: str) -> Answer:
    return json_answer({"status": "ok"})


def _ready(pages: Pages, _: Request, __: str) -> Answer:
    """Ready means that the store took what was last written."""
    trouble = pages.store_problem()
    if trouble:
        return problem("store-unavailable", HTTPStatus.SERVICE_UNAVAILABLE, trouble)
    return json_answer({"status": "ok"})


def _metrics(pages: Pages, _: Request, __: str) -> Answer:
    return Answer(HTTPStatus.OK, metrics_text(pages.vitals()).encode(), _METRICS_TYPE)


def _one_row(pages: Pages, request: Request, _: str) -> Answer:
    return record_one(pages.logbook, request)


def _many_rows(pages: Pages, request: Request, _: str) -> Answer:
    return record_many(pages.logbook, request)


def _label(pages: Pages, request: Request, row_id: str) -> Answer:
    return record_label(pages.logbook, request, row_id)


def _rows_kept(_: Pages, __: Request, ___: str) -> Answer:
    raise HttpError(
        HTTPStatus.NOT_FOUND,
        "rows are folded into counts on this device and deleted, so there are none to read",
        slug="rows-not-kept",
        hint="the hub has what was counted: GET /v1/drifting-metrics?model_id=...",
    )


def _explanation(_: Pages, __: Request, ___: str) -> Answer:
    raise HttpError(
        HTTPStatus.NOT_FOUND,
        "this agent holds no explanation of this row",
        slug="not-explained",
        hint="explanations are of rows that are still held; this version makes none",
    )


def _training_rows(_: Pages, __: Request, ___: str) -> Answer:
    raise HttpError(
        HTTPStatus.NOT_IMPLEMENTED,
        "a training set is profiled where it lies, once, and its rows are sent nowhere",
        slug="profile-instead",
        hint="whitebox-agent profile TRAINING.csv --model-id ID --kind KIND --target COLUMN"
        " -o ID.spec && whitebox-agent register ID.spec",
    )


Page = Callable[[Pages, Request, str], Answer]
_PATHS: dict[str, dict[str, Page]] = {
    "/livez": {"GET": _live},
    "/readyz": {"GET": _ready},
    "/metrics": {"GET": _metrics},
    "/v1/dataset-rows": {"GET": _rows_kept, "POST": _training_rows},
    "/v1/inference-rows": {"GET": _rows_kept, "POST": _one_row},
    "/v1/inference-rows/batch": {"POST": _many_rows},
    _ONE_ROW: {"GET": _rows_kept, "PUT": _label, "PATCH": _label},
    f"{_ONE_ROW}/xai": {"GET": _explanation},
}
_ROUTES = tuple((re.compile(pattern), pages) for pattern, pages in _PATHS.items())
