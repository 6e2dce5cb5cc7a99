"""Bundles as bytes: a spec file, which holds a spec and the vectors of its data sets.

The spec travels as the bytes that were hashed. References must fit the layout that follows from
it; one that does not is refused as a whole, before anything is compared with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from whitebox_wire.codec.parsing import (
    SECTION_NUMBERS,
    SECTIONS,
    bounded,
    known,
    packed_vector,
    parse,
    vector_message,
)
from whitebox_wire.codec.specs import decode_spec, spec_digest
from whitebox_wire.errors import MalformedError, MergeError
from whitebox_wire.layout import Layout, Section
from whitebox_wire.messages import Dataset
from whitebox_wire.packing import pack, unpack
from whitebox_wire.spec import ModelSpec
from whitebox_wire.v1 import spec_pb2
from whitebox_wire.vector import IntVector, check_bounds

# A spec (see specs.SPEC_BYTES_MAX) and its references, which are deflated. What they inflate to is
# bounded by the layout: six sections of at most 512 KiB for each segment.
BUNDLE_BYTES_MAX = 8 * 1024 * 1024

_DATASETS = {
    Dataset.TRAINING: spec_pb2.DATASET_TRAINING,
    Dataset.TEST: spec_pb2.DATASET_TEST,
}
_DATASET_NUMBERS = {int(number): dataset for dataset, number in _DATASETS.items()}


@dataclass(frozen=True, slots=True)
class Reference:
    """A data set's own vectors: what live windows are compared with.

    `segment` 0 is every row; n is those rows that satisfy the predicates of the spec's segment
    n - 1, whatever agent labels it asks for.
    """

    dataset: Dataset
    rows: int
    vectors: Mapping[Section, IntVector]
    segment: int = 0


@dataclass(frozen=True, slots=True)
class SpecBundle:
    """A spec (with the bytes that were hashed) and its references."""

    spec: ModelSpec
    spec_bytes: bytes
    references: tuple[Reference, ...]

    @property
    def digest(self) -> bytes:
        return spec_digest(self.spec_bytes)


def encode_bundle(bundle: SpecBundle) -> bytes:
    """A spec file's bytes: the spec and its references, deflated."""
    layout = Layout.of(bundle.spec)
    references = [
        spec_pb2.Reference(
            dataset=_DATASETS[reference.dataset],
            rows=reference.rows,
            segment=reference.segment,
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
    """The bundle in a spec file.

    Raises:
        MalformedError: not a bundle, or a reference that does not fit the spec.
        SpecError: a spec that contradicts itself.
    """
    message = parse(spec_pb2.SpecBundle, data, bytes_max=BUNDLE_BYTES_MAX)
    if not message.spec:
        raise MalformedError("no spec inside", hint="make one with: whitebox-agent profile")
    spec = decode_spec(message.spec)
    layout = Layout.of(spec)
    segments = len(spec.segments)
    parts = bounded(message.references, len(_DATASETS) * (1 + segments), "references")
    references = tuple(_reference(part, layout, segments) for part in parts)
    if len({(r.dataset, r.segment) for r in references}) != len(references):
        raise MalformedError("two references are of one data set and segment")
    return SpecBundle(spec, message.spec, references)


def _reference(message: spec_pb2.Reference, layout: Layout, segments: int) -> Reference:
    dataset = known(_DATASET_NUMBERS, message.dataset, "data set")
    if message.segment > segments:
        raise MalformedError(f"a reference of segment {message.segment}; the spec has {segments}")
    vectors: dict[Section, IntVector] = {}
    for part in bounded(message.sections, len(Section), "sections of a reference"):
        section = known(SECTION_NUMBERS, part.section, "section")
        what = f"the {section.value} of the {dataset.value} reference"
        if section in vectors:
            raise MalformedError(f"{what} appear twice")
        vector = unpack(packed_vector(part.vector), layout.sizes[section])
        _check_rows(vector, layout.rows_place(section), message.rows, section, what)
        vectors[section] = vector
    return Reference(dataset, message.rows, vectors, message.segment)


def _check_rows(
    vector: IntVector, place: int | None, rows: int, section: Section, what: str
) -> None:
    """A reference's features are of all its rows; labels and explanations of no more."""
    if place is None:
        raise MalformedError(f"{what} are not in the spec")
    try:
        check_bounds(vector)
    except MergeError as error:
        raise MalformedError(f"{what}: {error.message}") from error
    counted = int(vector[place])
    if not (counted == rows if section is Section.FEATURES else 0 <= counted <= rows):
        raise MalformedError(f"{what} are of {counted} rows; the reference has {rows}")
