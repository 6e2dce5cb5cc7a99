"""Which rows lie where the reference has none, and when that is worth a warning."""

from __future__ import annotations

import numpy as np
import pytest

from whitebox_hub.statistics.reference_range import outside
from whitebox_wire.blocks import CategoricalBlock, NumericBlock

# Four cells of a number, then two categories, other, unseen; behind each missing and invalid.
AGE = NumericBlock(slice(0, 4), 4, 5, 12, 13, 14, 15)
JOB = CategoricalBlock(slice(6, 10), 10, 11)
REFERENCE = np.array([0, 60, 40, 0, 7, 0, 70, 30, 0, 0, 5, 0])


def test_values_beyond_the_filled_cells_and_unseen_categories_are_outside() -> None:
    live = np.array([3, 90, 5, 2, 50, 9, 60, 20, 0, 20, 3, 3])

    found = outside([AGE, JOB], REFERENCE, live)

    assert found.rows.tolist() == [5, 20]
    assert found.values.tolist() == [100, 100]
    assert found.share.tolist() == [0.05, 0.2]
    assert found.warned() == [1, 0]


def test_a_category_that_the_vocabulary_left_out_is_inside_where_the_reference_has_it() -> None:
    reference = REFERENCE.copy()
    reference[8] = 4
    live = np.array([0, 90, 10, 0, 0, 0, 50, 30, 20, 0, 0, 0])

    assert outside([AGE, JOB], reference, live).rows.tolist() == [0, 0]
    assert outside([AGE, JOB], REFERENCE, live).rows.tolist() == [0, 20]


@pytest.mark.parametrize(
    ("beyond", "within", "warned"),
    [(4, 0, []), (5, 0, [0]), (5, 495, []), (6, 494, [0])],
    ids=["few rows", "enough rows", "one in a hundred", "more"],
)
def test_a_warning_needs_rows_and_a_share(beyond: int, within: int, warned: list[int]) -> None:
    live = np.array([beyond, within, 0, 0, 0, 0])

    assert outside([AGE], REFERENCE, live).warned() == warned


def test_a_window_without_values_and_a_model_without_features_have_none() -> None:
    assert outside([AGE, JOB], REFERENCE, REFERENCE * 0).share.tolist() == [0, 0]
    assert outside([], REFERENCE, REFERENCE).warned() == []


def test_counts_below_zero_count_as_none() -> None:
    live = np.array([-5, 100, 0, 0, 0, 0])

    assert outside([AGE], REFERENCE, live).rows.tolist() == [0]
