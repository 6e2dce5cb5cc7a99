"""Vectors as bytes at rest: a 16-byte head that makes them readable without a layout, and a body.

Both sides keep sums this way: a hub its partials, an agent its outbox. The body is packed as on the
wire (whitebox_wire.packing), never deflated: stores are read far more often than they are short of
space. Pure.
"""

from __future__ import annotations

import struct

import numpy as np

from whitebox_wire.errors import MalformedError
from whitebox_wire.layout import CELLS_MAX, SectionSize
from whitebox_wire.packing import PackedVector, Packing, pack, unpack
from whitebox_wire.vector import IntVector

# Version, packings of counts and sums, cells of counts and sums, entries of sparse packings.
_HEAD = struct.Struct("<BBBxIIII")
_VERSION = 1


def vector_bytes(vector: IntVector, size: SectionSize) -> bytes:
    """The bytes of a section's vector (int64, shape [size.cells])."""
    packed = pack(vector, size)
    head = _HEAD.pack(
        _VERSION,
        packed.counts,
        packed.sums,
        size.counts,
        size.sums,
        packed.counts_nonzero,
        packed.sums_nonzero,
    )
    return head + packed.body


def read_vector(data: bytes) -> tuple[IntVector, SectionSize]:
    """The vector and its size; MalformedError when the bytes are damaged.

    >>> read_vector(vector_bytes(np.array([3, 0, -1]), SectionSize(2, 1)))
    (array([ 3,  0, -1]), SectionSize(counts=2, sums=1))
    """
    try:
        version, counts_packing, sums_packing, *numbers = _HEAD.unpack_from(data)
        packings = Packing(counts_packing), Packing(sums_packing)
    except (struct.error, ValueError) as error:
        raise MalformedError(f"a stored vector is damaged: {error}") from error
    size = SectionSize(numbers[0], numbers[1])
    if version != _VERSION or size.counts > CELLS_MAX or size.sums > CELLS_MAX:
        raise MalformedError("a stored vector is damaged or of a newer version")
    body = PackedVector(data[_HEAD.size :], *packings, numbers[2], numbers[3])
    return unpack(body, size), size


def peak(vector: IntVector) -> int:
    """The largest |cell|."""
    return int(np.abs(vector).max(initial=0))
