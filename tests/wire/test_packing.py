"""Packing: integers to the smallest of eight byte forms and back, and what a decoder refuses."""

from __future__ import annotations

import tracemalloc
import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from whitebox_wire.errors import MalformedError
from whitebox_wire.layout import SectionSize
from whitebox_wire.packing import PackedVector, Packing, pack, unpack
from whitebox_wire.vector import IntVector

I64 = st.integers(-(2**63), 2**63 - 1)
# Values at which one width ends and the next begins.
STEPS = st.sampled_from([0, 0, 0, 1, -1, 254, 255, 256, 65_534, 65_535, 2**32 - 2, 2**32 - 1])


def sparse(cells: int, every: int, value: int) -> IntVector:
    vector = np.zeros(cells, np.int64)
    vector[every - 1 :: every] = value
    return vector


# For each packing, a part that packs best so.
BEST = {
    Packing.DENSE_U8: np.arange(200),
    Packing.DENSE_U16: np.arange(200) * 300,
    Packing.DENSE_U32: np.arange(200) * 70_000,
    Packing.DENSE_I64: np.arange(200) - 2**40,
    Packing.SPARSE_U8: sparse(200, 10, 7),
    Packing.SPARSE_U16: sparse(200, 10, 7_000),
    Packing.SPARSE_U32: sparse(200, 10, 7_000_000),
    Packing.SPARSE_I64: sparse(200, 10, -7),
}


def body_bytes(part: IntVector, packing: Packing) -> int:
    """How many bytes a packing needs, from its definition."""
    width = (1, 2, 4, 8)[(packing - 1) % 4]
    values = part[part != 0] if packing >= Packing.SPARSE_U8 else part
    top = 2 ** (8 * width) - 1
    escapes = 0 if width == 8 else sum(not 0 <= int(v) < top for v in values)
    gaps = np.diff(np.flatnonzero(part), prepend=-1) - 1
    gap_bytes = 2 * gaps.size + 8 * int((gaps >= 65_535).sum())
    return width * values.size + 8 * escapes + (gap_bytes if packing >= Packing.SPARSE_U8 else 0)


@given(
    hnp.arrays(np.int64, st.integers(0, 40), elements=STEPS | I64, fill=st.just(0)),
    st.integers(0, 40),
    st.booleans(),
)
def test_what_is_packed_unpacks_to_the_same_integers(
    vector: IntVector, counts: int, deflate: bool
) -> None:
    counts = min(counts, vector.size)
    size = SectionSize(counts, vector.size - counts)

    assert np.array_equal(unpack(pack(vector, size, deflate=deflate), size), vector)


@given(hnp.arrays(np.int64, st.integers(0, 40), elements=STEPS | I64, fill=st.just(0)))
@example(np.zeros(0, np.int64))
def test_the_smallest_packing_is_chosen(part: IntVector) -> None:
    packed = pack(part, SectionSize(part.size, 0))

    assert len(packed.body) == min(body_bytes(part, packing) for packing in Packing)
    assert len(packed.body) == body_bytes(part, packed.counts)


@pytest.mark.parametrize("packing", list(Packing))
def test_every_packing_is_used_and_read_back(packing: Packing) -> None:
    part = BEST[packing]
    both = np.concatenate((part, part[::-1]))
    size = SectionSize(part.size, part.size)

    packed = pack(both, size)

    assert packed.counts is packing
    assert np.array_equal(unpack(packed, size), both)


@pytest.mark.parametrize("packing", [p for p in Packing if p % 4])
def test_a_value_beyond_its_width_is_escaped_and_read_back(packing: Packing) -> None:
    part = BEST[packing].copy()
    part[[9, 19, 199]] = [-1, 2**61, 2**62]

    packed = pack(part, SectionSize(200, 0))

    assert packed.counts is packing
    assert np.array_equal(unpack(packed, SectionSize(200, 0)), part)


def test_gaps_beyond_sixteen_bits_are_escaped() -> None:
    part = np.zeros(200_000, np.int64)
    part[[0, 65_536, 199_999]] = 5

    packed = pack(part, SectionSize(0, part.size))

    assert packed.sums is Packing.SPARSE_U8
    assert len(packed.body) == 3 * 2 + 2 * 8 + 3
    assert np.array_equal(unpack(packed, SectionSize(0, part.size)), part)


def test_deflate_is_used_only_where_it_helps() -> None:
    size = SectionSize(4_000, 0)
    noise = np.random.default_rng(0).integers(0, 255, 4_000)

    assert pack(np.ones(4_000, np.int64), size, deflate=True).deflated
    assert not pack(np.ones(4_000, np.int64), size).deflated
    assert not pack(noise, size, deflate=True).deflated
    assert not pack(np.ones(100, np.int64), SectionSize(100, 0), deflate=True).deflated


