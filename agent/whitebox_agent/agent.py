"""The agent in a serving process: opens the store, starts writer and shipper, and ends them.

A composition root: with `daemon` the only module that names adapters. gRPC is imported when there
is a hub to talk to, and not before.
"""

from __future__ import annotations

import atexit
import concurrent.futures
import os
import secrets
import time as clock
import weakref
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType

from whitebox_agent.buffer import Books, DamagedError
from whitebox_agent.buffer.sqlite import open_sqlite
from whitebox_agent.clock import Clock
from whitebox_agent.config import Config, check_config
from whitebox_agent.models import Models
from whitebox_agent.recorder.logbook import Extras, Logbook
from whitebox_agent.recorder.queue import RowQueue
from whitebox_agent.recorder.writer import Writer
from whitebox_agent.ship import Hub
from whitebox_agent.ship.shipper import Shipper
from whitebox_wire.codec import decode_bundle
from whitebox_wire.errors import ConfigError

# The writer is woken before its usual time when this part of the queue is full.
_WAKE_SHARE = 8
# A store may be damaged in more than one place: so often is it made anew at a start.
_DAMAGES_MAX = 3


def device_ms() -> int:
    return clock.time_ns() // 1_000_000


def steady_ms() -> int:
    """Goes on while the device sleeps, where the system can tell."""
    kind = getattr(clock, "CLOCK_BOOTTIME", clock.CLOCK_MONOTONIC)
    return clock.clock_gettime_ns(kind) // 1_000_000


