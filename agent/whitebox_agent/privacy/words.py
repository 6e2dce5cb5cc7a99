"""A sum in plain words: for each number that leaves, what it counts. Pure.

For people who must answer for what leaves a device. Nothing is left out: each cell of a vector is
told, as a count or as a total in the data's own units, save counts of zero that carry no noise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from whitebox_agent.privacy.seal import Seal
from whitebox_wire.layout import (
    ClassLabelBlock,
    ClassPredictionBlock,
    ExplanationBlock,
    FeatureBlock,
    Layout,
    NumericBlock,
    RegressionLabelBlock,
    Section,
)
from whitebox_wire.spec import CategoricalBins, ModelSpec, NumericBins
from whitebox_wire.vector import ONE, IntVector

TEXT_LENGTH_MAX = 60


@dataclass(frozen=True, slots=True)
class Line:
    """One number: what it is of, and the number as text."""

    what: str
    number: str


@dataclass(frozen=True, slots=True)
class Part:
    """Numbers of one column; `noise` is the sigma in each of its counts, if any."""

    title: str
    lines: tuple[Line, ...]
    noise: float | None = None


def parts_of(
    spec: ModelSpec, layout: Layout, seal: Seal, section: Section, vector: IntVector
) -> tuple[Part, ...]:
    """Everything that a section's vector says, column by column; not what its seal takes away."""
    sent = vector.copy()
    sent[seal.cleared.get(section, [])] = 0
    told = _Told(spec, layout, seal, sent)
    parts = {
        Section.FEATURES: told.features,
        Section.LABELS: told.labels,
        Section.EXPLANATIONS: told.explanations,
    }[section]
    return tuple(parts())


def withheld(spec: ModelSpec) -> tuple[str, ...]:
    """The features of which nothing is counted."""
    return tuple(f.name for f in spec.features if f.withheld)


def ranges(edges: Sequence[float], low: str = "") -> tuple[str, ...]:
    """What cells between edges hold; `low` is the least possible value, if there is one.

    >>> ranges((1.0, 2.5))
    ('below 1', '1 to below 2.5', '2.5 or more')
    """
    first = f"{low} to below {edges[0]:.10g}" if low else f"below {edges[0]:.10g}"
    inner = (f"{a:.10g} to below {b:.10g}" for a, b in pairwise(edges))
    return (first, *inner, f"{edges[-1]:.10g} or more")


