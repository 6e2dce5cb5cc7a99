"""What callers log, as entries of the recorder's queue.

One row as a dict is the fast way: its values are queued as they are and encoded later by the
writer. Tables are encoded here, in the caller's thread. A wrong call (unknown model, no prediction,
ragged columns) raises and records nothing; a wrong cell never raises, it is counted where it
belongs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from whitebox_agent.buffer import RowBatch, Stream
from whitebox_agent.clock import Clock
from whitebox_agent.fold import take_column, take_rows
from whitebox_agent.models import Model, Models
from whitebox_agent.recorder.picking import Picker
from whitebox_agent.recorder.queue import Done, Row, RowQueue
from whitebox_agent.table import (
    UNKNOWN_TIME,
    Cells,
    Table,
    one_id,
    read_column,
    read_ids,
    read_table,
    times_ms,
)
from whitebox_agent.table.reading import is_column
from whitebox_agent.table.times import Int64Array
from whitebox_wire.codec import encode_batch, encode_labels
from whitebox_wire.errors import DataError, WhiteboxError
from whitebox_wire.messages import Codes, Column, InferenceBatch, LabelBatch, RecordRequest

# Rows and bytes of one stored batch: large tables are cut, so that commits and folds stay short.
BATCH_ROWS_MAX = 8_192
BATCH_BYTES = 8 * 1024 * 1024


class QueueFullError(WhiteboxError):
    """The queue in front of the store is full: the disk does not keep up. Nothing was recorded."""


@dataclass(frozen=True, slots=True)
class Extras:
    """What may be given beside rows: one value for one row, or one for each."""

    prediction: object = None
    score: object = None
    id: object = None
    time: object = None


class Logbook:
    def __init__(self, models: Models, queue: RowQueue, clock: Clock) -> None:
        self._models = models
        self._rows = queue
        self._clock = clock
        self._pickers: dict[bytes, Picker] = {}

    def log(self, model_id: str, rows: object, extras: Extras) -> int:
        """Queue the rows of one call, all or none; how many were accepted. See `Agent.log`."""
        model = self._models[model_id]
        if type(rows) is dict and rows and not is_column(next(iter(rows.values()))):
            return self._log_row(model, rows, extras)
        return self._accepted(self._table(model, rows, extras))

    def record_rows(
        self,
        model_id: str,
        rows: object,
        extras: Extras,
        done: Done,
        labels: tuple[Sequence[str], Sequence[object]] = ((), ()),
    ) -> None:
        """As `log`, for who waits: `done` is set when the rows are on disk, and with them `labels`:
        ids and true values of some of them.

        Raises:
            UnknownModelError, DataError: as `Agent.log`.
            QueueFullError: try again later.
        """
        batches = self._table(self._models[model_id], rows, extras)
        self._queue((*batches, *self._label_table(model_id, *labels)), done)

    def _log_row(self, model: Model, row: dict[str, object], extras: Extras) -> int:
        values = self._picker(model).pick(row, extras.prediction, extras.score)
        now_ms = time_ms = self._clock.now_ms()
        if extras.time is not None:
            given_ms = int(times_ms(extras.time, 1)[0])
            if given_ms != UNKNOWN_TIME:
                time_ms = self._clock.placed(given_ms)
        return int(self._rows.row(Row(model, values, one_id(extras.id), time_ms, now_ms)))

    def _table(self, model: Model, data: object, extras: Extras) -> tuple[RowBatch, ...]:
        picker = self._picker(model)
        table = read_table(data, _array_names(model, data))
        columns = dict(table.columns)
        if extras.prediction is not None:
            name = model.spec.prediction.column
            columns[name] = read_column(extras.prediction, name)
        if extras.score is not None:
            columns |= picker.score_columns(extras.score)
        times = None if extras.time is None else times_ms(extras.time, table.rows)
        batch, _ = self._encode(
            model, Table(table.rows, columns), read_ids(extras.id, table.rows), times
        )
        return tuple(_inferences(batch))

    def record(self, request: RecordRequest, done: Done | None) -> list[str]:
        """Queue a table that came over the wire; `done`, if any, is set when it is on disk.

        Returns what there is to say of its columns.

        Raises:
            UnknownModelError: no such model.
            DataError: it has no prediction, its columns do not fit the model, or an id is too long.
            QueueFullError: try again later.
        """
        batch = request.batch
        model = self._models[batch.model_id]
        if batch.spec_digest not in (b"", model.digest):
            raise DataError(
                f"rows of {batch.model_id!r} are coded by another spec than the agent's current",
                hint="fetch the current spec, or send categories with their dictionaries",
            )
        table = Table(batch.rows, self._named(model, request))
        own, notes = self._encode(model, table, batch.ids, batch.times_ms)
        self._queue(tuple(_inferences(own)), done)
        return notes

    def _named(self, model: Model, request: RecordRequest) -> Mapping[str, Column]:
        """A request's columns under the spec's names, those that are given apart, too."""
        columns = dict(request.batch.columns)
        if request.unnamed:
            names = _names_of(model, len(columns))
            columns = dict(zip(names, columns.values(), strict=True))
        if request.prediction is not None:
            columns[model.spec.prediction.column] = request.prediction
        if request.scores:
            columns |= self._picker(model).named_scores(request.scores)
        return columns

    def _encode(
        self, model: Model, table: Table, ids: Sequence[str], times: Int64Array | None
    ) -> tuple[InferenceBatch, list[str]]:
        """A table as the model's batch, and what there is to say of its columns."""
        for name, cells in table.columns.items():
            if _size(cells) != table.rows:
                raise DataError(f"column {name!r} has {_size(cells)} cells for {table.rows} rows")
        if model.spec.prediction.column not in table.columns:
            raise self._picker(model).no_prediction()
        notes = self._picker(model).note(list(table.columns))
        now_ms = self._clock.now_ms()
        if times is not None:
            times = np.where(times == UNKNOWN_TIME, now_ms, self._clock.placed(times))
        batch = model.encoder.batch(table, received_ms=now_ms, ids=ids, times_ms=times)
        return batch, notes

    def log_labels(self, model_id: str, ids: object, labels: object) -> int:
        """Queue labels; how many were accepted. See `Agent.log_labels`."""
        return self._accepted(self._label_table(model_id, ids, labels))

    def record_label_rows(self, model_id: str, ids: object, labels: object, done: Done) -> None:
        """As `log_labels`, for who waits; raises as `record_rows`."""
        self._queue(self._label_table(model_id, ids, labels), done)

    def _label_table(self, model_id: str, ids: object, labels: object) -> tuple[RowBatch, ...]:
        model = self._models[model_id]
        if not is_column(labels):
            ids, labels = [ids], [labels]
        cells = read_column(labels, model.spec.target.column)
        texts = read_ids(ids, _size(cells))
        batch = model.encoder.labels(texts, cells, received_ms=self._clock.now_ms())
        return tuple(_labels(model, batch))

    def record_labels(self, batch: LabelBatch, done: Done | None) -> None:
        """Queue labels that came over the wire; `done`, if any, is set when they are on disk."""
        model = self._models[batch.model_id]
        own = model.encoder.labels(batch.ids, batch.labels, received_ms=self._clock.now_ms())
        self._queue(tuple(_labels(model, own)), done)

    def _accepted(self, batches: tuple[RowBatch, ...]) -> int:
        """Queue the batches of a call; how many rows were accepted."""
        rows = sum(batch.rows for batch in batches)
        return rows if batches and self._rows.batches(batches) else 0

    def _queue(self, batches: tuple[RowBatch, ...], done: Done | None) -> None:
        if not batches:
            if done is not None:
                done.set_result(None)
        elif not self._rows.batches(batches, done, told=True):
            raise QueueFullError(
                f"{sum(batch.rows for batch in batches)} rows do not fit into the queue",
                hint="try again later; if it stays so, the disk does not keep up",
            )

    def _picker(self, model: Model) -> Picker:
        return self._pickers.get(model.digest) or self._pickers.setdefault(
            model.digest, Picker(model)
        )


