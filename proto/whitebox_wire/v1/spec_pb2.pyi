from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ModelKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MODEL_KIND_UNSPECIFIED: _ClassVar[ModelKind]
    MODEL_KIND_BINARY: _ClassVar[ModelKind]
    MODEL_KIND_MULTI_CLASS: _ClassVar[ModelKind]
    MODEL_KIND_REGRESSION: _ClassVar[ModelKind]

class ExplanationSpace(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EXPLANATION_SPACE_UNSPECIFIED: _ClassVar[ExplanationSpace]
    EXPLANATION_SPACE_MARGIN: _ClassVar[ExplanationSpace]
    EXPLANATION_SPACE_PROBABILITY: _ClassVar[ExplanationSpace]

class Dataset(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DATASET_UNSPECIFIED: _ClassVar[Dataset]
    DATASET_TRAINING: _ClassVar[Dataset]
    DATASET_TEST: _ClassVar[Dataset]

class Section(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SECTION_UNSPECIFIED: _ClassVar[Section]
    SECTION_FEATURES: _ClassVar[Section]
    SECTION_LABELS: _ClassVar[Section]
    SECTION_EXPLANATIONS: _ClassVar[Section]

class Packing(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PACKING_UNSPECIFIED: _ClassVar[Packing]
    PACKING_DENSE_U8: _ClassVar[Packing]
    PACKING_DENSE_U16: _ClassVar[Packing]
    PACKING_DENSE_U32: _ClassVar[Packing]
    PACKING_DENSE_I64: _ClassVar[Packing]
    PACKING_SPARSE_U8: _ClassVar[Packing]
    PACKING_SPARSE_U16: _ClassVar[Packing]
    PACKING_SPARSE_U32: _ClassVar[Packing]
    PACKING_SPARSE_I64: _ClassVar[Packing]
MODEL_KIND_UNSPECIFIED: ModelKind
MODEL_KIND_BINARY: ModelKind
MODEL_KIND_MULTI_CLASS: ModelKind
MODEL_KIND_REGRESSION: ModelKind
EXPLANATION_SPACE_UNSPECIFIED: ExplanationSpace
EXPLANATION_SPACE_MARGIN: ExplanationSpace
EXPLANATION_SPACE_PROBABILITY: ExplanationSpace
DATASET_UNSPECIFIED: Dataset
DATASET_TRAINING: Dataset
DATASET_TEST: Dataset
SECTION_UNSPECIFIED: Section
SECTION_FEATURES: Section
SECTION_LABELS: Section
SECTION_EXPLANATIONS: Section
PACKING_UNSPECIFIED: Packing
PACKING_DENSE_U8: Packing
PACKING_DENSE_U16: Packing
PACKING_DENSE_U32: Packing
PACKING_DENSE_I64: Packing
PACKING_SPARSE_U8: Packing
PACKING_SPARSE_U16: Packing
PACKING_SPARSE_U32: Packing
PACKING_SPARSE_I64: Packing

class ModelSpec(_message.Message):
    __slots__ = ("model_id", "kind", "features", "prediction", "target", "window", "segments", "privacy", "explanation", "loss_tree")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    PREDICTION_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    PRIVACY_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    LOSS_TREE_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    kind: ModelKind
    features: _containers.RepeatedCompositeFieldContainer[Feature]
    prediction: Prediction
    target: Target
    window: WindowPolicy
    segments: _containers.RepeatedCompositeFieldContainer[Segment]
    privacy: PrivacyPolicy
    explanation: ExplanationPolicy
    loss_tree: LossTree
    def __init__(self, model_id: _Optional[str] = ..., kind: _Optional[_Union[ModelKind, str]] = ..., features: _Optional[_Iterable[_Union[Feature, _Mapping]]] = ..., prediction: _Optional[_Union[Prediction, _Mapping]] = ..., target: _Optional[_Union[Target, _Mapping]] = ..., window: _Optional[_Union[WindowPolicy, _Mapping]] = ..., segments: _Optional[_Iterable[_Union[Segment, _Mapping]]] = ..., privacy: _Optional[_Union[PrivacyPolicy, _Mapping]] = ..., explanation: _Optional[_Union[ExplanationPolicy, _Mapping]] = ..., loss_tree: _Optional[_Union[LossTree, _Mapping]] = ...) -> None: ...

class Feature(_message.Message):
    __slots__ = ("name", "numeric", "categorical", "withheld")
    NAME_FIELD_NUMBER: _ClassVar[int]
    NUMERIC_FIELD_NUMBER: _ClassVar[int]
    CATEGORICAL_FIELD_NUMBER: _ClassVar[int]
    WITHHELD_FIELD_NUMBER: _ClassVar[int]
    name: str
    numeric: NumericBins
    categorical: CategoricalBins
    withheld: bool
    def __init__(self, name: _Optional[str] = ..., numeric: _Optional[_Union[NumericBins, _Mapping]] = ..., categorical: _Optional[_Union[CategoricalBins, _Mapping]] = ..., withheld: bool = ...) -> None: ...

class NumericBins(_message.Message):
    __slots__ = ("edges", "centre", "scale")
    EDGES_FIELD_NUMBER: _ClassVar[int]
    CENTRE_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    edges: _containers.RepeatedScalarFieldContainer[float]
    centre: float
    scale: float
    def __init__(self, edges: _Optional[_Iterable[float]] = ..., centre: _Optional[float] = ..., scale: _Optional[float] = ...) -> None: ...

class CategoricalBins(_message.Message):
    __slots__ = ("vocabulary", "complete", "boolean")
    VOCABULARY_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    BOOLEAN_FIELD_NUMBER: _ClassVar[int]
    vocabulary: _containers.RepeatedScalarFieldContainer[str]
    complete: bool
    boolean: bool
    def __init__(self, vocabulary: _Optional[_Iterable[str]] = ..., complete: bool = ..., boolean: bool = ...) -> None: ...

class Prediction(_message.Message):
    __slots__ = ("column", "classes", "score_columns", "score_bins", "calibrators", "value")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    SCORE_COLUMNS_FIELD_NUMBER: _ClassVar[int]
    SCORE_BINS_FIELD_NUMBER: _ClassVar[int]
    CALIBRATORS_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    column: str
    classes: _containers.RepeatedScalarFieldContainer[str]
    score_columns: _containers.RepeatedScalarFieldContainer[str]
    score_bins: int
    calibrators: _containers.RepeatedCompositeFieldContainer[Calibrator]
    value: NumericBins
    def __init__(self, column: _Optional[str] = ..., classes: _Optional[_Iterable[str]] = ..., score_columns: _Optional[_Iterable[str]] = ..., score_bins: _Optional[int] = ..., calibrators: _Optional[_Iterable[_Union[Calibrator, _Mapping]]] = ..., value: _Optional[_Union[NumericBins, _Mapping]] = ...) -> None: ...

class Calibrator(_message.Message):
    __slots__ = ("scores", "probabilities")
    SCORES_FIELD_NUMBER: _ClassVar[int]
    PROBABILITIES_FIELD_NUMBER: _ClassVar[int]
    scores: _containers.RepeatedScalarFieldContainer[float]
    probabilities: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, scores: _Optional[_Iterable[float]] = ..., probabilities: _Optional[_Iterable[float]] = ...) -> None: ...

class Target(_message.Message):
    __slots__ = ("column", "value", "error_edges")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    ERROR_EDGES_FIELD_NUMBER: _ClassVar[int]
    column: str
    value: NumericBins
    error_edges: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, column: _Optional[str] = ..., value: _Optional[_Union[NumericBins, _Mapping]] = ..., error_edges: _Optional[_Iterable[float]] = ...) -> None: ...

class WindowPolicy(_message.Message):
    __slots__ = ("granularity_s", "lateness_s", "label_horizon_s")
    GRANULARITY_S_FIELD_NUMBER: _ClassVar[int]
    LATENESS_S_FIELD_NUMBER: _ClassVar[int]
    LABEL_HORIZON_S_FIELD_NUMBER: _ClassVar[int]
    granularity_s: int
    lateness_s: int
    label_horizon_s: int
    def __init__(self, granularity_s: _Optional[int] = ..., lateness_s: _Optional[int] = ..., label_horizon_s: _Optional[int] = ...) -> None: ...

class Segment(_message.Message):
    __slots__ = ("name", "where", "labels")
    NAME_FIELD_NUMBER: _ClassVar[int]
    WHERE_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    name: str
    where: _containers.RepeatedCompositeFieldContainer[Predicate]
    labels: _containers.RepeatedCompositeFieldContainer[AgentLabel]
    def __init__(self, name: _Optional[str] = ..., where: _Optional[_Iterable[_Union[Predicate, _Mapping]]] = ..., labels: _Optional[_Iterable[_Union[AgentLabel, _Mapping]]] = ...) -> None: ...

class Predicate(_message.Message):
    __slots__ = ("feature", "range", "categories")
    FEATURE_FIELD_NUMBER: _ClassVar[int]
    RANGE_FIELD_NUMBER: _ClassVar[int]
    CATEGORIES_FIELD_NUMBER: _ClassVar[int]
    feature: str
    range: NumericRange
    categories: CategorySet
    def __init__(self, feature: _Optional[str] = ..., range: _Optional[_Union[NumericRange, _Mapping]] = ..., categories: _Optional[_Union[CategorySet, _Mapping]] = ...) -> None: ...

class NumericRange(_message.Message):
    __slots__ = ("low", "high")
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    low: float
    high: float
    def __init__(self, low: _Optional[float] = ..., high: _Optional[float] = ...) -> None: ...

class CategorySet(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, values: _Optional[_Iterable[str]] = ...) -> None: ...

class AgentLabel(_message.Message):
    __slots__ = ("key", "value")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    key: str
    value: str
    def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class PrivacyPolicy(_message.Message):
    __slots__ = ("minimum_rows", "budgets")
    MINIMUM_ROWS_FIELD_NUMBER: _ClassVar[int]
    BUDGETS_FIELD_NUMBER: _ClassVar[int]
    minimum_rows: int
    budgets: _containers.RepeatedCompositeFieldContainer[NoiseBudget]
    def __init__(self, minimum_rows: _Optional[int] = ..., budgets: _Optional[_Iterable[_Union[NoiseBudget, _Mapping]]] = ...) -> None: ...

class NoiseBudget(_message.Message):
    __slots__ = ("features", "epsilon", "delta")
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    EPSILON_FIELD_NUMBER: _ClassVar[int]
    DELTA_FIELD_NUMBER: _ClassVar[int]
    features: _containers.RepeatedScalarFieldContainer[str]
    epsilon: float
    delta: float
    def __init__(self, features: _Optional[_Iterable[str]] = ..., epsilon: _Optional[float] = ..., delta: _Optional[float] = ...) -> None: ...

class ExplanationPolicy(_message.Message):
    __slots__ = ("space", "output_scales", "rows_per_window", "sampler_pairs")
    SPACE_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_SCALES_FIELD_NUMBER: _ClassVar[int]
    ROWS_PER_WINDOW_FIELD_NUMBER: _ClassVar[int]
    SAMPLER_PAIRS_FIELD_NUMBER: _ClassVar[int]
    space: ExplanationSpace
    output_scales: _containers.RepeatedScalarFieldContainer[float]
    rows_per_window: int
    sampler_pairs: int
    def __init__(self, space: _Optional[_Union[ExplanationSpace, str]] = ..., output_scales: _Optional[_Iterable[float]] = ..., rows_per_window: _Optional[int] = ..., sampler_pairs: _Optional[int] = ...) -> None: ...

class LossTree(_message.Message):
    __slots__ = ("splits", "means", "deviations")
    SPLITS_FIELD_NUMBER: _ClassVar[int]
    MEANS_FIELD_NUMBER: _ClassVar[int]
    DEVIATIONS_FIELD_NUMBER: _ClassVar[int]
    splits: _containers.RepeatedCompositeFieldContainer[LossSplit]
    means: _containers.RepeatedScalarFieldContainer[float]
    deviations: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, splits: _Optional[_Iterable[_Union[LossSplit, _Mapping]]] = ..., means: _Optional[_Iterable[float]] = ..., deviations: _Optional[_Iterable[float]] = ...) -> None: ...

class LossSplit(_message.Message):
    __slots__ = ("feature", "below", "cells", "left", "right", "missing_left")
    FEATURE_FIELD_NUMBER: _ClassVar[int]
    BELOW_FIELD_NUMBER: _ClassVar[int]
    CELLS_FIELD_NUMBER: _ClassVar[int]
    LEFT_FIELD_NUMBER: _ClassVar[int]
    RIGHT_FIELD_NUMBER: _ClassVar[int]
    MISSING_LEFT_FIELD_NUMBER: _ClassVar[int]
    feature: int
    below: float
    cells: CellSet
    left: int
    right: int
    missing_left: bool
    def __init__(self, feature: _Optional[int] = ..., below: _Optional[float] = ..., cells: _Optional[_Union[CellSet, _Mapping]] = ..., left: _Optional[int] = ..., right: _Optional[int] = ..., missing_left: bool = ...) -> None: ...

class CellSet(_message.Message):
    __slots__ = ("places",)
    PLACES_FIELD_NUMBER: _ClassVar[int]
    places: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, places: _Optional[_Iterable[int]] = ...) -> None: ...

