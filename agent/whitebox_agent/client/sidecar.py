"""`SidecarClient`: the agent in process, but the agent is a process of its own beside this one.

A composition root: the only module that names the client's adapter, and imports gRPC when a client
is made.
"""

from __future__ import annotations

import random
import threading
import time as clock
from functools import partial
from types import TracebackType
from typing import Any

import numpy as np

from whitebox_agent.client import Line
from whitebox_agent.client.conversation import Conversation
from whitebox_agent.client.outgoing import Counts, Outgoing
from whitebox_agent.client.parcels import (
    Entry,
    Request,
    Row,
    Shape,
    label_requests,
    parcels_of,
    table_requests,
)
from whitebox_agent.table import (
    UNKNOWN_TIME,
    Cells,
    is_column,
    one_id,
    read_column,
    read_ids,
    read_table,
    times_ms,
)
from whitebox_wire.errors import ConfigError, DataError
from whitebox_wire.messages import Codes, Durability

DEFAULT_ADDRESS = "127.0.0.1:8810"
JOIN_S = 2.0


class SidecarClient:
    """Logs inferences and labels to the agent beside this process.

    Logging is quick, safe from any thread, and fails open: it never waits for the agent, and while
    the agent is away it keeps up to `queue_rows_max` rows and sheds (and counts) the others. Use it
    as a context manager, or call `close`. Nothing is connected and no thread is started before the
    first row, so a client may be made before a server forks its workers.
    """

    def __init__(
        self,
        address: str = DEFAULT_ADDRESS,
        *,
        durability: str = "durable",
        queue_rows_max: int = 100_000,
        batch_rows_max: int = 1_000,
        linger_ms: int = 20,
    ) -> None:
        """Log to the agent at `address` (host:port or unix:PATH).

        Rows logged one by one wait up to `linger_ms` to be sent with others, `batch_rows_max` at
        most. Rows count as acknowledged when they are on disk, or, with the durability "accepted",
        when they are in the agent's queue.

        Raises:
            ConfigError: an argument is wrong, or gRPC is not installed.
        """
        known = {durability.value: durability for durability in Durability}
        if durability not in known:
            raise ConfigError(f"durability: {durability!r}", hint=f"one of {', '.join(known)}")
        if min(queue_rows_max, batch_rows_max, linger_ms + 1) < 1:
            raise ConfigError("queue_rows_max and batch_rows_max are at least 1, linger_ms 0")
        try:
            from whitebox_agent.client.grpc import GrpcLine
        except ImportError as error:
            raise ConfigError(
                "logging to an agent needs gRPC", hint="pip install 'whitebox-edge[grpc]'"
            ) from error
        self._open_line = partial(GrpcLine, address)
        self._outgoing = Outgoing(
            queue_rows_max,
            batch_rows_max,
            linger_ms / 1_000,
            partial(parcels_of, durability=known[durability]),
        )
        self._starting = threading.Lock()
        self._conversation: Conversation | None = None

    def log(
        self,
        model_id: str,
        rows: object,
        *,
        prediction: object = None,
        score: object = None,
        id: object = None,  # noqa: A002  # the field's name in every API of this kind
        time: object = None,
    ) -> int:
        """Log inferences; how many rows were taken: all of a call, or none (0). The arguments are
        those of `Agent.log`; what the agent says of them is in `counts` and `problem`.

        Raises:
            DataError: the rows cannot be read, or ids, times and predictions do not fit them.
        """
        if type(rows) is dict and rows and not is_column(next(iter(rows.values()))):
            return self._log_row(model_id, rows, prediction, score, id, time)
        unnamed = isinstance(rows, np.ndarray) and rows.ndim > 0 and not rows.dtype.names
        names = tuple(map(str, range(rows.shape[-1]))) if unnamed else ()  # type: ignore[attr-defined]  # an array
        table = read_table(rows, names)
        columns: list[Cells] = list(table.columns.values())
        if prediction is not None:
            columns.append(read_column(prediction, "prediction"))
        scores = [] if score is None else _score_columns(score)
        columns += scores
        _check_lengths(columns, table.rows)
        shape = Shape(model_id, tuple(table.columns), prediction is not None, len(scores))
        times = times_ms(time, table.rows)
        times = np.where(times == UNKNOWN_TIME, _now_ms(), times)
        ids = read_ids(id, table.rows)
        requests = table_requests(shape, columns, ids, times, unnamed=bool(unnamed))
        return self._put(requests, table.rows)

    def _log_row(
        self,
        model_id: str,
        row: dict[str, object],
        prediction: object,
        score: Any,
        id_: object,
        time: object,
    ) -> int:
        values = tuple(row.values())
        if prediction is not None:
            values = (*values, prediction)
        scores: tuple[object, ...] = ()
        if score is not None:
            scores = (score,) if np.ndim(score) == 0 else tuple(score)
            values += scores
        shape = Shape(model_id, tuple(row), prediction is not None, len(scores))
        time_ms = UNKNOWN_TIME if time is None else int(times_ms(time, 1)[0])
        if time_ms == UNKNOWN_TIME:
            time_ms = _now_ms()
        return self._put(Row(shape, values, one_id(id_), time_ms), 1)

    def log_labels(self, model_id: str, ids: object, labels: object) -> int:
        """Log true labels of rows logged before, by their ids; how many were taken.

        Raises:
            DataError: ids and labels are not one for one, or an id is missing.
        """
        if not is_column(labels):
            ids, labels = [ids], [labels]
        cells = read_column(labels, "label")
        texts = read_ids(ids, _size(cells))
        if _size(cells) and (not texts or not all(texts)):
            raise DataError("id: a label has no id", hint="pass the id that the row was logged by")
        return self._put(label_requests(model_id, texts, cells), _size(cells))

    def _put(self, call: Row | tuple[Request, ...], rows: int) -> int:
        if not rows:
            return 0
        if self._conversation is None:
            self._start()
        return rows if self._outgoing.put(Entry(call, rows)) else 0

    def _start(self) -> None:
        with self._starting:
            if self._conversation is None:
                line: Line = self._open_line()
                conversation = Conversation(self._outgoing, line, random.SystemRandom().random)
                conversation.start()
                self._conversation = conversation

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Wait until nothing of what was logged so far is pending any more; False when it took
        longer. `counts` tells what became of it.
        """
        return self._outgoing.flush(timeout_s)

    @property
    def counts(self) -> Counts:
        """How many rows were logged, and where they are."""
        return self._outgoing.counts()

    @property
    def shed(self) -> int:
        """How many rows were given up because there was no room for them."""
        return self.counts.shed

    @property
    def problem(self) -> str:
        """What is wrong now: the agent is away, or the last request was refused; empty when all is
        well.
        """
        return self._outgoing.problem

    def close(self, timeout_s: float = 5.0) -> None:
        """Send what is pending, for so long at most, and end. What is logged later is shed."""
        self.flush(timeout_s)
        self._outgoing.close()
        if self._conversation is not None:
            self._conversation.join(JOIN_S)

    def __enter__(self) -> SidecarClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _now_ms() -> int:
    return clock.time_ns() // 1_000_000


def _score_columns(score: Any) -> list[Cells]:
    """Scores of many rows: one column, or shape [rows, columns]."""
    if np.ndim(score) == 1:
        return [read_column(score, "score")]
    return [read_column(column, "score") for column in np.asarray(score).T]


def _check_lengths(columns: list[Cells], rows: int) -> None:
    for column in columns:
        if _size(column) != rows:
            raise DataError(
                f"a column has {_size(column)} cells for {rows} rows",
                hint="give one prediction and one score a row",
            )


def _size(cells: Cells) -> int:
    return cells.codes.size if isinstance(cells, Codes) else cells.size