def _size(cells: Cells) -> int:
    return cells.codes.size if isinstance(cells, Codes) else cells.size


def _array_names(model: Model, data: object) -> Sequence[str]:
    """The names of a plain array's columns; none where the data bring their own."""
    if not isinstance(data, np.ndarray) or data.dtype.names or not data.ndim:
        return ()
    return _names_of(model, data.shape[-1])


def _names_of(model: Model, columns: int) -> Sequence[str]:
    """The names of so many columns in order: the features', or all that an inference has."""
    choices = (tuple(f.name for f in model.spec.features), model.encoder.names)
    for names in choices:
        if columns == len(names):
            return names
    raise DataError(
        f"an array of {columns} columns; model {model.spec.model_id!r} has "
        f"{len(choices[0])} features",
        hint="give the features in the spec's order, or a table with names",
    )


def _parts(rows: int, columns: int) -> Iterator[slice]:
    """Cuts of a table; a cell takes up to eight bytes."""
    step = min(BATCH_ROWS_MAX, max(BATCH_BYTES // (8 * columns), 1))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def _inferences(batch: InferenceBatch) -> Iterator[RowBatch]:
    for at in _parts(batch.rows, len(batch.columns)):
        part = batch if at == slice(0, batch.rows) else take_rows(batch, at)
        body = encode_batch(part)
        yield RowBatch(batch.model_id, Stream.INFERENCES, part.rows, body, batch.received_ms)


def _labels(model: Model, batch: LabelBatch) -> Iterator[RowBatch]:
    labels = batch.labels
    if isinstance(labels, Codes):
        # Classes go by name: a row may have been predicted under an older spec.
        labels = replace(labels, dictionary=model.spec.prediction.classes)
    for at in _parts(len(batch.ids), 1):
        part = replace(batch, ids=batch.ids[at], labels=take_column(labels, at))
        body = encode_labels(part)
        yield RowBatch(batch.model_id, Stream.LABELS, len(part.ids), body, batch.received_ms)
