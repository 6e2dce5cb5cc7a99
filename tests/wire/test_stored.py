"""Vectors at rest: readable without a layout, refused when damaged."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from whitebox_wire.errors import MalformedError
from whitebox_wire.layout import SectionSize
from whitebox_wire.stored import peak, read_vector, vector_bytes
from whitebox_wire.vector import IntVector

VECTORS = hnp.arrays(np.int64, st.integers(0, 20), elements=st.integers(-(2**62), 2**62))


@given(VECTORS, st.integers(0, 20))
def test_a_stored_vector_is_read_back_with_its_size(vector: IntVector, counts: int) -> None:
    counts = min(counts, vector.size)
    size = SectionSize(counts, vector.size - counts)

    found, found_size = read_vector(vector_bytes(vector, size))

    assert found_size == size
    assert np.array_equal(found, vector)


@given(VECTORS)
def test_the_peak_is_the_largest_absolute_cell(vector: IntVector) -> None:
    assert peak(vector) == max(map(abs, vector.tolist()), default=0)


DATA = vector_bytes(np.arange(9), SectionSize(7, 2))


@given(st.binary(max_size=60) | st.integers(0, len(DATA) - 1).map(lambda cut: DATA[:cut]))
def test_damaged_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        read_vector(data)


@given(st.integers(0, len(DATA) - 1), st.integers(1, 255))
def test_a_flipped_byte_is_refused_or_gives_a_vector_of_some_size(place: int, flip: int) -> None:
    damaged = bytearray(DATA)
    damaged[place] ^= flip

    try:
        vector, size = read_vector(bytes(damaged))
    except MalformedError:
        return

    assert vector.size == size.cells
