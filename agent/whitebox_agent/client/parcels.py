"""What a serving process logged, as requests to the agent. Pure.

Rows logged one by one are gathered by model and by the names of their columns; what is too large
for one request is cut. A request that cannot be made is told with its rows, and spoils no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from whitebox_agent.client.columns import clean, clean_text, cut, wire_parts
from whitebox_agent.table import Cells, Int64Array
from whitebox_wire.codec import encode_stream_request
from whitebox_wire.errors import DataError
from whitebox_wire.messages import (
    Column,
    Durability,
    InferenceBatch,
    LabelBatch,
    RecordLabelsRequest,
    RecordRequest,
)

# numpy holds the interpreter's lock while it reads Python objects; this many rows at a time keep
# the threads that log from waiting longer than a fraction of a millisecond.
GATHERED_ROWS_MAX = 256
# The agent takes calls of 8 MiB; a request that is larger than this is cut.
PARCEL_BYTES_MAX = 4 * 1024 * 1024
_CELL_BYTES = 8

Request = RecordRequest | RecordLabelsRequest


@dataclass(frozen=True, slots=True)
class Shape:
    """What rows that may share a request have in common. The prediction and the scores, where they
    were given apart, are the last values of a row, in this order.
    """

    model_id: str
    names: tuple[str, ...]
    prediction: bool
    scores: int


@dataclass(slots=True)
class Row:
    """One inference, as it was logged."""

    shape: Shape
    values: tuple[object, ...]
    id: str
    time_ms: int


@dataclass(slots=True)
class Entry:
    """One call: a row, or the requests of a table; `number` counts the client's calls."""

    call: Row | tuple[Request, ...]
    rows: int
    number: int = 0


@dataclass(frozen=True, slots=True)
class Parcel:
    """A request as bytes; `number` is the first of the calls that are in it."""

    data: bytes
    rows: int
    number: int


@dataclass(frozen=True, slots=True)
class Unsendable:
    """Rows of which no request can be made, and why."""

    rows: int
    reason: str


def parcels_of(entries: Sequence[Entry], durability: Durability) -> Iterator[Parcel | Unsendable]:
    """The calls as requests, inferences before labels."""
    number = entries[0].number if entries else 0
    rows: dict[Shape, list[Row]] = {}
    tables: list[Request] = []
    for entry in entries:
        if isinstance(entry.call, Row):
            rows.setdefault(entry.call.shape, []).append(entry.call)
        else:
            tables += entry.call
    gathered = [
        request
        for shape, alike in rows.items()
        for at in range(0, len(alike), GATHERED_ROWS_MAX)
        for request in _gathered(shape, alike[at : at + GATHERED_ROWS_MAX])
    ]
    requests = [*gathered, *tables]
    for request in sorted(requests, key=lambda r: isinstance(r, RecordLabelsRequest)):
        yield from _parcels(replace(request, durability=durability), number)


def table_requests(
    shape: Shape,
    columns: Sequence[Cells | Sequence[object]],
    ids: tuple[str, ...],
    times_ms: Int64Array,
    *,
    unnamed: bool,
) -> tuple[RecordRequest, ...]:
    """A table as requests; its columns as `Row.values` are, `ids` and times one a row or none."""
    found = []
    for places, cells in wire_parts(columns):
        own_ids, own_times = ids, times_ms
        if places is not None:
            own_ids = tuple(ids[place] for place in places.tolist()) if ids else ()
            own_times = times_ms[places]
        request = _request(shape, cells, own_ids, own_times)
        found.append(replace(request, unnamed=unnamed))
    return tuple(found)


def label_requests(
    model_id: str, ids: tuple[str, ...], labels: Cells
) -> tuple[RecordLabelsRequest, ...]:
    return tuple(
        RecordLabelsRequest(
            LabelBatch(
                model_id,
                ids if places is None else tuple(ids[place] for place in places.tolist()),
                column,
                0,
            )
        )
        for places, (column,) in wire_parts([labels])
    )


def _gathered(shape: Shape, rows: Sequence[Row]) -> tuple[RecordRequest, ...]:
    """Single rows of one shape as one table."""
    columns = list(zip(*(row.values for row in rows), strict=True))
    ids = tuple(row.id for row in rows)
    times = np.array([row.time_ms for row in rows], np.int64)
    return table_requests(shape, columns, ids if any(ids) else (), times, unnamed=False)


def _request(
    shape: Shape, cells: Sequence[Column], ids: tuple[str, ...], times_ms: Int64Array
) -> RecordRequest:
    named = len(shape.names)
    apart = named + shape.prediction
    batch = InferenceBatch(
        model_id=shape.model_id,
        rows=times_ms.size,
        columns=dict(zip(shape.names, cells[:named], strict=True)),
        received_ms=0,
        ids=ids,
        times_ms=times_ms,
    )
    prediction = cells[named] if shape.prediction else None
    return RecordRequest(batch, prediction=prediction, scores=tuple(cells[apart:]))


def _parcels(request: Request, number: int) -> Iterator[Parcel | Unsendable]:
    """A request as bytes, in halves where these are too many for one call."""
    rows = _rows(request)
    data = b""
    if rows * _cells(request) * _CELL_BYTES <= PARCEL_BYTES_MAX:
        try:
            data = _bytes(request)
        except DataError as error:
            yield Unsendable(rows, str(error))
            return
        if len(data) <= PARCEL_BYTES_MAX:
            yield Parcel(data, rows, number)
            return
    if rows == 1:
        yield Unsendable(1, f"a row of {len(data)} bytes; {PARCEL_BYTES_MAX} are possible")
        return
    for part in (slice(0, rows // 2), slice(rows // 2, rows)):
        yield from _parcels(_part(request, part), number)


def _bytes(request: Request) -> bytes:
    """The request's bytes, with text made clean where it has to be.

    Raises:
        DataError: it cannot be encoded even so.
    """
    try:
        return encode_stream_request(request)
    except DataError:
        return encode_stream_request(_each(request, clean, clean_text))


def _rows(request: Request) -> int:
    if isinstance(request, RecordLabelsRequest):
        return len(request.batch.ids)
    return request.batch.rows


def _cells(request: Request) -> int:
    if isinstance(request, RecordLabelsRequest):
        return 1
    return len(request.batch.columns) + len(request.scores) + 1


def _part(request: Request, at: slice) -> Request:
    """Some rows of a request."""
    part = _each(request, lambda column: cut(column, at), str)
    ids = request.batch.ids[at]
    if isinstance(part, RecordLabelsRequest):
        return replace(part, batch=replace(part.batch, ids=ids))
    times = part.batch.times_ms
    batch = replace(
        part.batch,
        rows=len(range(part.batch.rows)[at]),
        ids=ids,
        times_ms=None if times is None else times[at],
    )
    return replace(part, batch=batch)


def _each(
    request: Request, change: Callable[[Column], Column], rename: Callable[[str], str]
) -> Request:
    """The request with every column and every column's name changed."""
    if isinstance(request, RecordLabelsRequest):
        return replace(request, batch=replace(request.batch, labels=change(request.batch.labels)))
    columns = {rename(name): change(column) for name, column in request.batch.columns.items()}
    return replace(
        request,
        batch=replace(request.batch, columns=columns),
        prediction=None if request.prediction is None else change(request.prediction),
        scores=tuple(map(change, request.scores)),
    )
