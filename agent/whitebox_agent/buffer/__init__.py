"""What an agent keeps on its device, as three narrow ports and the values that pass through them.

`RowBuffer` holds rows until they are folded, and what is remembered of predictions; `Outbox` holds
sums until the hub has them; `SpecShelf` holds the specs. All three lie in one store, so a fold is
one transaction: rows leave, sums grow and predictions are remembered together or not at all. What a
verb wrote is on disk when it returns. Ports only remember; what to fold, join and ship is decided
elsewhere.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from whitebox_wire.errors import WhiteboxError
from whitebox_wire.layout import Section, SectionSize
from whitebox_wire.messages import DropReason, ModelLedger, WindowKey
from whitebox_wire.vector import IntVector


class StoreError(WhiteboxError):
    """The agent's store cannot be read or written now."""


class UnwritableError(StoreError):
    """The disk is full or does not write; what lies in the store is untouched."""


class DamagedError(StoreError):
    """The store was damaged. It has been made anew with all that could be read back: try again."""


class Stream(enum.Enum):
    """The two kinds of rows an agent keeps books of."""

    INFERENCES = "inferences"
    LABELS = "labels"

    @property
    def section(self) -> Section:
        """The section of a vector that the rows end up in."""
        return Section.FEATURES if self is Stream.INFERENCES else Section.LABELS


@dataclass(frozen=True, slots=True)
class Drop:
    """Rows that will never be in a sum, and why."""

    model_id: str
    stream: Stream
    reason: DropReason
    rows: int


@dataclass(frozen=True, slots=True)
class RowBatch:
    """An encoded InferenceBatch or LabelBatch of one model. `place` orders batches once stored."""

    model_id: str
    stream: Stream
    rows: int
    body: bytes
    received_ms: int
    place: int = 0


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is kept of a prediction until its label comes: enough to place and to count it."""

    model_id: str
    id: str
    digest: bytes
    start_s: int
    record: bytes
    expires_ms: int


@dataclass(frozen=True, slots=True)
class Sum:
    """What a fold adds to one section of one window; a new one may ship from `ready_ms` on.

    It ships with `rows_min` rows or more, by itself or with others. A `bare` sum must be sealed
    before it leaves.
    """

    key: WindowKey
    length_s: int
    rows: int
    size: SectionSize
    vector: IntVector
    ready_ms: int
    rows_min: int = 0
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Fold:
    """One atomic step: these batches leave, these sums grow, this is remembered or forgotten."""

    batches: Sequence[RowBatch]
    sums: Sequence[Sum]
    remembered: Sequence[Remembered] = ()
    joined: Sequence[Remembered] = ()
    drops: Sequence[Drop] = ()
    now_ms: int = 0
    clock_offset_ms: int = 0


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """One sum as it ships. `id` names it in the outbox; `clock_offset_ms` is what the device's
    clock was corrected by when its last row was folded.
    """

    id: int
    key: WindowKey
    length_s: int
    rows: int
    size: SectionSize
    vector: IntVector
    clock_offset_ms: int = 0


@dataclass(frozen=True, slots=True)
class OutboxHead:
    """What there is to know of a sum without reading it; `bytes` is its size at rest."""

    id: int
    key: WindowKey
    length_s: int
    rows: int
    bytes: int
    bare: bool = False


# The vector of a bare sum as it may leave; None leaves the sum where it is.
SealSum = Callable[[OutboxItem], IntVector | None]


@dataclass(frozen=True, slots=True)
class Flight:
    """One export under way: its items stay as they are until the hub has answered for good."""

    epoch: int
    sequence: int
    items: tuple[OutboxItem, ...]


def drops_of(sums: Iterable[OutboxItem | OutboxHead], reason: DropReason) -> tuple[Drop, ...]:
    """The rows that are lost with some sums. A segment's rows are among those of segment 0."""
    streams = {stream.section: stream for stream in Stream}
    return tuple(
        Drop(lost.key.model_id, streams[lost.key.section], reason, lost.rows)
        for lost in sums
        if lost.key.segment == 0 and lost.key.section in streams
    )


