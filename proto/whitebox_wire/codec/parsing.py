"""Parsing bytes from strangers: bounds, one error, and the parts that several messages share."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from whitebox_wire.errors import MalformedError
from whitebox_wire.layout import Section
from whitebox_wire.packing import PackedVector, Packing
from whitebox_wire.v1 import spec_pb2

DIGEST_BYTES = 32

MessageT = TypeVar("MessageT", bound=Message)
Value = TypeVar("Value")
SizedT = TypeVar("SizedT", bound=Sized)

SECTIONS = {
    Section.FEATURES: spec_pb2.SECTION_FEATURES,
    Section.LABELS: spec_pb2.SECTION_LABELS,
    Section.EXPLANATIONS: spec_pb2.SECTION_EXPLANATIONS,
}
SECTION_NUMBERS = {int(number): section for section, number in SECTIONS.items()}
_PACKINGS = {p.value: p for p in Packing}


def parse(kind: type[MessageT], data: bytes, *, bytes_max: int) -> MessageT:
    """The message in `data`; MalformedError when it is too large or not one."""
    name = kind.DESCRIPTOR.name
    if len(data) > bytes_max:
        raise MalformedError(f"{name}: {len(data)} bytes; at most {bytes_max} are read")
    message = kind()
    try:
        message.ParseFromString(data)
    except (DecodeError, ValueError) as error:
        # protobuf in pure Python, where no wheel fits, says ValueError for text that is no UTF-8.
        raise MalformedError(f"{name}: not a message: {error}") from error
    return message


def bounded(entries: SizedT, limit: int, what: str) -> SizedT:
    """The entries themselves; MalformedError when there are more than `limit`.

    A few bytes make an empty entry, and a Python value of it costs a hundred times as many.
    """
    if len(entries) > limit:
        raise MalformedError(f"{len(entries)} {what}; at most {limit} are read")
    return entries


def known(table: Mapping[int, Value], number: int, what: str) -> Value:
    """The meaning of an enum's number; MalformedError when this version knows none."""
    try:
        return table[number]
    except KeyError:
        raise MalformedError(
            f"{what} {number} is unknown", hint="the sender may be a newer version"
        ) from None


def digest(data: bytes) -> bytes:
    """A spec's digest; MalformedError when it has another length."""
    if len(data) != DIGEST_BYTES:
        raise MalformedError(f"a spec digest of {len(data)} bytes; it has {DIGEST_BYTES}")
    return data


def vector_message(packed: PackedVector) -> spec_pb2.Vector:
    return spec_pb2.Vector(
        body=packed.body,
        deflated=packed.deflated,
        counts_packing=packed.counts.value,  # type: ignore[arg-type]  # enum numbers agree
        sums_packing=packed.sums.value,  # type: ignore[arg-type]  # enum numbers agree
        counts_nonzero=packed.counts_nonzero,
        sums_nonzero=packed.sums_nonzero,
    )


def packed_vector(message: spec_pb2.Vector) -> PackedVector:
    return PackedVector(
        body=message.body,
        counts=known(_PACKINGS, message.counts_packing, "packing"),
        sums=known(_PACKINGS, message.sums_packing, "packing"),
        counts_nonzero=message.counts_nonzero,
        sums_nonzero=message.sums_nonzero,
        deflated=message.deflated,
    )
