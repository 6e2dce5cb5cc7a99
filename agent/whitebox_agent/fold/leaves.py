"""Rows by the leaf of the spec's loss tree that they fall into.

Rows walk the tree together: each split parts an array of row places in two. A row costs about
5 ns for each split on its way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from whitebox_agent.fold.batch import column_of, numbers_of
from whitebox_agent.fold.vocabulary import ABSENT, Vocabulary
from whitebox_wire.loss_tree import LossSplit, LossTree
from whitebox_wire.messages import OUT_OF_VOCABULARY, InferenceBatch
from whitebox_wire.spec import CategoricalBins, ModelSpec, NumericBins
from whitebox_wire.vector import IntVector

Places = npt.NDArray[np.intp]
Passes = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _NumericTest:
    """A value below the threshold passes, and a missing or invalid one if `missing_left`."""

    name: str
    threshold: float
    missing_left: bool

    def passes(self, batch: InferenceBatch, rows: Places) -> Passes:
        values = numbers_of(column_of(batch, self.name), batch.rows)[rows]
        found: Passes = np.where(np.isfinite(values), values < self.threshold, self.missing_left)
        return found


@dataclass(frozen=True, slots=True)
class _CategoricalTest:
    """`table` says which places pass, those of absent values first, as Vocabulary counts them."""

    name: str
    vocabulary: Vocabulary
    table: Passes

    @staticmethod
    def of(name: str, bins: CategoricalBins, split: LossSplit) -> _CategoricalTest:
        assert isinstance(split.test, tuple)  # a checked tree tests categories by their cells
        cells = np.zeros(bins.cells, bool)
        cells[list(split.test)] = True
        table = np.full(ABSENT + len(bins.vocabulary), split.missing_left)
        table[ABSENT:] = cells[:-2]
        # The last two cells are `other` and `unseen`, of which a vocabulary uses one.
        table[ABSENT + OUT_OF_VOCABULARY] = cells[-1 if bins.complete else -2]
        return _CategoricalTest(name, Vocabulary(name, bins.vocabulary), table)

    def passes(self, batch: InferenceBatch, rows: Places) -> Passes:
        column = column_of(batch, self.name)
        if column is None:
            return np.full(rows.size, self.table[ABSENT - 1])
        return self.table[self.vocabulary.places(column)[rows] + ABSENT]


class LeafFold:
    """Counts rows by leaf. `leaves` are the leaves' places in a features vector."""

    def __init__(self, spec: ModelSpec, tree: LossTree, leaves: slice) -> None:
        value = spec.prediction.value
        assert value is not None  # only regression models have loss trees
        columns: list[tuple[str, NumericBins | CategoricalBins]] = [
            *((feature.name, feature.bins) for feature in spec.features),
            (spec.prediction.column, value),
        ]
        self._tests = tuple(_test(*columns[split.feature], split) for split in tree.splits)
        self._splits = tree.splits
        self._leaves = leaves

    def fold(self, batch: InferenceBatch, vector: IntVector) -> None:
        """Add a batch's rows to a features vector.

        Raises:
            MalformedError: a column is not as long as the batch, or a code points nowhere.
        """
        # A split stands before those it leads to, so its rows are there when its turn comes.
        waiting = {0: np.arange(batch.rows)}
        for place, (split, test) in enumerate(zip(self._splits, self._tests, strict=True)):
            rows = waiting.pop(place)
            left = test.passes(batch, rows)
            for child, found in ((split.left, rows[left]), (split.right, rows[~left])):
                if child < 0:
                    vector[self._leaves.start - 1 - child] += found.size
                else:
                    waiting[child] = found


def _test(
    name: str, bins: NumericBins | CategoricalBins, split: LossSplit
) -> _NumericTest | _CategoricalTest:
    if isinstance(bins, CategoricalBins):
        return _CategoricalTest.of(name, bins, split)
    assert not isinstance(split.test, tuple)  # a checked tree tests numbers by a threshold
    return _NumericTest(name, split.test, split.missing_left)
