from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Durability(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DURABILITY_UNSPECIFIED: _ClassVar[Durability]
    DURABILITY_DURABLE: _ClassVar[Durability]
    DURABILITY_ACCEPTED: _ClassVar[Durability]
DURABILITY_UNSPECIFIED: Durability
DURABILITY_DURABLE: Durability
DURABILITY_ACCEPTED: Durability

class RecordRequest(_message.Message):
    __slots__ = ("batch", "durability", "prediction", "scores", "unnamed")
    BATCH_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    PREDICTION_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    UNNAMED_FIELD_NUMBER: _ClassVar[int]
    batch: InferenceBatch
    durability: Durability
    prediction: Column
    scores: _containers.RepeatedCompositeFieldContainer[Column]
    unnamed: bool
    def __init__(self, batch: _Optional[_Union[InferenceBatch, _Mapping]] = ..., durability: _Optional[_Union[Durability, str]] = ..., prediction: _Optional[_Union[Column, _Mapping]] = ..., scores: _Optional[_Iterable[_Union[Column, _Mapping]]] = ..., unnamed: bool = ...) -> None: ...

class RecordStreamRequest(_message.Message):
    __slots__ = ("inferences", "labels")
    INFERENCES_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    inferences: RecordRequest
    labels: RecordLabelsRequest
    def __init__(self, inferences: _Optional[_Union[RecordRequest, _Mapping]] = ..., labels: _Optional[_Union[RecordLabelsRequest, _Mapping]] = ...) -> None: ...

class RecordStreamResponse(_message.Message):
    __slots__ = ("recorded", "failure")
    RECORDED_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    recorded: RecordResponse
    failure: RecordFailure
    def __init__(self, recorded: _Optional[_Union[RecordResponse, _Mapping]] = ..., failure: _Optional[_Union[RecordFailure, _Mapping]] = ...) -> None: ...

class RecordFailure(_message.Message):
    __slots__ = ("code", "message")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: int
    message: str
    def __init__(self, code: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class RecordResponse(_message.Message):
    __slots__ = ("recorded_rows", "warnings")
    RECORDED_ROWS_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    recorded_rows: int
    warnings: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, recorded_rows: _Optional[int] = ..., warnings: _Optional[_Iterable[str]] = ...) -> None: ...

class RecordLabelsRequest(_message.Message):
    __slots__ = ("batch", "durability")
    BATCH_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    batch: LabelBatch
    durability: Durability
    def __init__(self, batch: _Optional[_Union[LabelBatch, _Mapping]] = ..., durability: _Optional[_Union[Durability, str]] = ...) -> None: ...

class RecordLabelsResponse(_message.Message):
    __slots__ = ("recorded_rows",)
    RECORDED_ROWS_FIELD_NUMBER: _ClassVar[int]
    recorded_rows: int
    def __init__(self, recorded_rows: _Optional[int] = ...) -> None: ...

class InferenceBatch(_message.Message):
    __slots__ = ("model_id", "rows", "columns", "ids", "times_ms", "received_ms", "spec_digest")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    IDS_FIELD_NUMBER: _ClassVar[int]
    TIMES_MS_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_MS_FIELD_NUMBER: _ClassVar[int]
    SPEC_DIGEST_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    rows: int
    columns: _containers.RepeatedCompositeFieldContainer[Column]
    ids: _containers.RepeatedScalarFieldContainer[str]
    times_ms: bytes
    received_ms: int
    spec_digest: bytes
    def __init__(self, model_id: _Optional[str] = ..., rows: _Optional[int] = ..., columns: _Optional[_Iterable[_Union[Column, _Mapping]]] = ..., ids: _Optional[_Iterable[str]] = ..., times_ms: _Optional[bytes] = ..., received_ms: _Optional[int] = ..., spec_digest: _Optional[bytes] = ...) -> None: ...

class Column(_message.Message):
    __slots__ = ("name", "numbers", "categories")
    NAME_FIELD_NUMBER: _ClassVar[int]
    NUMBERS_FIELD_NUMBER: _ClassVar[int]
    CATEGORIES_FIELD_NUMBER: _ClassVar[int]
    name: str
    numbers: bytes
    categories: Categories
    def __init__(self, name: _Optional[str] = ..., numbers: _Optional[bytes] = ..., categories: _Optional[_Union[Categories, _Mapping]] = ...) -> None: ...

class Categories(_message.Message):
    __slots__ = ("dictionary", "codes")
    DICTIONARY_FIELD_NUMBER: _ClassVar[int]
    CODES_FIELD_NUMBER: _ClassVar[int]
    dictionary: _containers.RepeatedScalarFieldContainer[str]
    codes: bytes
    def __init__(self, dictionary: _Optional[_Iterable[str]] = ..., codes: _Optional[bytes] = ...) -> None: ...

class LabelBatch(_message.Message):
    __slots__ = ("model_id", "ids", "labels", "received_ms")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    IDS_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_MS_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    ids: _containers.RepeatedScalarFieldContainer[str]
    labels: Column
    received_ms: int
    def __init__(self, model_id: _Optional[str] = ..., ids: _Optional[_Iterable[str]] = ..., labels: _Optional[_Union[Column, _Mapping]] = ..., received_ms: _Optional[int] = ...) -> None: ...
