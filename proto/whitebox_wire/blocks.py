"""Blocks: the places that belong together within a section's vector.

A block holds places (indices and slices), never numbers. "Count" places hold rows; "sum" places
hold fixed-point sums, 2**20 being one unit of the quantity's own scale (see `vector`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NumericBlock:
    """Cells of one numeric quantity. All but `bins` are single places.

    `s1` sums z and `s2` sums z squared, z = (x - centre) / scale; `excess_low` and
    `excess_high` sum how far values lie beyond the outermost edges; all four in fixed point.
    `noise_variance` sums the variances of the noise that devices added, where a budget asks so.
    """

    bins: slice
    missing: int
    invalid: int
    s1: int
    s2: int
    excess_low: int
    excess_high: int
    noise_variance: int | None = None


@dataclass(frozen=True, slots=True)
class CategoricalBlock:
    """Cells of one categorical quantity; `bins` is vocabulary, other, unseen."""

    bins: slice
    missing: int
    invalid: int
    noise_variance: int | None = None

    @property
    def other(self) -> int:
        return int(self.bins.stop) - 2

    @property
    def unseen(self) -> int:
        return int(self.bins.stop) - 1


@dataclass(frozen=True, slots=True)
class ScoreBlock:
    """One class's scores, one against the rest, over rows whose predicted class is known.

    `unscored` counts those whose score is missing or no number in [0, 1]. `bins` are counts and
    `mass` sums of calibrated probability (fixed point), each first for the rows predicted to be
    of this class and then for the others: CBPE's whole input.
    """

    bins: slice
    other_bins: slice
    unscored: int
    mass: slice
    other_mass: slice


@dataclass(frozen=True, slots=True)
class ClassPredictionBlock:
    """Rows by predicted class; `unknown` is a class that the spec does not name."""

    predicted: slice
    unknown: int
    missing: int
    scores: tuple[ScoreBlock, ...]


@dataclass(frozen=True, slots=True)
class ClassLabelBlock:
    """`rows` is targets + `unknown_target` (a class that the spec does not name) +
    `missing_target`.

    `confusion` is row-major [target, predicted] over rows that know both; `positives` and
    `negatives` are score bins of the labelled rows that are, or are not, of each scored class.
    `log_loss` (natural logarithm) and `brier` sum over the `scored` rows: those with a known
    target and every score valid.
    """

    rows: int
    confusion: slice
    targets: slice
    unknown_target: int
    missing_target: int
    scored: int
    positives: tuple[slice, ...]
    negatives: tuple[slice, ...]
    log_loss: int
    brier: int


@dataclass(frozen=True, slots=True)
class RegressionLabelBlock:
    """`scored` rows have a valid target and prediction; e = prediction - target.

    Errors are in units of the target's scale, targets are (y - centre) / scale.
    """

    rows: int
    target: NumericBlock
    scored: int
    error_bins: slice
    error: int
    absolute_error: int
    squared_error: int
    y: int
    y_squared: int
    percentage_rows: int
    percentage_error: int


@dataclass(frozen=True, slots=True)
class ExplanationBlock:
    """`absolute[k]` and `signed[k]` hold a sum for each counted feature, for output k."""

    rows: int
    absolute: tuple[slice, ...]
    signed: tuple[slice, ...]


FeatureBlock = NumericBlock | CategoricalBlock
