"""Measures of the labels section: realised performance, compared with the reference's.

The reference is the test set's labels, or the training set's where the test set has none. What is
a share of rows (accuracy, precision, recall, specificity) is tested exactly as one: are there
more errors among as many tries? So is F1, which rises and falls with the share of true positives
among true positives and errors. The mean absolute error has a test of means. Other metrics are
values without a p-value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from whitebox_hub.monitor import ModelContext
from whitebox_hub.monitor.measure import Key, Measure
from whitebox_hub.statistics.classification import binary_performance, multi_class_performance
from whitebox_hub.statistics.means import ROWS_MIN, Mean, excess_mean_p_value
from whitebox_hub.statistics.proportion import excess_p_values
from whitebox_hub.statistics.regression import regression_performance
from whitebox_wire.layout import ClassLabelBlock, RegressionLabelBlock, Section
from whitebox_wire.spec import ModelKind
from whitebox_wire.vector import IntVector

NO_LABELS = "no labelled rows yet"
NO_REFERENCE_LABELS = "the reference has no labelled rows to compare with"
_FEW_LABELS = f"{ROWS_MIN} labelled rows are needed for a test"

_OF_BINARY = (
    *("accuracy", "precision", "recall", "f1", "specificity"),
    *("roc_auc", "average_precision", "log_loss", "brier"),
)
_MEAN = "mean_absolute_error"
_OF_REGRESSION = (
    *("r_square", "mean_squared_error", "root_mean_squared_error"),
    *(_MEAN, "mean_absolute_percentage_error"),
)


@dataclass(frozen=True, slots=True)
class _Read:
    """Values by metric; (errors, tries) of those that are shares; the mean absolute error."""

    rows: int
    values: Mapping[str, float | None]
    shares: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    mean: Mean | None = None


def measure_performance(context: ModelContext, live: IntVector) -> dict[Key, Measure]:
    """All measures of one window's labels section."""
    now = _read(context, live)
    before = _reference(context)
    p_values = _p_values(now, before) if before else {}
    return {(name, None): _measure(name, now, before, p_values) for name in now.values}


def _reference(context: ModelContext) -> _Read | None:
    """What the reference's labels say, if it has any."""
    for dataset in (context.test, context.training):
        vector = dataset.get(Section.LABELS) if dataset else None
        read = _read(context, vector) if vector is not None else None
        if read is not None and read.rows:
            return read
    return None


def _measure(name: str, now: _Read, before: _Read | None, p_values: Mapping[str, float]) -> Measure:
    value = now.values[name]
    if not now.rows:
        return Measure(0, problem=NO_LABELS)
    if value is None or now.shares.get(name, (0, 1))[1] == 0:
        return Measure(now.rows, problem=_UNDEFINED.get(name, f"{name} is undefined here"))
    reference = before.values[name] if before else None
    if reference is None:
        return Measure(now.rows, value, untested=NO_REFERENCE_LABELS)
    p_value = p_values.get(name)
    untested = _FEW_LABELS if name == _MEAN and p_value is None else ""
    return Measure(now.rows, value, reference, p_value, untested=untested)


_UNDEFINED = {
    "precision": "precision is undefined: no labelled row was predicted positive",
    "recall": "recall is undefined: no labelled row is positive",
    "specificity": "specificity is undefined: no labelled row is negative",
    "f1": "F1 is undefined: no labelled row is positive or was predicted so",
    "roc_auc": "ROC AUC is undefined: it needs scored rows of both classes",
    "average_precision": "average precision is undefined: it needs scored rows of both classes",
    "log_loss": "log loss is undefined: no labelled row has a score",
    "brier": "the Brier score is undefined: no labelled row has a score",
    "r_square": "R squared is undefined: the targets do not vary",
    "mean_absolute_percentage_error": "undefined: every target is zero",
}


def _p_values(now: _Read, before: _Read) -> dict[str, float]:
    result: dict[str, float] = {}
    if now.shares:
        errors, tries = zip(*now.shares.values(), strict=True)
        known_errors, known_tries = zip(*before.shares.values(), strict=True)
        tested = excess_p_values(errors, tries, known_errors, known_tries)
        result = dict(zip(now.shares, tested.tolist(), strict=True))
    if now.mean and before.mean:
        p_value = excess_mean_p_value(now.mean, before.mean)
        if p_value is not None:
            result[_MEAN] = p_value
    return result


def _read(context: ModelContext, vector: IntVector) -> _Read:
    block = context.layout.labels
    if isinstance(block, RegressionLabelBlock):
        return _regression(context, block, vector)
    if context.spec.kind is ModelKind.BINARY:
        return _binary(block, vector)
    return _multi_class(block, vector)


def _binary(block: ClassLabelBlock, vector: IntVector) -> _Read:
    said = binary_performance(vector, block)
    tp, fp = said.true_positive, said.false_positive
    fn, tn = said.false_negative, said.true_negative
    return _Read(
        rows=said.rows,
        values={name: getattr(said, name) for name in _OF_BINARY},
        shares={
            "accuracy": (fp + fn, said.rows),
            "precision": (fp, tp + fp),
            "recall": (fn, tp + fn),
            "f1": (fp + fn, tp + fp + fn),
            "specificity": (fp, tn + fp),
        },
    )


def _multi_class(block: ClassLabelBlock, vector: IntVector) -> _Read:
    said = multi_class_performance(vector, block)
    errors = said.rows - sum(counts.true_positive for counts in said.classes)
    return _Read(
        rows=said.rows,
        values={
            "accuracy": said.accuracy,
            "precision": said.precision.weighted,
            "recall": said.recall.weighted,
            "f1": said.f1.weighted,
            "log_loss": said.log_loss,
            "brier": said.brier,
        },
        # Weighted by class, recall is the accuracy.
        shares={"accuracy": (errors, said.rows), "recall": (errors, said.rows)},
    )


def _regression(context: ModelContext, block: RegressionLabelBlock, vector: IntVector) -> _Read:
    target = context.spec.target.value
    assert target is not None  # a checked regression spec has bins
    said = regression_performance(vector, block, target)
    mean, square = said.mean_absolute_error, said.mean_squared_error
    return _Read(
        rows=said.rows,
        values={name: getattr(said, name) for name in _OF_REGRESSION},
        mean=None if mean is None or square is None else Mean(said.rows, mean, square),
    )
