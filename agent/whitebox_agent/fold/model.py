"""One model's rows into its vector: every block of the features and labels sections.

It knows neither windows nor files: the caller says which rows belong together. Segments are sums
over some of those rows. No cell's value raises. Any split of the rows over calls gives
bit-identical sums.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from whitebox_agent.fold.batch import column_of, numbers_of, take_column, take_rows
from whitebox_agent.fold.categorical import CategoricalFold
from whitebox_agent.fold.class_prediction import ClassPredictionFold
from whitebox_agent.fold.labels import label_fold
from whitebox_agent.fold.leaves import LeafFold
from whitebox_agent.fold.numeric import Kernel, NumericFold
from whitebox_agent.fold.prediction import PredictionReader, Predictions
from whitebox_agent.fold.segments import Masks, Places, SegmentTests, members
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


@dataclass(frozen=True, slots=True)
class SegmentSum:
    """One section's sum over the rows of one segment; 0 is every row."""

    segment: int
    rows: int
    vector: IntVector


class ModelFold:
    """Folds batches of one model's rows. Made once for a spec; threads may share it."""

    def __init__(
        self,
        spec: ModelSpec,
        *,
        kernel: Kernel | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """`kernel` overrides the choice by timing; results are the same. `labels` are the agent's,
        None for rows of every agent (see SegmentTests).
        """
        self.layout = Layout.of(spec)
        self._segments = SegmentTests(spec, labels) if spec.segments else None
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

    def segments(self, batch: InferenceBatch) -> Masks:
        """The segments of each row (see fold/segments.py): uint32, shape [rows].

        Raises:
            MalformedError: a column is not as long as the batch, or a code points nowhere.
        """
        if self._segments is None:
            return np.zeros(batch.rows, np.uint32)
        return self._segments.masks(batch)

    def predictions(self, batch: InferenceBatch, segments: Masks | None = None) -> Predictions:
        """What to remember of a batch's rows until their labels come. `segments` are the rows'
        own, None when they are not worked out yet.

        Raises:
            MalformedError: a column is not as long as the batch, or a code points nowhere.
        """
        found = self._reader.read(batch)
        if self._segments is not None:
            found.records["segments"] = self.segments(batch) if segments is None else segments
        return found

    def labels(self, predictions: Predictions, targets: Column) -> IntVector:
        """The labels section of rows whose predictions and targets stand in one order.

        Raises:
            MalformedError: a code of the targets points nowhere.
        """
        vector = zeros(self.layout, Section.LABELS)
        self._labels.fold(predictions, targets, vector)
        return vector

    def features_by_segment(self, batch: InferenceBatch, segments: Masks) -> list[SegmentSum]:
        """The features section of all rows, then of the rows of every segment that has any."""

        def part(places: Places) -> IntVector:
            return self.features(take_rows(bare, places))

        bare = replace(batch, ids=())
        return _by_segment(self.features(batch), segments, part)

    def labels_by_segment(self, predictions: Predictions, targets: Column) -> list[SegmentSum]:
        """The labels section of all rows, then by the segments that the inferences were in."""

        def part(places: Places) -> IntVector:
            return self.labels(predictions.take(places), take_column(targets, places))

        return _by_segment(self.labels(predictions, targets), predictions.segments, part)


def _by_segment(
    whole: IntVector, segments: Masks, part: Callable[[Places], IntVector]
) -> list[SegmentSum]:
    """Sums by segment, `part` giving the one of some rows. Who has all rows has the whole sum."""
    rows = segments.size
    return [
        SegmentSum(0, rows, whole),
        *(
            SegmentSum(segment, places.size, whole if places.size == rows else part(places))
            for segment, places in members(segments)
        ),
    ]
