"""What the hub remembers, as four narrow ports and the values that pass through them.

`SketchStore` holds sums and the ledger, `RecordStore` what people wrote, `JudgementStore` what
monitors found; `FleetStore` reads the little that commits and judgements leave of single devices.
Ports only remember: which report counts, which window is judged and what an alert becomes is
decided elsewhere. What a verb wrote is on disk when it returns, all of it or nothing. Methods
block; shells call them in a thread.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from whitebox_hub.alert import Alert, AlertEvent, State
from whitebox_hub.monitor import Finding, Monitor
from whitebox_wire.codec import SpecBundle
from whitebox_wire.errors import WhiteboxError
from whitebox_wire.layout import Section
from whitebox_wire.messages import ModelLedger, Rejection
from whitebox_wire.vector import IntVector

# Later than any window begins.
TIME_S_MAX = (1 << 63) - 1
# How many devices of a window are remembered for good: those farthest from the reference.
FARTHEST_KEPT = 8


class StoreError(WhiteboxError):
    """The store cannot be read or written now."""


class StoreConflictError(StoreError):
    """Somebody else changed what this change was based on; read again and decide again."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One agent's reports since its store was made."""

    agent_id: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Position:
    """The last sequence that counts, and what was refused of it (for an answer that was lost)."""

    sequence: int = 0
    rejections: tuple[Rejection, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """A stream moves from `expected` to `position`; rows and bytes are what this adds."""

    stream: Stream
    expected: int
    position: Position
    seen_ms: int
    version: str
    ledgers: tuple[ModelLedger, ...]
    rows: int
    labelled_rows: int
    received_bytes: int


@dataclass(frozen=True, slots=True)
class Window:
    model_id: str
    digest: bytes
    segment: int
    start_s: int
    length_s: int

    @property
    def end_s(self) -> int:
        return self.start_s + self.length_s


@dataclass(frozen=True, slots=True)
class Partial:
    """Part of one section's sum: see `vectors` for the bytes. No |cell| exceeds `peak`."""

    window: Window
    section: Section
    rows: int
    peak: int
    vector: bytes


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """One device in one window."""

    window: Window
    agent_id: str


@dataclass(frozen=True, slots=True)
class DeviceWindow:
    """All that one device gave one window, segment 0. `feature` is the column in which it lies
    farthest from the reference (the prediction's among them), `distance` its PSI there, and `score`
    how far that is beyond chance (see statistics.fleet). `counts` are its rows by group.
    """

    key: DeviceKey
    rows: int
    feature: str
    distance: float
    score: float
    counts: bytes


@dataclass(frozen=True, slots=True)
class DeviceVerdict:
    """How one device stood to the rest of its fleet in one window that was judged.

    `distance` is the PSI of `feature` between the device and the rest, `p_value` is adjusted for
    columns and devices.
    """

    key: DeviceKey
    rows: int
    feature: str
    distance: float
    p_value: float
    unlike: bool


@dataclass(frozen=True, slots=True)
class Group:
    """What one commit adds. `due_s` says for each touched window when it may be judged; `devices`
    stand in place of what was known of them in their windows.
    """

    receipts: tuple[Receipt, ...]
    partials: tuple[Partial, ...]
    due_s: Mapping[Window, int]
    devices: tuple[DeviceWindow, ...] = ()


@dataclass(frozen=True, slots=True)
class AgentStatus:
    stream: Stream
    sequence: int
    last_seen_ms: int
    version: str
    ledgers: tuple[ModelLedger, ...]
    rows: int
    labelled_rows: int
    received_bytes: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Rows of one model in the hub, over all windows."""

    rows: int = 0
    labelled_rows: int = 0
    explained_rows: int = 0
    windows: int = 0


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """A model as Whitebox's API knows it; `digest` is its current spec's, or empty."""

    id: str
    name: str
    type: str
    target_column: str
    granularity: str
    description: str = ""
    labels: Mapping[str, int] = field(default_factory=dict)
    digest: bytes = b""
    created_ms: int = 0
    updated_ms: int = 0


@dataclass(frozen=True, slots=True)
class DueWindow:
    """A window that was touched since it was judged; `revision` counts the touches."""

    window: Window
    revision: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one monitor found in one window."""

    monitor_id: str
    window: Window
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one step of the tick decided; the windows count as judged at their revisions."""

    windows: tuple[DueWindow, ...]
    evaluations: tuple[Evaluation, ...] = ()
    alerts: tuple[Alert, ...] = ()
    events: tuple[AlertEvent, ...] = ()
    verdicts: tuple[DeviceVerdict, ...] = ()
    judged_ms: int = 0


class SketchStore(Protocol):
    def positions(self, streams: Collection[Stream]) -> Mapping[Stream, Position]:
        """Where each known stream stands."""

    def peaks(self, windows: Collection[Window]) -> Mapping[tuple[Window, Section], int]:
        """A bound of every |cell| of each section's sum."""

    def commit(self, group: Group) -> None:
        """Write a group. StoreConflictError when a stream is not where its receipt expects."""

    def windows(
        self, model_id: str, segment: int, limit: int, until_s: int = TIME_S_MAX
    ) -> tuple[Window, ...]:
        """The newest windows of a model that begin at `until_s` or before, oldest first."""

    def vectors(self, window: Window) -> Mapping[Section, IntVector]:
        """The sums of one window, for each section that has arrived."""

    def totals(self, model_id: str) -> Totals: ...

    def agents(self, after: str, limit: int) -> tuple[AgentStatus, ...]:
        """Every stream of the first agents whose id is greater than `after`."""

    def compact(self, limit: int) -> int:
        """Fold the partials of at most `limit` scattered windows; return how many. A damaged
        window is left as it is: reading it tells.
        """


class RecordStore(Protocol):
    def models(self, after: str, limit: int) -> tuple[ModelRecord, ...]:
        """Models in order of id, beginning behind `after`."""

    def model(self, model_id: str) -> ModelRecord | None: ...

    def put_model(self, model: ModelRecord) -> None: ...

    def delete_model(self, model_id: str) -> bool:
        """Delete a model and all that belongs to it; False when there is none."""

    def put_bundle(
        self, model: ModelRecord, bundle: SpecBundle, monitors: Sequence[Monitor]
    ) -> None:
        """Write a model, its spec with references, and monitors, together."""

    def bundle(self, digest: bytes) -> SpecBundle | None: ...

    def monitors(self, model_id: str, after: str, limit: int) -> tuple[Monitor, ...]:
        """Monitors in order of id; of every model when `model_id` is empty."""

    def monitor(self, monitor_id: str) -> Monitor | None: ...

    def put_monitor(self, monitor: Monitor) -> None: ...

    def delete_monitor(self, monitor_id: str) -> bool:
        """Delete a monitor with its evaluations and alerts; its events stay."""


class JudgementStore(Protocol):
    def due(self, now_s: int, limit: int) -> tuple[DueWindow, ...]:
        """Touched windows that may be judged now, oldest first."""

    def history(self, monitor_id: str, segment: int, limit: int) -> tuple[Evaluation, ...]:
        """The newest evaluations of one monitor, oldest first."""

    def evaluations(self, window: Window) -> tuple[Evaluation, ...]:
        """What every monitor of a window's model found in that window, in order of monitor."""

    def record(self, judgement: Judgement) -> None:
        """Write a judgement; events get the next cursors in their order."""

    def alerts(
        self,
        *,
        model_id: str = "",
        monitor_id: str = "",
        segment: int | None = None,
        states: Collection[State] = tuple(State),
        limit: int,
    ) -> tuple[Alert, ...]:
        """Alerts, the latest changed first; of every segment where none is named."""

    def events(self, after: int, limit: int) -> tuple[AlertEvent, ...]:
        """Events with a cursor greater than `after`, in order."""

    def rejudge(self, monitor: Monitor, windows: int) -> None:
        """Forget what a monitor found and make the newest windows of its model due again."""


class FleetStore(Protocol):
    def known(self, keys: Collection[DeviceKey]) -> Mapping[DeviceKey, DeviceWindow]:
        """What those devices gave those windows so far."""

    def of_window(self, window: Window, limit: int) -> tuple[DeviceWindow, ...]:
        """Devices of one window, those farthest from the reference first."""

    def latest(self, agent_ids: Collection[str]) -> tuple[DeviceWindow, ...]:
        """Of each model the newest window that each of those devices reported to."""

    def verdicts(self, agent_ids: Collection[str]) -> tuple[DeviceVerdict, ...]:
        """Of each model the latest verdict on each of those devices."""


@dataclass(frozen=True, slots=True)
class Store:
    """One place behind four ports."""

    sketches: SketchStore
    records: RecordStore
    judgements: JudgementStore
    fleet: FleetStore
