"""Whitebox's own requests for raw rows: read, checked, recorded, answered as Whitebox answers.

A row has `model_id`, `timestamp`, `nonprocessed` and `processed` (values by column; where both name
a column the nonprocessed one counts, as profiles are made of raw data), `actual` (the true label,
or null) and, ours, `id`. All rows of a request are recorded, with their labels, or none.
"""

from __future__ import annotations

import concurrent.futures
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from http import HTTPStatus
from typing import Any

from whitebox_agent.ingest.http.exchange import JSON, Answer, HttpError, Request, json_answer
from whitebox_agent.ingest.taking import wait_until_durable
from whitebox_agent.recorder.logbook import Extras, Logbook
from whitebox_agent.recorder.queue import Done
from whitebox_wire.errors import DataError, MalformedError

_SHOWN = 80


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of a request, checked. `said` is what its sender said of it."""

    model_id: str
    id: str
    time: datetime | float
    columns: Mapping[str, object]
    actual: object
    said: Mapping[str, object]


def record_one(logbook: Logbook, request: Request) -> Answer:
    [row] = _record(logbook, [_json(request)], "body")
    return json_answer(row, HTTPStatus.CREATED)


def record_many(logbook: Logbook, request: Request) -> Answer:
    document = _json(request)
    if not isinstance(document, list):
        raise DataError("body: a list of rows is expected")
    return json_answer(_record(logbook, document, "body[{}]"), HTTPStatus.CREATED)


def record_label(logbook: Logbook, request: Request, row_id: str) -> Answer:
    """The true label of a row that was recorded before: `{"model_id": ..., "actual": ...}`."""
    document = _fields(_json(request), "body")
    model_id, actual = _text(document, "model_id", "body"), document.get("actual")
    if actual is None or isinstance(actual, (list, dict)):
        raise DataError("body.actual: the true label is expected", hint="a number or a text")
    done: Done = concurrent.futures.Future()
    logbook.record_label_rows(model_id, [row_id], [actual], done)
    wait_until_durable(done)
    return json_answer({"id": row_id, "model_id": model_id, "actual": actual})


def _record(logbook: Logbook, documents: Sequence[object], place: str) -> list[dict[str, object]]:
    """Record rows of one model and wait until they are on disk."""
    rows = [_row(document, place.format(number)) for number, document in enumerate(documents)]
    if not rows:
        return []
    models = list(dict.fromkeys(row.model_id for row in rows))
    if len(models) > 1:
        raise DataError(
            f"body: rows of {len(models)} models, such as {models[1][:_SHOWN]!r}",
            hint="send one request a model",
        )
    ids, labelled = [row.id for row in rows], [row for row in rows if row.actual is not None]
    done: Done = concurrent.futures.Future()
    logbook.record_rows(
        models[0],
        [row.columns for row in rows],
        Extras(id=ids, time=[row.time for row in rows]),
        done,
        labels=([row.id for row in labelled], [row.actual for row in labelled]),
    )
    wait_until_durable(done)
    now = datetime.now(timezone.utc).isoformat()
    return [{**row.said, "id": row.id, "created_at": now, "updated_at": now} for row in rows]


def _row(document: object, place: str) -> _Row:
    fields = _fields(document, place)
    raw, processed = (
        _fields(fields.get(name) or {}, f"{place}.{name}") for name in ("nonprocessed", "processed")
    )
    actual = fields.get("actual")
    if isinstance(actual, (list, dict)):
        raise DataError(f"{place}.actual: a label is expected", hint="a number, a text or null")
    said = {
        name: fields.get(name)
        for name in ("model_id", "timestamp", "nonprocessed", "processed", "actual")
    }
    return _Row(
        model_id=_text(fields, "model_id", place),
        id=_text(fields, "id", place) if fields.get("id") is not None else uuid.uuid4().hex,
        time=_time(fields.get("timestamp"), f"{place}.timestamp"),
        columns={**processed, **raw},
        actual=actual,
        said=said,
    )


def _json(request: Request) -> object:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        raise HttpError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"a body of {kind[:_SHOWN] or 'no type'}",
            hint=f"send Content-Type: {JSON}",
        )
    try:
        return json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"body: not JSON: {error}") from error


def _fields(value: object, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DataError(f"{place}: an object is expected")
    return value


def _text(fields: Mapping[str, object], name: str, place: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value:
        raise DataError(f"{place}.{name}: a text is expected")
    return value


def _time(value: object, place: str) -> datetime | float:
    """ISO 8601 (UTC where it names no zone) or seconds since 1970."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        try:
            # Python 3.10 does not know the Z.
            return datetime.fromisoformat(value[:-1] + "+00:00" if value[-1:] in "Zz" else value)
        except ValueError:
            pass
    raise DataError(f"{place}: a time is expected", hint="such as 2026-01-31T12:00:00Z")