class SpecBundle(_message.Message):
    __slots__ = ("spec", "references")
    SPEC_FIELD_NUMBER: _ClassVar[int]
    REFERENCES_FIELD_NUMBER: _ClassVar[int]
    spec: bytes
    references: _containers.RepeatedCompositeFieldContainer[Reference]
    def __init__(self, spec: _Optional[bytes] = ..., references: _Optional[_Iterable[_Union[Reference, _Mapping]]] = ...) -> None: ...

class Reference(_message.Message):
    __slots__ = ("dataset", "rows", "sections", "segment")
    DATASET_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    SECTIONS_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    dataset: Dataset
    rows: int
    sections: _containers.RepeatedCompositeFieldContainer[SectionVector]
    segment: int
    def __init__(self, dataset: _Optional[_Union[Dataset, str]] = ..., rows: _Optional[int] = ..., sections: _Optional[_Iterable[_Union[SectionVector, _Mapping]]] = ..., segment: _Optional[int] = ...) -> None: ...

class SectionVector(_message.Message):
    __slots__ = ("section", "vector")
    SECTION_FIELD_NUMBER: _ClassVar[int]
    VECTOR_FIELD_NUMBER: _ClassVar[int]
    section: Section
    vector: Vector
    def __init__(self, section: _Optional[_Union[Section, str]] = ..., vector: _Optional[_Union[Vector, _Mapping]] = ...) -> None: ...

class Vector(_message.Message):
    __slots__ = ("body", "deflated", "counts_packing", "sums_packing", "counts_nonzero", "sums_nonzero")
    BODY_FIELD_NUMBER: _ClassVar[int]
    DEFLATED_FIELD_NUMBER: _ClassVar[int]
    COUNTS_PACKING_FIELD_NUMBER: _ClassVar[int]
    SUMS_PACKING_FIELD_NUMBER: _ClassVar[int]
    COUNTS_NONZERO_FIELD_NUMBER: _ClassVar[int]
    SUMS_NONZERO_FIELD_NUMBER: _ClassVar[int]
    body: bytes
    deflated: bool
    counts_packing: Packing
    sums_packing: Packing
    counts_nonzero: int
    sums_nonzero: int
    def __init__(self, body: _Optional[bytes] = ..., deflated: bool = ..., counts_packing: _Optional[_Union[Packing, str]] = ..., sums_packing: _Optional[_Union[Packing, str]] = ..., counts_nonzero: _Optional[int] = ..., sums_nonzero: _Optional[int] = ...) -> None: ...
