"""One model's rows into its vector: every block of the features and labels sections.

It knows neither windows nor segments nor files: the caller says which rows belong together. No
cell's value raises. Any split of the rows over calls gives bit-identical sums.
"""

from __future__ import annotations

from whitebox_agent.fold.batch import column_of, numbers_of
from whitebox_agent.fold.categorical import CategoricalFold
from whitebox_agent.fold.class_prediction import ClassPredictionFold
from whitebox_agent.fold.labels import label_fold
from whitebox_agent.fold.leaves import LeafFold
from whitebox_agent.fold.numeric import Kernel, NumericFold
from whitebox_agent.fold.prediction import PredictionReader, Predictions
from whitebox_wire.layout import (
    CategoricalBlock,
    ClassPredictionBlock,
    Layout,
    NumericBlock,
    Section,
)
from whitebox_wire.messages import Column, InferenceBatch
from whitebox_wire.spec import CategoricalBins, ModelSpec, NumericBins
from whitebox_wire.vector import IntVector, zeros


class ModelFold:
    """Folds batches of one model's rows. Made once for a spec; threads may share it."""

    def __init__(self, spec: ModelSpec, *, kernel: Kernel | None = None) -> None:
        """`kernel` overrides the choice by timing; results are the same."""
        self.layout = Layout.of(spec)
        self._reader = PredictionReader(spec)
        self._categorical: list[tuple[str, CategoricalFold]] = []
        numeric: list[tuple[str, NumericBins, NumericBlock]] = []
        for feature, block in zip(spec.counted, self.layout.features, strict=True):
            name, bins = feature.name, feature.bins
            if isinstance(bins, NumericBins) and isinstance(block, NumericBlock):
                numeric.append((name, bins, block))
            elif isinstance(bins, CategoricalBins) and isinstance(block, CategoricalBlock):
                self._categorical.append((name, CategoricalFold(name, bins, block)))
        prediction = self.layout.prediction
        self._classes: ClassPredictionFold | None = None
        if isinstance(prediction, ClassPredictionBlock):
            self._classes = ClassPredictionFold(spec, prediction)
        elif spec.prediction.value is not None:
            numeric.append((spec.prediction.column, spec.prediction.value, prediction))
        self._names = tuple(name for name, _, _ in numeric)
        bins_of, blocks = [bins for _, bins, _ in numeric], [block for _, _, block in numeric]
        self._numeric = NumericFold(bins_of, blocks, kernel=kernel)
        leaves, tree = self.layout.leaves, spec.loss_tree
        self._leaves = LeafFold(spec, tree, leaves) if tree and leaves else None
        self._labels = label_fold(spec, self.layout, kernel=kernel)

    def features(self, batch: InferenceBatch) -> IntVector:
        """The features section of a batch's rows: int64, shape [cells].

        Raises:
            MalformedError: a column is not as long as the batch, or a code points nowhere.
        """
        vector = zeros(self.layout, Section.FEATURES)
        rows = batch.rows
        vector[self.layout.rows] = rows
        numbers = [numbers_of(column_of(batch, name), rows) for name in self._names]
        self._numeric.fold(numbers, vector)
        for name, fold in self._categorical:
            fold.fold(column_of(batch, name), rows, vector)
        if self._classes is not None:
            self._classes.fold(self._reader.read(batch), vector)
        if self._leaves is not None:
            self._leaves.fold(batch, vector)
        return vector

    def predictions(self, batch: InferenceBatch) -> Predictions:
        """What to remember of a batch's rows until their labels come.

        Raises:
            MalformedError: a column is not as long as the batch, or a code points nowhere.
        """
        return self._reader.read(batch)

    def labels(self, predictions: Predictions, targets: Column) -> IntVector:
        """The labels section of rows whose predictions and targets stand in one order.

        Raises:
            MalformedError: a code of the targets points nowhere.
        """
        vector = zeros(self.layout, Section.LABELS)
        self._labels.fold(predictions, targets, vector)
        return vector
