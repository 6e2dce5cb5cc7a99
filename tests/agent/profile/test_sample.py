"""A bounded sample is all values, or a fair part of them that chunks do not change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whitebox_agent.profile.sample import Sample


@given(st.lists(st.integers(0, 40), max_size=12), st.integers(1, 60))
def test_a_sample_depends_on_the_values_and_not_on_their_chunks(
    sizes: list[int], size_max: int
) -> None:
    values = np.arange(float(sum(sizes)))
    whole, parts = Sample(size_max), Sample(size_max)

    whole.add(values)
    for part in np.split(values, np.cumsum(sizes)[:-1]) if sizes else []:
        parts.add(part)

    assert parts.sorted().tolist() == whole.sorted().tolist()
    assert whole.sorted().size == min(size_max, values.size)
    assert parts.seen == values.size
    assert set(whole.sorted()) <= set(values)


def test_every_value_is_as_likely_to_stay() -> None:
    sample = Sample(10_000)
    for start in range(0, 200_000, 1_000):
        sample.add(np.arange(start, start + 1_000.0))

    kept = sample.sorted()

    # A share of 10,000 fair draws has a standard error of at most 0.005.
    assert kept.mean() == pytest.approx(100_000, rel=0.03)
    shares = np.histogram(kept, 10, (0, 200_000))[0] / kept.size
    assert np.abs(shares - 0.1).max() < 0.015
    assert not sample.complete


def test_a_sample_that_is_complete_keeps_repeated_values() -> None:
    sample = Sample(5)
    sample.add(np.array([2.0, 1.0]))
    sample.add(np.array([2.0]))

    assert sample.complete
    assert sample.sorted().tolist() == [1.0, 2.0, 2.0]
