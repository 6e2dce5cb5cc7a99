from whitebox_wire.v1 import spec_pb2 as _spec_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DropReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DROP_REASON_UNSPECIFIED: _ClassVar[DropReason]
    DROP_REASON_UNMATCHED: _ClassVar[DropReason]
    DROP_REASON_BUFFER_FULL: _ClassVar[DropReason]
    DROP_REASON_DISK_FULL: _ClassVar[DropReason]
    DROP_REASON_CORRUPTION: _ClassVar[DropReason]
    DROP_REASON_QUEUE_FULL: _ClassVar[DropReason]
    DROP_REASON_REJECTED: _ClassVar[DropReason]
    DROP_REASON_MALFORMED: _ClassVar[DropReason]
    DROP_REASON_OTHER: _ClassVar[DropReason]

class RejectReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REJECT_REASON_UNSPECIFIED: _ClassVar[RejectReason]
    REJECT_REASON_UNKNOWN_SPEC: _ClassVar[RejectReason]
    REJECT_REASON_MALFORMED: _ClassVar[RejectReason]
    REJECT_REASON_OVERFLOW: _ClassVar[RejectReason]
    REJECT_REASON_OTHER: _ClassVar[RejectReason]
DROP_REASON_UNSPECIFIED: DropReason
DROP_REASON_UNMATCHED: DropReason
DROP_REASON_BUFFER_FULL: DropReason
DROP_REASON_DISK_FULL: DropReason
DROP_REASON_CORRUPTION: DropReason
DROP_REASON_QUEUE_FULL: DropReason
DROP_REASON_REJECTED: DropReason
DROP_REASON_MALFORMED: DropReason
DROP_REASON_OTHER: DropReason
REJECT_REASON_UNSPECIFIED: RejectReason
REJECT_REASON_UNKNOWN_SPEC: RejectReason
REJECT_REASON_MALFORMED: RejectReason
REJECT_REASON_OVERFLOW: RejectReason
REJECT_REASON_OTHER: RejectReason

class ExportRequest(_message.Message):
    __slots__ = ("agent_id", "epoch", "sequence", "deltas", "ledgers", "agent_time_ms", "agent_version")
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    DELTAS_FIELD_NUMBER: _ClassVar[int]
    LEDGERS_FIELD_NUMBER: _ClassVar[int]
    AGENT_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    AGENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    agent_id: str
    epoch: int
    sequence: int
    deltas: _containers.RepeatedCompositeFieldContainer[SketchDelta]
    ledgers: _containers.RepeatedCompositeFieldContainer[ModelLedger]
    agent_time_ms: int
    agent_version: str
    def __init__(self, agent_id: _Optional[str] = ..., epoch: _Optional[int] = ..., sequence: _Optional[int] = ..., deltas: _Optional[_Iterable[_Union[SketchDelta, _Mapping]]] = ..., ledgers: _Optional[_Iterable[_Union[ModelLedger, _Mapping]]] = ..., agent_time_ms: _Optional[int] = ..., agent_version: _Optional[str] = ...) -> None: ...

class SketchDelta(_message.Message):
    __slots__ = ("model_id", "spec_digest", "segment", "window_start_s", "window_length_s", "section", "rows", "vector", "clock_offset_ms")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    SPEC_DIGEST_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    WINDOW_START_S_FIELD_NUMBER: _ClassVar[int]
    WINDOW_LENGTH_S_FIELD_NUMBER: _ClassVar[int]
    SECTION_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    VECTOR_FIELD_NUMBER: _ClassVar[int]
    CLOCK_OFFSET_MS_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    spec_digest: bytes
    segment: int
    window_start_s: int
    window_length_s: int
    section: _spec_pb2.Section
    rows: int
    vector: _spec_pb2.Vector
    clock_offset_ms: int
    def __init__(self, model_id: _Optional[str] = ..., spec_digest: _Optional[bytes] = ..., segment: _Optional[int] = ..., window_start_s: _Optional[int] = ..., window_length_s: _Optional[int] = ..., section: _Optional[_Union[_spec_pb2.Section, str]] = ..., rows: _Optional[int] = ..., vector: _Optional[_Union[_spec_pb2.Vector, _Mapping]] = ..., clock_offset_ms: _Optional[int] = ...) -> None: ...

