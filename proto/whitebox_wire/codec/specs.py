"""Specs and bundles (spec and reference vectors) as bytes.

A spec is addressed by the SHA-256 of its bytes, so whoever holds the bytes keeps them: decoding and
encoding again gives the same bytes only within one version.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from whitebox_wire.codec.parsing import known, packed_vector, parse, vector_message
from whitebox_wire.errors import MalformedError
from whitebox_wire.layout import Layout, Section
from whitebox_wire.messages import Dataset
from whitebox_wire.packing import pack, unpack
from whitebox_wire.spec import (
    Calibrator,
    CategoricalBins,
    ExplanationPolicy,
    ExplanationSpace,
    Feature,
    ModelKind,
    ModelSpec,
    NoiseBudget,
    NumericBins,
    NumericRange,
    Predicate,
    Prediction,
    PrivacyPolicy,
    Segment,
    Target,
    WindowPolicy,
)
from whitebox_wire.v1 import spec_pb2
from whitebox_wire.vector import IntVector

SPEC_BYTES_MAX = 8 * 1024 * 1024
BUNDLE_BYTES_MAX = 32 * 1024 * 1024

_KINDS = {
    ModelKind.BINARY: spec_pb2.MODEL_KIND_BINARY,
    ModelKind.MULTI_CLASS: spec_pb2.MODEL_KIND_MULTI_CLASS,
    ModelKind.REGRESSION: spec_pb2.MODEL_KIND_REGRESSION,
}
_SPACES = {
    ExplanationSpace.MARGIN: spec_pb2.EXPLANATION_SPACE_MARGIN,
    ExplanationSpace.PROBABILITY: spec_pb2.EXPLANATION_SPACE_PROBABILITY,
}
_DATASETS = {
    Dataset.TRAINING: spec_pb2.DATASET_TRAINING,
    Dataset.TEST: spec_pb2.DATASET_TEST,
}
SECTIONS = {
    Section.FEATURES: spec_pb2.SECTION_FEATURES,
    Section.LABELS: spec_pb2.SECTION_LABELS,
    Section.EXPLANATIONS: spec_pb2.SECTION_EXPLANATIONS,
}
SECTION_NUMBERS = {int(number): section for section, number in SECTIONS.items()}
_KIND_NUMBERS = {int(number): kind for kind, number in _KINDS.items()}
_SPACE_NUMBERS = {int(number): space for space, number in _SPACES.items()}
_DATASET_NUMBERS = {int(number): dataset for dataset, number in _DATASETS.items()}


@dataclass(frozen=True, slots=True)
class Reference:
    """A data set's own vectors: what live windows are compared with."""

    dataset: Dataset
    rows: int
    vectors: Mapping[Section, IntVector]


@dataclass(frozen=True, slots=True)
class SpecBundle:
    """A spec (with the bytes that were hashed) and its references."""

    spec: ModelSpec
    spec_bytes: bytes
    references: tuple[Reference, ...]

    @property
    def digest(self) -> bytes:
        return spec_digest(self.spec_bytes)


def spec_digest(data: bytes) -> bytes:
    """SHA-256 of an encoded spec: 32 bytes."""
    return hashlib.sha256(data).digest()


def encode_spec(spec: ModelSpec) -> bytes:
    """The deterministic encoding of a spec."""
    message = spec_pb2.ModelSpec(
        model_id=spec.model_id,
        kind=_KINDS[spec.kind],
        features=[_feature_message(f) for f in spec.features],
        prediction=_prediction_message(spec.prediction),
        target=spec_pb2.Target(
            column=spec.target.column,
            value=_bins_message(spec.target.value),
            error_edges=spec.target.error_edges,
        ),
        window=spec_pb2.WindowPolicy(
            granularity_s=spec.window.granularity_s,
            lateness_s=spec.window.lateness_s,
            label_horizon_s=spec.window.label_horizon_s,
        ),
        segments=[_segment_message(s) for s in spec.segments],
        privacy=spec_pb2.PrivacyPolicy(
            minimum_rows=spec.privacy.minimum_rows,
            budgets=[
                spec_pb2.NoiseBudget(features=b.features, epsilon=b.epsilon, delta=b.delta)
                for b in spec.privacy.budgets
            ],
        ),
        explanation=_explanation_message(spec.explanation),
    )
    return message.SerializeToString(deterministic=True)


def decode_spec(data: bytes) -> ModelSpec:
    """The checked spec in `data`.

    Raises:
        MalformedError: not a spec.
        SpecError: a spec that contradicts itself.
    """
    message = parse(spec_pb2.ModelSpec, data, bytes_max=SPEC_BYTES_MAX)
    explained = message.HasField("explanation")
    return ModelSpec(
        model_id=message.model_id,
        kind=known(_KIND_NUMBERS, message.kind, "model kind"),
        features=tuple(_feature(f) for f in message.features),
        prediction=_prediction(message.prediction),
        target=Target(
            column=message.target.column,
            value=_bins(message.target.value) if message.target.HasField("value") else None,
            error_edges=tuple(message.target.error_edges),
        ),
        window=WindowPolicy(
            message.window.granularity_s,
            message.window.lateness_s,
            message.window.label_horizon_s,
        ),
        segments=tuple(_segment(s) for s in message.segments),
        privacy=PrivacyPolicy(
            message.privacy.minimum_rows,
            tuple(
                NoiseBudget(tuple(b.features), b.epsilon, b.delta) for b in message.privacy.budgets
            ),
        ),
        explanation=_explanation(message.explanation) if explained else None,
    ).check()