class Agent:
    """Records inferences, folds them into sums, and ships those; rows never leave the device.

    Logging is quick and safe from any thread, and never waits for the disk or the network. Use it
    as a context manager, or call `close`.
    """

    def __init__(self, config: Config, *, at_rest: Callable[[], None] = lambda: None) -> None:
        """Open the store, adopt the spec files, and start. `at_rest` is called whenever all that
        was recorded is folded.

        Raises:
            ConfigError: a setting is wrong, or a spec file cannot be read.
            StoreError: the store cannot be opened, or another agent uses it.
            MalformedError, SpecError: a spec file holds no usable spec.
        """
        check_config(config)
        with ExitStack() as stack:
            path = Path(config.store_path)
            self._buffer = stack.enter_context(open_sqlite(path, config.name, secrets.randbits(64)))
            self._models = _mended(lambda: self._open_models(config))
            self._rows = RowQueue(
                config.queue_rows_max, max(config.queue_rows_max // _WAKE_SHARE, 1)
            )
            self._clock = Clock(device_ms, steady_ms, trust_given=config.trust_given_times)
            self.logbook = Logbook(self._models, self._rows, self._clock)
            self._writer = Writer(
                self._rows,
                self._buffer,
                self._models,
                policy=config.ship_policy,
                limits=config.writer_limits,
                clock=self._clock,
                at_rest=at_rest,
            )
            self._shipper = self._make_shipper(config, stack)
            self._writer.start()
            stack.callback(self._stop_writer)
            self._stack = stack.pop_all()
        # Who forgets to close loses nothing; a forked child has no writer, and must leave be.
        atexit.register(self.close)
        abandon = weakref.WeakMethod(self._abandon)
        os.register_at_fork(after_in_child=lambda: (found := abandon()) and found())

    def _open_models(self, config: Config) -> Models:
        models = Models(self._buffer.specs, labels=config.labels_by_key)
        models.pin(_specs_of(config), config.models)
        self._buffer.books.audit()
        return models

    def _make_shipper(self, config: Config, stack: ExitStack) -> Shipper | None:
        if not config.hub_address:
            return None
        hub = open_hub(config.hub_address)
        stack.callback(hub.close)
        shipper = Shipper(
            self._buffer, self._models, hub, limits=config.ship_limits, clock=self._clock
        )
        shipper.start()
        stack.callback(_stop_shipper, shipper)
        return shipper

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
        """Record inferences; how many rows were accepted: all of a call, or none (0).

        `rows` is a dict of values (one row), a list of dicts, a dict of columns, a pandas
        DataFrame, a pyarrow Table, or a numpy array of the features in the spec's order. It may
        hold the prediction and the scores under their columns' names, or they are given apart.
        `id` lets a label find its row later; `time` (a datetime, or seconds since 1970) is when
        the inference was made, now by default. Each is one value for one row, or one for each.

        Calls that do not fit into the queue are shed and counted; cells that cannot be read are
        counted as invalid. A row is on disk after `flush`, and at the latest a moment later.

        Raises:
            UnknownModelError: the agent has no spec of this model.
            DataError: there is no prediction, or columns, ids or times do not fit each other.
            ClosedError: the agent is closed.
        """
        return self.logbook.log(model_id, rows, Extras(prediction, score, id, time))

    def log_labels(self, model_id: str, ids: object, labels: object) -> int:
        """Record true labels of rows logged before, by their ids; how many were accepted.

        Raises:
            UnknownModelError: the agent has no spec of this model.
            DataError: ids and labels are not one for one, or an id is missing.
            ClosedError: the agent is closed.
        """
        return self.logbook.log_labels(model_id, ids, labels)

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Wait until everything logged so far is on disk; False when it took longer.

        Raises:
            StoreError: the store cannot be written.
        """
        return self._settle(timeout_s, fold=False)

    def ship(self, timeout_s: float = 30.0) -> bool:
        """Fold and ship everything logged so far, and wait until the hub has it; False when it
        took longer, or when there is no hub. Sums of fewer rows than their spec lets go stay.
        """
        deadline = clock.monotonic() + timeout_s
        if not self._settle(timeout_s, fold=True) or self._shipper is None:
            return False
        self._buffer.outbox.hasten()
        self._shipper.hurry()
        return self._shipper.wait_until(self._has_shipped, deadline - clock.monotonic())

    def _settle(self, timeout_s: float, *, fold: bool) -> bool:
        try:
            self._rows.mark(fold=fold).result(timeout_s)
        except concurrent.futures.TimeoutError:
            return False
        return True

    def _has_shipped(self) -> bool:
        books = self._buffer.books.read()
        return books.outbox_items == books.lonely_items

    def books(self) -> Books:
        """What was recorded, what became of it, and what is still here."""
        return self._buffer.books.read()

    def reload(self, config: Config) -> None:
        """Take over what may change in a running agent: specs, models, ship policy, limits. The
        spec files are read again.

        Raises:
            ConfigError, MalformedError, SpecError: as the constructor; then nothing has changed.
            StoreError: the specs cannot be stored.
        """
        self._models.pin(_specs_of(check_config(config)), config.models)
        self._writer.adjust(config.ship_policy, config.writer_limits)
        if self._shipper is not None:
            self._shipper.adjust(config.ship_limits)

    @property
    def queued_rows(self) -> int:
        """How many rows are on their way to the disk."""
        return self._rows.rows

    @property
    def store_problem(self) -> str:
        """Why rows could not be put on disk the last time; empty when they could."""
        error = self._writer.last_error
        return str(error) if error else ""

    @property
    def problem(self) -> str:
        """Why the hub was not reached the last time; empty when it was."""
        error = self._shipper.last_error if self._shipper else None
        return str(error) if error else ""

    def models(self) -> tuple[str, ...]:
        """The models that can be logged now."""
        return tuple(model.spec.model_id for model in self._models.current())

    def close(self) -> None:
        """Put everything on disk and stop. What the hub does not have yet ships next time."""
        atexit.unregister(self.close)
        self._stack.close()

    def _abandon(self) -> None:
        """In a forked child: the store, the threads and their locks are the parent's."""
        atexit.unregister(self.close)
        self._stack.pop_all()
        self._rows.abandon()

    def _stop_writer(self) -> None:
        self._rows.close()
        self._writer.join()

    def __enter__(self) -> Agent:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_hub(address: str) -> Hub:
    """A connection to the hub; ConfigError when gRPC is not installed."""
    try:
        from whitebox_agent.ship.grpc import GrpcHub
    except ImportError as error:
        raise ConfigError(
            "shipping to a hub needs gRPC", hint="pip install 'whitebox-edge[grpc]'"
        ) from error
    return GrpcHub(address)


def _stop_shipper(shipper: Shipper) -> None:
    shipper.stop()
    shipper.join()


def _mended(do: Callable[[], Models]) -> Models:
    """What `do` gives; again where it met damage and the store was made anew."""
    for _ in range(_DAMAGES_MAX):
        with suppress(DamagedError):
            return do()
    return do()


def _specs_of(config: Config) -> list[bytes]:
    return [_spec_bytes(Path(path)) for path in config.specs]


def _spec_bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"spec {path}: {error.strerror}", hint="make one with: whitebox-agent profile"
        ) from error
    return decode_bundle(data).spec_bytes
