"""Specs as bytes. A spec is addressed by the SHA-256 of them.

The encoding is canonical: `decode_spec` takes only what `encode_spec` gives for the same spec. So
one digest never has two meanings: an older version refuses a spec that says more than it knows
rather than derive another layout from it.
"""

from __future__ import annotations

import hashlib

from whitebox_wire.codec.parsing import bounded, known, parse
from whitebox_wire.errors import MalformedError, SpecError
from whitebox_wire.loss_tree import LEAVES_MAX
from whitebox_wire.policies import BUDGETS_MAX, SEGMENTS_MAX
from whitebox_wire.spec import (
    FEATURES_MAX,
    Calibrator,
    CategoricalBins,
    ExplanationPolicy,
    ExplanationSpace,
    Feature,
    LossSplit,
    LossTree,
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

# Edges of the largest layout are 512 KiB; the rest is room for vocabularies.
SPEC_BYTES_MAX = 4 * 1024 * 1024

_KINDS = {
    ModelKind.BINARY: spec_pb2.MODEL_KIND_BINARY,
    ModelKind.MULTI_CLASS: spec_pb2.MODEL_KIND_MULTI_CLASS,
    ModelKind.REGRESSION: spec_pb2.MODEL_KIND_REGRESSION,
}
_SPACES = {
    ExplanationSpace.MARGIN: spec_pb2.EXPLANATION_SPACE_MARGIN,
    ExplanationSpace.PROBABILITY: spec_pb2.EXPLANATION_SPACE_PROBABILITY,
}
_KIND_NUMBERS = {int(number): kind for kind, number in _KINDS.items()}
_SPACE_NUMBERS = {int(number): space for space, number in _SPACES.items()}


def spec_digest(data: bytes) -> bytes:
    """SHA-256 of an encoded spec: 32 bytes."""
    return hashlib.sha256(data).digest()


def encode_spec(spec: ModelSpec) -> bytes:
    """The one encoding of a checked spec; SpecError when it is too large to be read again."""
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
        loss_tree=_loss_tree_message(spec.loss_tree),
    )
    data = message.SerializeToString(deterministic=True)
    if len(data) > SPEC_BYTES_MAX:
        raise SpecError(
            f"the spec of {spec.model_id!r} has {len(data)} bytes; {SPEC_BYTES_MAX} are possible",
            hint="withhold features, or profile with fewer or shorter categories",
        )
    return data


def decode_spec(data: bytes) -> ModelSpec:
    """The checked spec in `data`.

    Raises:
        MalformedError: not a spec, or not in its one encoding.
        SpecError: a spec that contradicts itself.
    """
    message = parse(spec_pb2.ModelSpec, data, bytes_max=SPEC_BYTES_MAX)
    spec = ModelSpec(
        model_id=message.model_id,
        kind=known(_KIND_NUMBERS, message.kind, "model kind"),
        features=tuple(
            _feature(f) for f in bounded(message.features, FEATURES_MAX, "features of a spec")
        ),
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
        segments=tuple(
            _segment(s) for s in bounded(message.segments, SEGMENTS_MAX, "segments of a spec")
        ),
        privacy=_privacy(message.privacy),
        explanation=(
            _explanation(message.explanation) if message.HasField("explanation") else None
        ),
        loss_tree=_loss_tree(message.loss_tree) if message.HasField("loss_tree") else None,
    ).check()
    if encode_spec(spec) != data:
        raise MalformedError(
            f"the spec of {spec.model_id!r} says more than this version understands",
            hint="upgrade this side, or make the spec anew with: whitebox-agent profile",
        )
    return spec


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


def _privacy(message: spec_pb2.PrivacyPolicy) -> PrivacyPolicy:
    budgets = bounded(message.budgets, BUDGETS_MAX, "noise budgets")
    return PrivacyPolicy(
        message.minimum_rows,
        tuple(NoiseBudget(tuple(b.features), b.epsilon, b.delta) for b in budgets),
    )


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


def _loss_tree_message(tree: LossTree | None) -> spec_pb2.LossTree | None:
    if tree is None:
        return None
    splits = []
    for split in tree.splits:
        message = spec_pb2.LossSplit(
            feature=split.feature,
            left=split.left,
            right=split.right,
            missing_left=split.missing_left,
        )
        if isinstance(split.test, tuple):
            message.cells.places.extend(split.test)
        else:
            message.below = split.test
        splits.append(message)
    return spec_pb2.LossTree(splits=splits, means=tree.means, deviations=tree.deviations)


def _loss_tree(message: spec_pb2.LossTree) -> LossTree:
    splits = tuple(
        LossSplit(
            feature=split.feature,
            test=split.below if split.HasField("below") else tuple(split.cells.places),
            left=split.left,
            right=split.right,
            missing_left=split.missing_left,
        )
        for split in bounded(message.splits, LEAVES_MAX, "splits of a loss tree")
    )
    return LossTree(splits, tuple(message.means), tuple(message.deviations))