def encode_bundle(bundle: SpecBundle) -> bytes:
    """A spec file's bytes: the spec and its references, deflated."""
    layout = Layout.of(bundle.spec)
    references = [
        spec_pb2.Reference(
            dataset=_DATASETS[reference.dataset],
            rows=reference.rows,
            sections=[
                spec_pb2.SectionVector(
                    section=SECTIONS[section],
                    vector=vector_message(pack(vector, layout.sizes[section], deflate=True)),
                )
                for section, vector in sorted(
                    reference.vectors.items(), key=lambda item: item[0].value
                )
            ],
        )
        for reference in bundle.references
    ]
    message = spec_pb2.SpecBundle(spec=bundle.spec_bytes, references=references)
    return message.SerializeToString(deterministic=True)


def decode_bundle(data: bytes) -> SpecBundle:
    """The bundle in a spec file; MalformedError or SpecError when it is not one."""
    message = parse(spec_pb2.SpecBundle, data, bytes_max=BUNDLE_BYTES_MAX)
    if not message.spec:
        raise MalformedError("no spec inside", hint="make one with: whitebox-agent profile")
    spec = decode_spec(message.spec)
    layout = Layout.of(spec)
    return SpecBundle(spec, message.spec, tuple(_reference(r, layout) for r in message.references))


def _reference(message: spec_pb2.Reference, layout: Layout) -> Reference:
    vectors = {}
    for part in message.sections:
        section = known(SECTION_NUMBERS, part.section, "section")
        vectors[section] = unpack(packed_vector(part.vector), layout.sizes[section])
    return Reference(known(_DATASET_NUMBERS, message.dataset, "data set"), message.rows, vectors)


def _bins_message(bins: NumericBins | None) -> spec_pb2.NumericBins | None:
    if bins is None:
        return None
    return spec_pb2.NumericBins(edges=bins.edges, centre=bins.centre, scale=bins.scale)


def _bins(message: spec_pb2.NumericBins) -> NumericBins:
    return NumericBins(tuple(message.edges), message.centre, message.scale)


def _feature_message(feature: Feature) -> spec_pb2.Feature:
    bins = feature.bins
    if isinstance(bins, NumericBins):
        return spec_pb2.Feature(
            name=feature.name, numeric=_bins_message(bins), withheld=feature.withheld
        )
    categorical = spec_pb2.CategoricalBins(
        vocabulary=bins.vocabulary, complete=bins.complete, boolean=bins.boolean
    )
    return spec_pb2.Feature(name=feature.name, categorical=categorical, withheld=feature.withheld)


def _feature(message: spec_pb2.Feature) -> Feature:
    which = message.WhichOneof("bins")
    if which is None:
        raise MalformedError(f"feature {message.name!r} has no bins")
    bins: NumericBins | CategoricalBins
    if which == "numeric":
        bins = _bins(message.numeric)
    else:
        wire = message.categorical
        bins = CategoricalBins(tuple(wire.vocabulary), wire.complete, wire.boolean)
    return Feature(message.name, bins, message.withheld)


def _prediction_message(prediction: Prediction) -> spec_pb2.Prediction:
    return spec_pb2.Prediction(
        column=prediction.column,
        classes=prediction.classes,
        score_columns=prediction.score_columns,
        score_bins=prediction.score_bins,
        calibrators=[
            spec_pb2.Calibrator(scores=c.scores, probabilities=c.probabilities)
            for c in prediction.calibrators
        ],
        value=_bins_message(prediction.value),
    )


def _prediction(message: spec_pb2.Prediction) -> Prediction:
    return Prediction(
        column=message.column,
        classes=tuple(message.classes),
        score_columns=tuple(message.score_columns),
        score_bins=message.score_bins,
        calibrators=tuple(
            Calibrator(tuple(c.scores), tuple(c.probabilities)) for c in message.calibrators
        ),
        value=_bins(message.value) if message.HasField("value") else None,
    )


def _segment_message(segment: Segment) -> spec_pb2.Segment:
    where = []
    for predicate in segment.where:
        message = spec_pb2.Predicate(feature=predicate.feature)
        if isinstance(predicate.test, NumericRange):
            message.range.low, message.range.high = predicate.test.low, predicate.test.high
        else:
            message.categories.values.extend(predicate.test)
        where.append(message)
    labels = [spec_pb2.AgentLabel(key=key, value=value) for key, value in segment.labels]
    return spec_pb2.Segment(name=segment.name, where=where, labels=labels)


def _segment(message: spec_pb2.Segment) -> Segment:
    return Segment(
        message.name,
        tuple(_predicate(p) for p in message.where),
        tuple((label.key, label.value) for label in message.labels),
    )


def _predicate(message: spec_pb2.Predicate) -> Predicate:
    if message.WhichOneof("test") == "range":
        return Predicate(message.feature, NumericRange(message.range.low, message.range.high))
    return Predicate(message.feature, tuple(message.categories.values))


def _explanation_message(
    policy: ExplanationPolicy | None,
) -> spec_pb2.ExplanationPolicy | None:
    if policy is None:
        return None
    return spec_pb2.ExplanationPolicy(
        space=_SPACES[policy.space],
        output_scales=policy.output_scales,
        rows_per_window=policy.rows_per_window,
        sampler_pairs=policy.sampler_pairs,
    )


def _explanation(message: spec_pb2.ExplanationPolicy) -> ExplanationPolicy:
    return ExplanationPolicy(
        space=known(_SPACE_NUMBERS, message.space, "explanation space"),
        output_scales=tuple(message.output_scales),
        rows_per_window=message.rows_per_window,
        sampler_pairs=message.sampler_pairs,
    )
