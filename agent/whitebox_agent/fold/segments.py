"""Which segments rows belong to: a mask of bits for each row, bit n - 1 for the spec's segment n.

A row is in a segment when it satisfies all of its predicates, on an agent that carries all of its
labels. A missing, invalid or unknown value satisfies no predicate. Each different predicate is
tested once a batch, whatever number of segments ask for it. Knows no windows and adds nothing up.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from whitebox_agent.fold.batch import column_of, numbers_of
from whitebox_agent.fold.vocabulary import ABSENT, Vocabulary
from whitebox_wire.messages import InferenceBatch
from whitebox_wire.spec import CategoricalBins, ModelSpec, NumericRange, Predicate, Segment

# One bit for each of at most policies.SEGMENTS_MAX segments; uint32, shape [rows].
Masks = npt.NDArray[np.uint32]
Passes = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]

_LOWEST = -float(np.finfo(np.float64).max)


class SegmentTests:
    """The tests of one spec's segments. Made once for a spec; threads may share it."""

    def __init__(self, spec: ModelSpec, labels: Mapping[str, str] | None = None) -> None:
        """`labels` are the agent's. None carries every label: a training set is of all agents."""
        self._segments = {
            place: segment.where
            for place, segment in enumerate(spec.segments)
            if labels is None or _carries(labels, segment)
        }
        bins = {feature.name: feature.bins for feature in spec.features}
        self._categories: dict[Predicate, tuple[Vocabulary, Passes]] = {}
        for predicate in {p for where in self._segments.values() for p in where}:
            of_feature = bins[predicate.feature]
            if isinstance(of_feature, CategoricalBins):
                self._categories[predicate] = _category_test(predicate, of_feature)

    def masks(self, batch: InferenceBatch) -> Masks:
        """The segments of each row.

        Raises:
            MalformedError: a column is not as long as the batch, or a code points nowhere.
        """
        masks: Masks = np.zeros(batch.rows, np.uint32)
        known: dict[Predicate, Passes] = {}
        for place, where in self._segments.items():
            inside = np.ones(batch.rows, np.bool_)
            for predicate in where:
                if predicate not in known:
                    known[predicate] = self._passes(predicate, batch)
                inside &= known[predicate]
            masks |= inside.astype(np.uint32) << np.uint32(place)
        return masks

    def _passes(self, predicate: Predicate, batch: InferenceBatch) -> Passes:
        column, test = column_of(batch, predicate.feature), predicate.test
        if isinstance(test, NumericRange):
            values = numbers_of(column, batch.rows)
            # An infinity is invalid: a range that is open below still begins at a number.
            inside: Passes = (values >= max(test.low, _LOWEST)) & (values < test.high)
            return inside
        if column is None:
            return np.zeros(batch.rows, np.bool_)
        vocabulary, table = self._categories[predicate]
        return table[vocabulary.places(column) + ABSENT]


def _category_test(predicate: Predicate, bins: CategoricalBins) -> tuple[Vocabulary, Passes]:
    """A vocabulary, and which of its places pass; those of absent values come first and do not."""
    assert isinstance(predicate.test, tuple)  # a checked spec tests categories by their names
    table = np.zeros(ABSENT + len(bins.vocabulary), np.bool_)
    table[[ABSENT + bins.vocabulary.index(text) for text in predicate.test]] = True
    return Vocabulary(predicate.feature, bins.vocabulary), table


def _carries(labels: Mapping[str, str], segment: Segment) -> bool:
    return all(labels.get(key) == value for key, value in segment.labels)


def members(masks: Masks) -> list[tuple[int, Places]]:
    """The segments that have any of the rows, from 1, and the places of their rows, in order.

    >>> members(np.array([1, 5], np.uint32))
    [(1, array([0, 1])), (3, array([1]))]
    """
    found = int(np.bitwise_or.reduce(masks))
    return [
        (place + 1, np.flatnonzero(masks & np.uint32(1 << place)))
        for place in range(found.bit_length())
        if found >> place & 1
    ]