class _Told:
    def __init__(self, spec: ModelSpec, layout: Layout, seal: Seal, vector: IntVector) -> None:
        self._spec = spec
        self._layout = layout
        self._seal = seal
        self._vector = vector

    def features(self) -> Iterator[Part]:
        for feature, block in zip(self._spec.counted, self._layout.features, strict=True):
            yield self._feature(feature.name, feature.bins, block)
        prediction, predicted = self._spec.prediction, self._layout.prediction
        if isinstance(predicted, ClassPredictionBlock):
            yield from self._class_prediction(predicted)
        elif prediction.value is not None:
            yield self._feature(f"prediction {prediction.column}", prediction.value, predicted)
        if self._layout.leaves is not None:
            run = self._layout.leaves
            names = [f"leaf {i + 1} of the loss tree" for i in range(run.stop - run.start)]
            yield Part("kinds of rows, by expected error", tuple(self._counts(names, run)))

    def _feature(self, name: str, bins: NumericBins | CategoricalBins, block: FeatureBlock) -> Part:
        noise = self._seal.sigma(block.missing)
        lines = [
            *self._counts(_cells(bins), block.bins, all_of_them=noise is not None),
            *self._count("missing", block.missing, anyway=noise is not None),
            *self._count("not a number" if isinstance(bins, NumericBins) else "not a category",
                         block.invalid, anyway=noise is not None),
        ]  # fmt: skip
        if isinstance(bins, NumericBins) and isinstance(block, NumericBlock) and noise is None:
            lines += self._moments(bins, block)
        return Part(name, tuple(lines), noise)

    def _moments(self, bins: NumericBins, block: NumericBlock) -> Iterator[Line]:
        """Totals over all rows, in the column's own scale: z = (value - centre) / scale."""
        z = f"(value - {bins.centre:.10g}) / {bins.scale:.10g}"
        yield self._total(f"total of {z}", block.s1)
        yield self._total("total of its squares", block.s2)
        yield self._total("total of what lies below the lowest edge", block.excess_low)
        yield self._total("total of what lies above the highest edge", block.excess_high)

    def _class_prediction(self, block: ClassPredictionBlock) -> Iterator[Part]:
        prediction = self._spec.prediction
        names = [*map(_short, prediction.classes), "another class", "missing"]
        places = slice(block.predicted.start, block.missing + 1)
        yield Part(f"prediction {prediction.column}", tuple(self._counts(names, places)))
        cells = _score_cells(prediction.score_bins)
        for column, scores in zip(prediction.score_columns, block.scores, strict=True):
            lines: list[Line] = []
            for who, counts, mass in (
                ("predicted so, score", scores.bins, scores.mass),
                ("not predicted so, score", scores.other_bins, scores.other_mass),
            ):
                names = [f"{who} {cell}" for cell in cells]
                lines += self._counts(names, counts)
                lines += self._totals([f"{name}: total probability" for name in names], mass)
            lines += self._count("no valid score", scores.unscored)
            yield Part(f"score {column}", tuple(lines))

    def labels(self) -> Iterator[Part]:
        block, column = self._layout.labels, self._spec.target.column
        if isinstance(block, ClassLabelBlock):
            yield from self._class_labels(block, column)
        else:
            yield from self._regression_labels(block, column)

    def _class_labels(self, block: ClassLabelBlock, column: str) -> Iterator[Part]:
        classes = [_short(name) for name in self._spec.prediction.classes]
        names = [*classes, "another class", "missing"]
        places = slice(block.targets.start, block.missing_target + 1)
        yield Part(f"label {column}", tuple(self._counts(names, places)))
        pairs = [f"{target}, predicted {predicted}" for target in classes for predicted in classes]
        lines = [*self._counts(pairs, block.confusion), *self._count("with scores", block.scored)]
        lines += [self._total("total log loss", block.log_loss)]
        lines += [self._total("total Brier score", block.brier)]
        yield Part("labels against predictions", tuple(lines))
        cells = _score_cells(self._spec.prediction.score_bins)
        runs = zip(
            self._spec.prediction.score_columns, block.positives, block.negatives, strict=True
        )
        for score, positives, negatives in runs:
            lines = [*self._counts([f"labelled so, score {c}" for c in cells], positives)]
            lines += self._counts([f"labelled otherwise, score {c}" for c in cells], negatives)
            yield Part(f"labels by score {score}", tuple(lines))

    def _regression_labels(self, block: RegressionLabelBlock, column: str) -> Iterator[Part]:
        target = self._spec.target
        assert target.value is not None  # a checked regression spec has bins
        yield self._feature(f"label {column}", target.value, block.target)
        cells = ranges(target.error_edges, "0")
        lines = [*self._counts([f"absolute error {c}" for c in cells], block.error_bins)]
        lines += self._count("rows with an error", block.scored)
        lines += self._count("of them with a label other than 0", block.percentage_rows)
        unit = f"in units of {target.value.scale:.10g}"
        lines += [
            self._total(f"total {name}, {unit}", place)
            for name, place in (
                ("error", block.error),
                ("absolute error", block.absolute_error),
                ("squared error", block.squared_error),
                ("label", block.y),
                ("squared label", block.y_squared),
                ("relative error", block.percentage_error),
            )
        ]
        yield Part("labels against predictions", tuple(lines))

    def explanations(self) -> Iterator[Part]:
        block = self._layout.explanations
        if block is None:
            return
        yield Part("rows explained", tuple(self._count("rows", block.rows)))
        yield from self._attributions(block)

    def _attributions(self, block: ExplanationBlock) -> Iterator[Part]:
        names = [f.name for f in self._spec.counted]
        for output, (absolute, signed) in enumerate(
            zip(block.absolute, block.signed, strict=True), 1
        ):
            lines = [*self._totals([f"{name}: total" for name in names], signed)]
            lines += self._totals([f"{name}: total of sizes" for name in names], absolute)
            yield Part(f"attributions to output {output}", tuple(lines))

    def _counts(
        self, names: Sequence[str], run: slice, *, all_of_them: bool = False
    ) -> Iterator[Line]:
        for name, place in zip(names, range(run.start, run.stop), strict=True):
            yield from self._count(name, place, anyway=all_of_them)

    def _count(self, name: str, place: int, *, anyway: bool = False) -> Iterator[Line]:
        number = int(self._vector[place])
        if number or anyway:
            yield Line(name, f"{number:,}")

    def _totals(self, names: Sequence[str], run: slice) -> Iterator[Line]:
        for name, place in zip(names, range(run.start, run.stop), strict=True):
            if self._vector[place]:
                yield self._total(name, place)

    def _total(self, name: str, place: int) -> Line:
        return Line(name, f"{int(self._vector[place]) / ONE:,.6g}")


def _cells(bins: NumericBins | CategoricalBins) -> tuple[str, ...]:
    if isinstance(bins, NumericBins):
        return ranges(bins.edges)
    return (*map(_short, bins.vocabulary), "other categories", "never seen in training")


def _score_cells(bins: int) -> list[str]:
    return [f"{i / bins:.4g} to {(i + 1) / bins:.4g}" for i in range(bins)]


def _short(text: str) -> str:
    """A category as one line of bounded length, in quotation marks."""
    quoted = repr(text)
    return quoted if len(quoted) <= TEXT_LENGTH_MAX else quoted[: TEXT_LENGTH_MAX - 1] + "…"
