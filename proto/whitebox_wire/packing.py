"""Integers to bytes and back: the smallest of eight packings for each part of a section.

A section's body is its counts, then its fixed-point sums, each packed on its own:

- dense: one little-endian unsigned integer a cell, one, two or four bytes wide; the largest
  value of the width is an escape, whose cell follows behind as an int64, in order;
- dense int64;
- sparse: the gaps between non-zero cells as u16 with escapes, then those cells as above.

The body may be deflated. A decoder checks every length against the layout before it allocates
and inflates to no more than the layout's own size, so a hostile message costs no more memory
than an honest one. Measured beside it: see `make bench` (decode and add of one report).
"""

from __future__ import annotations

import enum
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from whitebox_wire.errors import MalformedError
from whitebox_wire.layout import SectionSize
from whitebox_wire.vector import IntVector

# Deflating less than this saves nothing worth a call.
DEFLATE_BYTES_MIN = 128
_DEFLATE_LEVEL = 6


class Packing(enum.IntEnum):
    """As in spec.proto."""

    DENSE_U8 = 1
    DENSE_U16 = 2
    DENSE_U32 = 3
    DENSE_I64 = 4
    SPARSE_U8 = 5
    SPARSE_U16 = 6
    SPARSE_U32 = 7
    SPARSE_I64 = 8


_I64 = np.dtype("<i8")
# Widths by packing, and the least value that each escapes (its own largest).
_WIDTHS: tuple[np.dtype[np.integer], ...] = (
    np.dtype("u1"),
    np.dtype("<u2"),
    np.dtype("<u4"),
    _I64,
)
_ESCAPES = (0xFF, 0xFFFF, 0xFFFF_FFFF, None)
_U8, _U8_ESCAPE = 0, b"\xff"
_GAP = 1  # gaps between non-zero cells are u16


@dataclass(frozen=True, slots=True)
class PackedVector:
    """One section's integers as bytes; meaningless without the section's size."""

    body: bytes
    counts: Packing
    sums: Packing
    counts_nonzero: int = 0
    sums_nonzero: int = 0
    deflated: bool = False


def pack(vector: IntVector, size: SectionSize, *, deflate: bool = False) -> PackedVector:
    """The smallest packing of a section's vector (int64, shape [size.cells])."""
    counts, counts_packing, counts_nonzero = _pack_part(vector[: size.counts])
    sums, sums_packing, sums_nonzero = _pack_part(vector[size.counts :])
    body = counts + sums
    deflated = False
    if deflate and len(body) >= DEFLATE_BYTES_MIN:
        compressor = zlib.compressobj(_DEFLATE_LEVEL, wbits=-zlib.MAX_WBITS)
        small = compressor.compress(body) + compressor.flush()
        deflated = len(small) < len(body)
        body = small if deflated else body
    return PackedVector(body, counts_packing, sums_packing, counts_nonzero, sums_nonzero, deflated)


def unpack(packed: PackedVector, size: SectionSize) -> IntVector:
    """The vector that was packed.

    Raises:
        MalformedError: a length, a place or a packing does not fit the layout.
    """
    limit = _I64.itemsize * size.cells
    if len(packed.body) > limit:
        raise MalformedError(f"a vector of {len(packed.body)} bytes; its layout has {limit}")
    body = _inflate(packed.body, limit) if packed.deflated else packed.body
    vector = np.zeros(size.cells, np.int64)
    end = _unpack_part(body, 0, packed.counts, packed.counts_nonzero, vector[: size.counts])
    end = _unpack_part(body, end, packed.sums, packed.sums_nonzero, vector[size.counts :])
    if end != len(body):
        raise MalformedError(f"{len(body) - end} bytes follow the vector")
    return vector


def _inflate(body: bytes, limit: int) -> bytes:
    decompressor = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    try:
        inflated = decompressor.decompress(body, limit + 1)
    except zlib.error as error:
        raise MalformedError(f"the vector does not inflate: {error}") from error
    if len(inflated) > limit:
        raise MalformedError(f"the vector inflates beyond its layout's {limit} bytes")
    if not decompressor.eof or decompressor.unused_data:
        raise MalformedError("the deflated vector is truncated or has bytes behind it")
    return inflated