HONEST_SIZE = SectionSize(40, 10)
HONEST = pack(np.arange(50) * 300, HONEST_SIZE)
SPARSE_SIZE = SectionSize(50, 0)
SPARSE = pack(sparse(50, 25, 9), SPARSE_SIZE)


@pytest.mark.parametrize("cut", range(1, len(HONEST.body) + 1, 7))
def test_a_truncated_body_is_refused(cut: int) -> None:
    with pytest.raises(MalformedError, match="truncated"):
        unpack(replace(HONEST, body=HONEST.body[:-cut]), HONEST_SIZE)


def test_bytes_behind_the_vector_are_refused() -> None:
    with pytest.raises(MalformedError, match="2 bytes follow"):
        unpack(replace(HONEST, body=HONEST.body + b"ab"), HONEST_SIZE)


def test_a_vector_of_another_layout_is_refused() -> None:
    with pytest.raises(MalformedError, match="truncated"):
        unpack(HONEST, SectionSize(41, 10))
    with pytest.raises(MalformedError, match="its layout has 0"):
        unpack(HONEST, SectionSize(0, 0))


def test_a_missing_escaped_value_is_refused() -> None:
    with pytest.raises(MalformedError, match="truncated"):
        unpack(PackedVector(b"\xff\x00", Packing.DENSE_U8, Packing.DENSE_U8), SectionSize(2, 0))


def test_more_entries_than_cells_are_refused_before_anything_is_allocated() -> None:
    with pytest.raises(MalformedError, match="4294967295 non-zero cells in a part of 50"):
        unpack(replace(SPARSE, counts_nonzero=2**32 - 1), SPARSE_SIZE)


def test_entries_of_a_dense_part_are_refused() -> None:
    with pytest.raises(MalformedError, match="dense"):
        unpack(replace(HONEST, counts_nonzero=1), HONEST_SIZE)


@pytest.mark.parametrize(
    "gaps",
    [
        np.array([50], "<u2").tobytes() + b"\x01",
        np.array([40, 9], "<u2").tobytes() + b"\x01\x01",
        b"\xff\xff" + np.array([-1], "<i8").tobytes() + b"\x01",
        b"\xff\xff" + np.array([2**63 - 1], "<i8").tobytes() + b"\x01",
    ],
)
def test_a_place_outside_the_part_is_refused(gaps: bytes) -> None:
    entries = 2 if len(gaps) == 6 else 1
    packed = PackedVector(gaps, Packing.SPARSE_U8, Packing.DENSE_U8, entries)

    with pytest.raises(MalformedError, match="outside the part"):
        unpack(packed, SPARSE_SIZE)


def deflated(data: bytes) -> bytes:
    compressor = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


def refusal_peak_bytes(packed: PackedVector, size: SectionSize, message: str) -> int:
    """The most memory that refusing a vector takes."""
    tracemalloc.start()
    with pytest.raises(MalformedError, match=message):
        unpack(packed, size)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_a_decompression_bomb_costs_no_more_than_an_honest_vector() -> None:
    size = SectionSize(1_000, 0)
    bomb = deflated(bytes(7_000_000))
    packed = PackedVector(bomb, Packing.DENSE_I64, Packing.DENSE_U8, deflated=True)

    assert len(bomb) < 8_000
    message = "inflates beyond its layout's 8000 bytes"
    assert refusal_peak_bytes(packed, size, message) < 64 * 1024


@pytest.mark.parametrize("squeezed", [True, False])
def test_a_body_larger_than_any_packing_of_the_layout_is_not_looked_at(squeezed: bool) -> None:
    packed = PackedVector(bytes(8_001), Packing.DENSE_I64, Packing.DENSE_U8, deflated=squeezed)

    assert refusal_peak_bytes(packed, SectionSize(1_000, 0), "has 8000") < 16 * 1024


@pytest.mark.parametrize("body", [b"", b"\x00", b"\xff" * 40, deflated(bytes(50))[:-1]])
def test_what_does_not_inflate_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedError, match=r"inflate|truncated"):
        unpack(replace(SPARSE, body=body, deflated=True), SPARSE_SIZE)


def test_bytes_behind_a_deflated_body_are_refused() -> None:
    body = deflated(SPARSE.body) + b"x"

    with pytest.raises(MalformedError, match="bytes behind it"):
        unpack(replace(SPARSE, body=body, deflated=True), SPARSE_SIZE)


@given(
    st.builds(
        PackedVector,
        st.binary(max_size=160),
        st.sampled_from(Packing),
        st.sampled_from(Packing),
        st.integers(0, 2**32 - 1) | st.integers(0, 20),
        st.integers(0, 20),
        st.booleans(),
    )
)
def test_any_bytes_give_a_vector_or_a_clear_refusal(packed: PackedVector) -> None:
    try:
        vector = unpack(packed, SectionSize(16, 4))
    except MalformedError:
        return

    assert vector.dtype == np.dtype(np.int64)
    assert vector.size == 20
