"""Layout: which integer of the vector means what. It follows from the spec alone.

A model's vector has three sections, recorded at different times: features (with the prediction),
labels, explanations. Within a section all counts come first and all fixed-point sums after them,
so a section adds in one numpy call and packs well. Blocks hold places, never numbers; agent and
hub compute the same layout from the same spec, so no place is ever sent.

A section never exceeds `CELLS_MAX` integers (512 KiB); `Layout.of` raises SpecError beyond.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from whitebox_wire.blocks import (
    CategoricalBlock,
    ClassLabelBlock,
    ClassPredictionBlock,
    ExplanationBlock,
    FeatureBlock,
    NumericBlock,
    RegressionLabelBlock,
    ScoreBlock,
)
from whitebox_wire.errors import SpecError
from whitebox_wire.spec import CategoricalBins, Feature, ModelKind, ModelSpec, NumericBins

__all__ = [
    "CELLS_MAX",
    "CategoricalBlock",
    "ClassLabelBlock",
    "ClassPredictionBlock",
    "ExplanationBlock",
    "FeatureBlock",
    "Layout",
    "NumericBlock",
    "RegressionLabelBlock",
    "ScoreBlock",
    "Section",
    "SectionSize",
]

CELLS_MAX = 65_536

Block = TypeVar("Block")


class Section(enum.Enum):
    """The parts of a vector that are recorded, and therefore shipped, at different times."""

    FEATURES = "features"
    LABELS = "labels"
    EXPLANATIONS = "explanations"


@dataclass(frozen=True, slots=True)
class SectionSize:
    counts: int
    sums: int

    @property
    def cells(self) -> int:
        return self.counts + self.sums


class _Allocator:
    """Hands out places: counts from the front; sums are shifted behind them at the end."""

    def __init__(self, counts: int) -> None:
        self.counts = 0
        self.sums = counts

    def count(self) -> int:
        self.counts += 1
        return self.counts - 1

    def count_run(self, length: int) -> slice:
        self.counts += length
        return slice(self.counts - length, self.counts)

    def sum(self) -> int:
        self.sums += 1
        return self.sums - 1

    def sum_run(self, length: int) -> slice:
        self.sums += length
        return slice(self.sums - length, self.sums)


@dataclass(frozen=True, slots=True)
class Layout:
    """Places of every block, and the size of every section, for one spec.

    `leaves` counts rows by the loss tree's leaves, None when the spec has no tree.
    """

    rows: int
    features: tuple[FeatureBlock, ...]
    prediction: ClassPredictionBlock | NumericBlock
    leaves: slice | None
    labels: ClassLabelBlock | RegressionLabelBlock
    explanations: ExplanationBlock | None
    sizes: dict[Section, SectionSize]

    @staticmethod
    def of(spec: ModelSpec) -> Layout:
        """The layout of a checked spec. `features` is in the order of `spec.counted`."""
        sizes = {}
        first, sizes[Section.FEATURES] = _place(_features, spec)
        labels, sizes[Section.LABELS] = _place(_labels, spec)
        explanations, sizes[Section.EXPLANATIONS] = _place(_explanations, spec)
        for section, size in sizes.items():
            if size.cells > CELLS_MAX:
                raise SpecError(
                    f"the {section.value} of {spec.model_id!r} need {size.cells} cells; "
                    f"{CELLS_MAX} are possible",
                    hint="withhold features, or profile with fewer categories or classes",
                )
        return Layout(*first, labels, explanations, sizes)

    def rows_place(self, section: Section) -> int | None:
        """Where a section counts its rows; None when the spec does not have the section."""
        if section is Section.FEATURES:
            return self.rows
        if section is Section.LABELS:
            return self.labels.rows
        return self.explanations.rows if self.explanations else None


def _place(
    build: Callable[[ModelSpec, _Allocator], Block], spec: ModelSpec
) -> tuple[Block, SectionSize]:
    """Build twice: the first pass counts the counts, the second knows where sums begin."""
    first = _Allocator(0)
    build(spec, first)
    second = _Allocator(first.counts)
    block = build(spec, second)
    return block, SectionSize(second.counts, second.sums - second.counts)


def _numeric(bins: NumericBins, at: _Allocator, *, noised: bool = False) -> NumericBlock:
    return NumericBlock(
        bins=at.count_run(bins.cells),
        missing=at.count(),
        invalid=at.count(),
        s1=at.sum(),
        s2=at.sum(),
        excess_low=at.sum(),
        excess_high=at.sum(),
        noise_variance=at.sum() if noised else None,
    )


def _feature(feature: Feature, at: _Allocator, *, noised: bool) -> FeatureBlock:
    if isinstance(feature.bins, NumericBins):
        return _numeric(feature.bins, at, noised=noised)
    return _categorical(feature.bins, at, noised=noised)


def _categorical(bins: CategoricalBins, at: _Allocator, *, noised: bool) -> CategoricalBlock:
    return CategoricalBlock(
        bins=at.count_run(bins.cells),
        missing=at.count(),
        invalid=at.count(),
        noise_variance=at.sum() if noised else None,
    )


def _features(
    spec: ModelSpec, at: _Allocator
) -> tuple[int, tuple[FeatureBlock, ...], ClassPredictionBlock | NumericBlock, slice | None]:
    noised = spec.privacy.noised
    rows = at.count()
    features = tuple(_feature(f, at, noised=f.name in noised) for f in spec.counted)
    prediction: ClassPredictionBlock | NumericBlock
    if spec.kind is ModelKind.REGRESSION:
        assert spec.prediction.value is not None  # a checked regression spec has bins
        prediction = _numeric(spec.prediction.value, at)
    else:
        prediction = _class_prediction(spec, at)
    # Behind the prediction: the hub counts groups over features and prediction as one run.
    leaves = at.count_run(spec.loss_tree.leaves) if spec.loss_tree else None
    return rows, features, prediction, leaves


def _class_prediction(spec: ModelSpec, at: _Allocator) -> ClassPredictionBlock:
    bins = spec.prediction.score_bins
    return ClassPredictionBlock(
        predicted=at.count_run(len(spec.prediction.classes)),
        unknown=at.count(),
        missing=at.count(),
        scores=tuple(
            ScoreBlock(
                bins=at.count_run(bins),
                other_bins=at.count_run(bins),
                unscored=at.count(),
                mass=at.sum_run(bins),
                other_mass=at.sum_run(bins),
            )
            for _ in spec.prediction.score_columns
        ),
    )


def _labels(spec: ModelSpec, at: _Allocator) -> ClassLabelBlock | RegressionLabelBlock:
    rows = at.count()
    if spec.kind is ModelKind.REGRESSION:
        assert spec.target.value is not None  # a checked regression spec has bins
        return RegressionLabelBlock(
            rows=rows,
            target=_numeric(spec.target.value, at),
            scored=at.count(),
            error_bins=at.count_run(len(spec.target.error_edges) + 1),
            error=at.sum(),
            absolute_error=at.sum(),
            squared_error=at.sum(),
            y=at.sum(),
            y_squared=at.sum(),
            percentage_rows=at.count(),
            percentage_error=at.sum(),
        )
    classes, scored = len(spec.prediction.classes), len(spec.prediction.score_columns)
    bins = spec.prediction.score_bins
    return ClassLabelBlock(
        rows=rows,
        confusion=at.count_run(classes * classes),
        targets=at.count_run(classes),
        unknown_target=at.count(),
        missing_target=at.count(),
        scored=at.count(),
        positives=tuple(at.count_run(bins) for _ in range(scored)),
        negatives=tuple(at.count_run(bins) for _ in range(scored)),
        log_loss=at.sum(),
        brier=at.sum(),
    )


def _explanations(spec: ModelSpec, at: _Allocator) -> ExplanationBlock | None:
    if spec.explanation is None:
        return None
    width, outputs = len(spec.counted), len(spec.explanation.output_scales)
    return ExplanationBlock(
        rows=at.count(),
        absolute=tuple(at.sum_run(width) for _ in range(outputs)),
        signed=tuple(at.sum_run(width) for _ in range(outputs)),
    )