@dataclass(frozen=True, slots=True)
class Landing:
    """What the hub's answer made of a flight: which items it refused, and which come back."""

    acknowledged: Iterable[OutboxItem]
    drops: Sequence[Drop] = ()
    held: Iterable[OutboxItem] = ()
    held_until_ms: int = 0
    now_ms: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class StoredSpec:
    model_id: str
    digest: bytes
    spec_bytes: bytes
    current: bool


@dataclass(frozen=True, slots=True)
class Books:
    """The books, for people and for the hub. `opened_ms` is the age of the oldest unsent row.

    `note` is what the hub said when it last refused something. `lonely_items` sums, of
    `lonely_rows` rows, hold fewer rows than may ship, even all together.
    """

    agent_id: str
    epoch: int
    sequence: int
    ledgers: tuple[ModelLedger, ...]
    opened_ms: int | None
    outbox_items: int
    remembered: int
    duplicate_ids: Mapping[str, int] = field(default_factory=dict)
    acknowledged_ms: int | None = None
    note: str = ""
    lonely_items: int = 0
    lonely_rows: int = 0


class RowBuffer(Protocol):
    def append(self, batches: Sequence[RowBatch], drops: Sequence[Drop]) -> None:
        """Store batches; count their rows and the dropped ones as recorded."""

    def waiting(self, rows_max: int) -> tuple[RowBatch, ...]:
        """The oldest batches, whole ones, until `rows_max` rows are reached (at least one)."""

    def recall(self, model_id: str, ids: Sequence[str]) -> Mapping[str, Remembered]:
        """The predictions that are remembered of some ids."""

    def fold(self, step: Fold) -> None:
        """Do one atomic step. Of predictions with one id the first is remembered."""

    def forget(self, now_ms: int, keep_max: int) -> int:
        """Forget predictions whose time is over, and the oldest beyond `keep_max`; say how many."""

    def wipe(self) -> None:
        """Leave no byte of what was folded or forgotten in the store's files."""


class Outbox(Protocol):
    def take_off(
        self, now_ms: int, bytes_max: int, *, empty: bool, seal: SealSum | None = None
    ) -> Flight | None:
        """The flight under way, or a new one of what is ready; one without items if `empty`.

        A ready sum of too few rows first joins the next of its model, spec, segment and section
        that is ready, in whose window its rows then count; without one it waits. What `seal`
        makes of a bare sum takes its place before it is ever given out, so that it is made once.
        Without `seal` bare sums stay.
        """

    def land(self, flight: Flight, landing: Landing) -> None:
        """End a flight that the hub answered."""

    def restart(self, epoch: int, *, surrender: bool = False) -> None:
        """Begin a new stream; the flight under way becomes its first.

        To `surrender` gives up every sum, those under way too, and books them as corruption.
        """

    def hasten(self) -> None:
        """Make every sum ready."""

    def size(self) -> int:
        """The bytes of all sums at rest."""

    def heads(self, limit: int) -> tuple[OutboxHead, ...]:
        """Sums that are not under way, those of the oldest windows first."""

    def merge(self, ids: Sequence[int], start_s: int, length_s: int) -> None:
        """Replace sums of one model, spec, segment and section by their sum over a longer window.

        Those that do not fit into one delta together stay as they are.
        """

    def drop(self, heads: Sequence[OutboxHead], drops: Sequence[Drop]) -> None:
        """Give sums up, and book what is lost with them."""


class SpecShelf(Protocol):
    def all(self) -> tuple[StoredSpec, ...]:
        """Every spec that was ever kept: sums under an old one still ship."""

    def keep(self, spec: StoredSpec) -> None:
        """Store a spec; a current one takes the place of its model's current one."""


class BookShelf(Protocol):
    def read(self) -> Books: ...

    def audit(self) -> None:
        """See whether the books balance; DamagedError when they did not and were put right."""


@dataclass(frozen=True, slots=True)
class Buffer:
    """One store behind its ports."""

    rows: RowBuffer
    outbox: Outbox
    specs: SpecShelf
    books: BookShelf