class ModelLedger(_message.Message):
    __slots__ = ("model_id", "inferences", "labels")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    INFERENCES_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    inferences: RowLedger
    labels: RowLedger
    def __init__(self, model_id: _Optional[str] = ..., inferences: _Optional[_Union[RowLedger, _Mapping]] = ..., labels: _Optional[_Union[RowLedger, _Mapping]] = ...) -> None: ...

class RowLedger(_message.Message):
    __slots__ = ("recorded", "folded", "acknowledged", "pending", "dropped")
    RECORDED_FIELD_NUMBER: _ClassVar[int]
    FOLDED_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGED_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    recorded: int
    folded: int
    acknowledged: int
    pending: int
    dropped: _containers.RepeatedCompositeFieldContainer[Dropped]
    def __init__(self, recorded: _Optional[int] = ..., folded: _Optional[int] = ..., acknowledged: _Optional[int] = ..., pending: _Optional[int] = ..., dropped: _Optional[_Iterable[_Union[Dropped, _Mapping]]] = ...) -> None: ...

class Dropped(_message.Message):
    __slots__ = ("reason", "rows")
    REASON_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    reason: DropReason
    rows: int
    def __init__(self, reason: _Optional[_Union[DropReason, str]] = ..., rows: _Optional[int] = ...) -> None: ...

class ExportResponse(_message.Message):
    __slots__ = ("acked_sequence", "expected_sequence", "rejections", "retry_delay_ms", "server_time_ms", "specs")
    ACKED_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    REJECTIONS_FIELD_NUMBER: _ClassVar[int]
    RETRY_DELAY_MS_FIELD_NUMBER: _ClassVar[int]
    SERVER_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    SPECS_FIELD_NUMBER: _ClassVar[int]
    acked_sequence: int
    expected_sequence: int
    rejections: _containers.RepeatedCompositeFieldContainer[Rejection]
    retry_delay_ms: int
    server_time_ms: int
    specs: _containers.RepeatedCompositeFieldContainer[SpecRef]
    def __init__(self, acked_sequence: _Optional[int] = ..., expected_sequence: _Optional[int] = ..., rejections: _Optional[_Iterable[_Union[Rejection, _Mapping]]] = ..., retry_delay_ms: _Optional[int] = ..., server_time_ms: _Optional[int] = ..., specs: _Optional[_Iterable[_Union[SpecRef, _Mapping]]] = ...) -> None: ...

class Rejection(_message.Message):
    __slots__ = ("delta", "reason", "message")
    DELTA_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    delta: int
    reason: RejectReason
    message: str
    def __init__(self, delta: _Optional[int] = ..., reason: _Optional[_Union[RejectReason, str]] = ..., message: _Optional[str] = ...) -> None: ...

class SpecRef(_message.Message):
    __slots__ = ("model_id", "digest")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    digest: bytes
    def __init__(self, model_id: _Optional[str] = ..., digest: _Optional[bytes] = ...) -> None: ...

class GetRequest(_message.Message):
    __slots__ = ("model_id", "digest")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    digest: bytes
    def __init__(self, model_id: _Optional[str] = ..., digest: _Optional[bytes] = ...) -> None: ...

class GetResponse(_message.Message):
    __slots__ = ("digest", "spec")
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    digest: bytes
    spec: bytes
    def __init__(self, digest: _Optional[bytes] = ..., spec: _Optional[bytes] = ...) -> None: ...

class WatchRequest(_message.Message):
    __slots__ = ("known",)
    KNOWN_FIELD_NUMBER: _ClassVar[int]
    known: _containers.RepeatedCompositeFieldContainer[SpecRef]
    def __init__(self, known: _Optional[_Iterable[_Union[SpecRef, _Mapping]]] = ...) -> None: ...

class WatchResponse(_message.Message):
    __slots__ = ("specs",)
    SPECS_FIELD_NUMBER: _ClassVar[int]
    specs: _containers.RepeatedCompositeFieldContainer[SpecRef]
    def __init__(self, specs: _Optional[_Iterable[_Union[SpecRef, _Mapping]]] = ...) -> None: ...