def _pack_part(part: IntVector) -> tuple[bytes, Packing, int]:
    places = np.flatnonzero(part)
    values = part[places]
    # Zeros never escape, so the non-zero cells tell the escapes of a dense part too.
    escapes = [_escapes(values, escape) for escape in _ESCAPES]
    dense, dense_bytes = _narrowest(part.size, escapes)
    sparse, value_bytes = _narrowest(values.size, escapes)
    if _WIDTHS[_GAP].itemsize * places.size + value_bytes < dense_bytes:
        gaps = places.astype(np.int64)
        gaps[1:] -= places[:-1] + 1
        gap_bytes = _escape(gaps, _GAP, _escapes(gaps, _ESCAPES[_GAP]))
        if len(gap_bytes) + value_bytes < dense_bytes:
            body = gap_bytes + _escape(values, sparse, escapes[sparse])
            return body, Packing(Packing.SPARSE_U8 + sparse), int(places.size)
    return _escape(part, dense, escapes[dense]), Packing(Packing.DENSE_U8 + dense), 0


def _narrowest(cells: int, escapes: Sequence[int]) -> tuple[int, int]:
    """The width that packs some cells into the fewest bytes, and how many those are."""
    sizes = [
        width.itemsize * cells + _I64.itemsize * escaped
        for width, escaped in zip(_WIDTHS, escapes, strict=True)
    ]
    least = min(sizes)
    return sizes.index(least), least


def _escapes(values: IntVector, escape: int | None) -> int:
    """How many values a width cannot hold."""
    if escape is None or not values.size or int(values.view(np.uint64).max()) < escape:
        return 0
    # Seen as unsigned, a negative value is larger than any other.
    return int(np.count_nonzero(values.view(np.uint64) >= escape))


def _escape(values: IntVector, width: int, escapes: int) -> bytes:
    """Integers at a width, then those that it escapes."""
    escape, dtype = _ESCAPES[width], _WIDTHS[width]
    if escape is None or not escapes:
        return values.astype(dtype).tobytes()
    escaped = values.view(np.uint64) >= escape
    narrow = np.where(escaped, escape, values).astype(dtype)
    return narrow.tobytes() + values[escaped].astype(_I64).tobytes()


def _unpack_part(body: bytes, start: int, packing: Packing, nonzero: int, out: IntVector) -> int:
    """Fill `out` (zeros) from `body[start:]`; return where the part ends."""
    width = (packing - Packing.DENSE_U8) % len(_WIDTHS)
    if packing < Packing.SPARSE_U8:
        if nonzero:
            raise MalformedError("a dense part must not count its non-zero cells")
        return _read(body, start, width, out)
    if nonzero > out.size:
        raise MalformedError(f"{nonzero} non-zero cells in a part of {out.size}")
    gaps = np.empty(nonzero, np.int64)
    end = _read(body, start, _GAP, gaps)
    # A gap that is no escape is neither negative nor large enough for a sum to wrap.
    escaped = end > start + _WIDTHS[_GAP].itemsize * nonzero
    if escaped and (int(gaps.min()) < 0 or int(gaps.max()) >= out.size):
        raise MalformedError("a gap between non-zero cells lies outside the part")
    values = np.empty(nonzero, np.int64)
    end = _read(body, end, width, values)
    if nonzero:
        gaps[1:] += 1
        places = np.cumsum(gaps, out=gaps)
        if int(places[-1]) >= out.size:
            raise MalformedError("a non-zero cell lies outside the part")
        out[places] = values
    return end


def _read(body: bytes, start: int, width: int, out: IntVector) -> int:
    """Read `out.size` integers with their escapes; return where they end."""
    escape, dtype = _ESCAPES[width], _WIDTHS[width]
    end = start + dtype.itemsize * out.size
    if end > len(body):
        raise MalformedError(f"the vector is truncated: {len(body)} bytes of at least {end}")
    narrow = np.frombuffer(body, dtype, out.size, start)
    out[:] = narrow
    # Most vectors escape nothing, and looking for one byte is quicker than comparing all.
    if escape is None or (width == _U8 and body.find(_U8_ESCAPE, start, end) < 0):
        return end
    escaped = np.flatnonzero(narrow == escape)
    last = end + _I64.itemsize * escaped.size
    if last > len(body):
        raise MalformedError(f"the vector is truncated: {len(body)} bytes of {last}")
    if escaped.size:
        out[escaped] = np.frombuffer(body, _I64, escaped.size, end)
    return last
