from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RecordRequest(_message.Message):
    __slots__ = ("batch",)
    BATCH_FIELD_NUMBER: _ClassVar[int]
    batch: InferenceBatch
    def __init__(self, batch: _Optional[_Union[InferenceBatch, _Mapping]] = ...) -> None: ...

class RecordResponse(_message.Message):
    __slots__ = ("recorded_rows", "warnings")
    RECORDED_ROWS_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    recorded_rows: int
    warnings: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, recorded_rows: _Optional[int] = ..., warnings: _Optional[_Iterable[str]] = ...) -> None: ...

class RecordLabelsRequest(_message.Message):
    __slots__ = ("batch",)
    BATCH_FIELD_NUMBER: _ClassVar[int]
    batch: LabelBatch
    def __init__(self, batch: _Optional[_Union[LabelBatch, _Mapping]] = ...) -> None: ...

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
