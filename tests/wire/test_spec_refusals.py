"""Specs and bundles whose bytes cannot be, and those of newer versions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from whitebox_wire import codec
from whitebox_wire.codec import Reference, SpecBundle
from whitebox_wire.errors import MalformedError, SpecError
from whitebox_wire.layout import Layout, Section
from whitebox_wire.messages import Dataset
from whitebox_wire.spec import CategoricalBins, Feature, ModelSpec
from whitebox_wire.v1 import spec_pb2


def bundle_of(spec: ModelSpec, rows: int = 5) -> SpecBundle:
    layout = Layout.of(spec)
    vectors = {s: np.full(layout.sizes[s].cells, rows) for s in Section}
    return SpecBundle(spec, codec.encode_spec(spec), (Reference(Dataset.TEST, rows, vectors),))


def test_a_spec_that_says_more_than_this_version_knows_is_refused(spec: ModelSpec) -> None:
    """An older version would derive another layout from the same digest."""
    data = codec.encode_spec(spec) + b"\xfa\x07\x03abc"

    with pytest.raises(MalformedError, match="says more than this version understands"):
        codec.decode_spec(data)


def test_a_spec_encoded_in_another_order_is_refused(spec: ModelSpec) -> None:
    first = b"\x0a" + bytes([len(spec.model_id.encode())]) + spec.model_id.encode()
    data = codec.encode_spec(spec)
    assert data.startswith(first)

    with pytest.raises(MalformedError):
        codec.decode_spec(data.removeprefix(first) + first)


@pytest.mark.parametrize("number", [0, 4, -1])
def test_an_unknown_kind_of_model_is_refused(number: int, spec: ModelSpec) -> None:
    message = spec_pb2.ModelSpec.FromString(codec.encode_spec(spec))
    message.kind = number  # type: ignore[assignment]  # not ours

    with pytest.raises(MalformedError, match=f"model kind {number} is unknown"):
        codec.decode_spec(message.SerializeToString())


@pytest.mark.parametrize("edge", [float("nan"), float("inf"), -float("inf"), 1e9, -1e9])
def test_edges_that_are_no_edges_are_refused(edge: float, spec: ModelSpec) -> None:
    message = spec_pb2.ModelSpec.FromString(codec.encode_spec(spec))
    message.features[0].numeric.edges[1] = edge

    with pytest.raises(SpecError, match=r"'age': .*bin edge"):
        codec.decode_spec(message.SerializeToString())


def test_a_feature_without_bins_is_refused(spec: ModelSpec) -> None:
    message = spec_pb2.ModelSpec.FromString(codec.encode_spec(spec))
    message.features[0].ClearField("bins")

    with pytest.raises(MalformedError, match="feature 'age' has no bins"):
        codec.decode_spec(message.SerializeToString())


def test_a_spec_too_large_to_be_read_is_never_written(specs: dict[str, ModelSpec]) -> None:
    words = CategoricalBins(tuple(f"{i:0250}" for i in range(1_000)))
    features = tuple(Feature(f"f{i}", words, withheld=True) for i in range(17))
    spec = replace(specs["binary"], features=specs["binary"].features + features).check()

    with pytest.raises(SpecError, match="possible"):
        codec.encode_spec(spec)


def forged_bundle(spec: ModelSpec, change: Callable[[spec_pb2.SpecBundle], object]) -> bytes:
    message = spec_pb2.SpecBundle.FromString(codec.encode_bundle(bundle_of(spec)))
    change(message)
    return message.SerializeToString()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda b: b.ClearField("spec"), "no spec inside"),
        (lambda b: setattr(b.references[0], "dataset", 3), "data set 3 is unknown"),
        (lambda b: setattr(b.references[0].sections[0], "section", 9), "section 9 is unknown"),
        (lambda b: setattr(b.references[0], "rows", 6), "are of 5 rows; the reference has 6"),
        (lambda b: b.references.append(b.references[0]), "two references are of one data set"),
        (lambda b: b.references.extend(list(b.references) * 6), "7 references; at most 6"),
        (lambda b: setattr(b.references[0], "segment", 3), "of segment 3; the spec has 2"),
        (
            lambda b: b.references[0].sections[0].CopyFrom(b.references[0].sections[1]),
            "features of the test reference appear twice|appear twice",
        ),
        (
            lambda b: (
                b.references[0].sections[0].vector.CopyFrom(b.references[0].sections[2].vector)
            ),
            "vector",
        ),
    ],
)
def test_a_bundle_whose_references_do_not_fit_is_refused(
    change: Callable[[spec_pb2.SpecBundle], object], says: str, specs: dict[str, ModelSpec]
) -> None:
    data = forged_bundle(specs["regression"], change)

    with pytest.raises(MalformedError, match=says):
        codec.decode_bundle(data)


def test_a_reference_beyond_2_62_is_refused(spec: ModelSpec) -> None:
    bundle = bundle_of(spec)
    bundle.references[0].vectors[Section.LABELS][-1] = 2**62 + 1

    with pytest.raises(MalformedError, match="labels of the test reference: a cell"):
        codec.decode_bundle(codec.encode_bundle(bundle))


def test_explanations_that_the_spec_does_not_have_are_refused(spec: ModelSpec) -> None:
    data = codec.encode_bundle(bundle_of(replace(spec, explanation=None)))

    with pytest.raises(MalformedError, match="explanations of the test reference are not"):
        codec.decode_bundle(data)
