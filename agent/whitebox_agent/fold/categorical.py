"""Categorical features into counts: vocabulary, other, unseen, missing, invalid."""

from __future__ import annotations

from whitebox_agent.fold.vocabulary import ABSENT, Vocabulary
from whitebox_wire.layout import CategoricalBlock
from whitebox_wire.messages import INVALID, MISSING, OUT_OF_VOCABULARY, Column
from whitebox_wire.spec import CategoricalBins
from whitebox_wire.vector import IntVector


class CategoricalFold:
    """Folds one column whose vocabulary and places in the vector are fixed."""

    def __init__(self, name: str, bins: CategoricalBins, block: CategoricalBlock) -> None:
        self._vocabulary = Vocabulary(name, bins.vocabulary)
        self._block = block
        # A complete vocabulary holds all of training, so what is not in it was not seen there.
        self._beyond = block.unseen if bins.complete else block.other

    def fold(self, column: Column | None, rows: int, vector: IntVector) -> None:
        """Add a column of so many rows to a features vector; absent means missing everywhere.

        Raises:
            MalformedError: a code is in neither dictionary nor vocabulary.
        """
        block = self._block
        if column is None:
            vector[block.missing] += rows
            return
        counts = self._vocabulary.count(column)
        # The two cells of a block's bins after the vocabulary's are `other` and `unseen`.
        vector[block.bins.start : block.other] += counts[ABSENT:]
        vector[self._beyond] += counts[ABSENT + OUT_OF_VOCABULARY]
        vector[block.missing] += counts[ABSENT + MISSING]
        vector[block.invalid] += counts[ABSENT + INVALID]
