"""What agent and hub say to each other, as values.

These mirror `v1/ingest.proto` and `v1/inference.proto`; the codec turns them into bytes and back.
Nothing here can hold a raw value of a row except `InferenceBatch` and `LabelBatch`, which travel
only between a serving process and the agent beside it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from whitebox_wire.layout import Section
from whitebox_wire.packing import PackedVector
from whitebox_wire.vector import FloatArray

# An export is at most this large unless one delta alone is larger (see layout.CELLS_MAX).
EXPORT_BYTES_MAX = 256 * 1024

# Codes of cells that are in no dictionary (see Categories in inference.proto).
MISSING = -1
INVALID = -2
OUT_OF_VOCABULARY = -3

# The status code of gRPC's that says that nobody knows.
_DEADLINE_EXCEEDED = 4


class Dataset(enum.Enum):
    """Which rows a reference is made of."""

    TRAINING = "training"
    TEST = "test"


class DropReason(enum.Enum):
    """Why a row is in no sum. Every dropped row is counted under one of these.

    `OTHER` takes the rows of reasons that a newer peer has and this version does not know.
    """

    UNMATCHED = "unmatched"
    BUFFER_FULL = "buffer_full"
    DISK_FULL = "disk_full"
    CORRUPTION = "corruption"
    QUEUE_FULL = "queue_full"
    REJECTED = "rejected"
    MALFORMED = "malformed"
    OTHER = "other"


class RejectReason(enum.Enum):
    """Why a hub refused a delta; `OTHER` is a reason that this version does not know."""

    UNKNOWN_SPEC = "unknown_spec"
    MALFORMED = "malformed"
    OVERFLOW = "overflow"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class WindowKey:
    """What a vector is a sum over. `segment` 0 is every row; n is the spec's segment n - 1."""

    model_id: str
    spec_digest: bytes
    segment: int
    start_s: int
    section: Section


@dataclass(frozen=True, slots=True)
class SketchDelta:
    """What one agent adds to one section of one window."""

    key: WindowKey
    rows: int
    vector: PackedVector
    length_s: int
    clock_offset_ms: int = 0


@dataclass(frozen=True, slots=True)
class RowLedger:
    """Totals since the epoch began: recorded = acknowledged + pending + sum of dropped."""

    recorded: int = 0
    folded: int = 0
    acknowledged: int = 0
    pending: int = 0
    dropped: Mapping[DropReason, int] = field(default_factory=dict)

    @property
    def balances(self) -> bool:
        return self.recorded == self.acknowledged + self.pending + sum(self.dropped.values())


@dataclass(frozen=True, slots=True)
class ModelLedger:
    model_id: str
    inferences: RowLedger
    labels: RowLedger


@dataclass(frozen=True, slots=True)
class SpecRef:
    model_id: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class ExportRequest:
    agent_id: str
    epoch: int
    sequence: int
    deltas: tuple[SketchDelta, ...]
    ledgers: tuple[ModelLedger, ...]
    agent_time_ms: int
    agent_version: str


@dataclass(frozen=True, slots=True)
class Rejection:
    delta: int
    reason: RejectReason
    message: str


@dataclass(frozen=True, slots=True)
class ExportResponse:
    """`acked_sequence` is durable at the hub; `expected_sequence` is what it accepts next."""

    acked_sequence: int
    expected_sequence: int
    server_time_ms: int
    rejections: tuple[Rejection, ...] = ()
    retry_delay_ms: int = 0
    specs: tuple[SpecRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Codes:
    """A categorical column: int32 codes, shape [rows], into a dictionary.

    Without a dictionary the codes are places in the spec's vocabulary.
    """

    codes: npt.NDArray[np.int32]
    dictionary: tuple[str, ...] = ()


# A numeric column: float64, shape [rows]; NaN is missing and an infinity is invalid.
Column = FloatArray | Codes


@dataclass(frozen=True, slots=True)
class InferenceBatch:
    """A table of inferences by column. `times_ms` (int64) and `ids` are empty or one a row."""

    model_id: str
    rows: int
    columns: Mapping[str, Column]
    received_ms: int
    ids: tuple[str, ...] = ()
    times_ms: npt.NDArray[np.int64] | None = None
    spec_digest: bytes = b""


@dataclass(frozen=True, slots=True)
class LabelBatch:
    """True labels of rows recorded before, by id."""

    model_id: str
    ids: tuple[str, ...]
    labels: Column
    received_ms: int


class Durability(enum.Enum):
    """What the answer to rows promises: that they are on disk, or that they are in the queue."""

    DURABLE = "durable"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class RecordRequest:
    """A table to record. Who does not know the spec's names gives `prediction` and `scores` apart
    from the columns, and columns that are `unnamed`: in the spec's order, whatever their names.
    """

    batch: InferenceBatch
    durability: Durability = Durability.DURABLE
    prediction: Column | None = None
    scores: tuple[Column, ...] = ()
    unnamed: bool = False


@dataclass(frozen=True, slots=True)
class RecordLabelsRequest:
    batch: LabelBatch
    durability: Durability = Durability.DURABLE


@dataclass(frozen=True, slots=True)
class RecordAnswer:
    """How many rows or labels are recorded now, and what was made of unexpected columns."""

    recorded_rows: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordFailure:
    """Why a request of a stream was refused: a status code of gRPC's, and the reason in words.

    Nothing was recorded, unless `uncertain`: then the rows may be on disk, or get there yet.
    """

    code: int
    message: str

    @property
    def uncertain(self) -> bool:
        return self.code == _DEADLINE_EXCEEDED
