"""Prediction, scores and target: what a spec says of them, and what is wrong with them. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from whitebox_agent.profile.infer import ColumnReport, boolean_words
from whitebox_agent.profile.request import Request
from whitebox_agent.profile.sample import Sample
from whitebox_agent.profile.scan import ColumnScan
from whitebox_agent.table import CategoryCoder
from whitebox_wire.bins import category_text, numeric_bins, round_to
from whitebox_wire.errors import ConfigError, DataError
from whitebox_wire.spec import (
    CLASSES_MAX,
    ModelKind,
    ModelSpec,
    NumericBins,
    Prediction,
    Target,
)
from whitebox_wire.vector import FloatArray

SCORE_BINS = 100
# Quantiles of |prediction - target| at which error bins begin.
_ERROR_SHARES = (*np.arange(0.05, 0.951, 0.05).tolist(), 0.99)


def check_scores(request: Request, scans: Mapping[str, ColumnScan], what: str) -> None:
    """Raise DataError unless every score is a number in [0, 1] or missing."""
    for name in request.scores:
        scan = scans[name]
        if scan.texts or scan.times or scan.invalid:
            raise DataError(
                f"{what}: score {name!r} holds {scan.present - scan.numbers} cells that are no "
                "finite numbers",
                hint="a score is the probability of a class",
            )
        if scan.numbers and (scan.low < 0 or scan.high > 1):
            raise DataError(
                f"{what}: score {name!r} lies outside [0, 1]",
                hint="pass probabilities, not margins or percentages",
            )


def class_outcome(request: Request, scans: Mapping[str, ColumnScan]) -> tuple[Prediction, Target]:
    """A classifier's prediction and target, from the classes in the data or the caller's.

    Raises:
        ConfigError: the classes or the positive class do not fit the data, or the scores the kind.
        DataError: the target has too few or too many classes.
    """
    found = _found_classes(request, scans)
    if request.classes:
        classes = tuple(category_text(value) for value in request.classes)
        unknown = (CategoryCoder(classes).codes_of(sorted(found)) < 0).sum()
        if unknown:
            raise ConfigError(
                f"classes: {request.target!r} and {request.prediction!r} hold {unknown} more",
                hint="name every class, or none",
            )
    else:
        classes = _in_order(found)
    _check_count(request, len(classes))
    if request.positive is not None:
        place = int(CategoryCoder(classes).codes_of([request.positive])[0])
        if place < 0:
            raise ConfigError(
                f"positive: {request.positive!r} is no class of {request.target!r}",
                hint=f"the classes are {', '.join(classes)}",
            )
        classes = (classes[1 - place], classes[place])
    wanted = 1 if request.kind is ModelKind.BINARY else len(classes)
    if len(request.scores) not in (0, wanted):
        raise ConfigError(
            f"scores: {len(request.scores)} columns for {len(classes)} classes",
            hint=f"a {request.kind.value} model has none or {wanted}, "
            f"here for {', '.join(classes[-wanted:])}",
        )
    bins = SCORE_BINS if request.scores else 0
    return Prediction(request.prediction, classes, request.scores, bins), Target(request.target)


def regression_outcome(
    request: Request, scans: Mapping[str, ColumnScan], errors: Sample | None
) -> tuple[Prediction, Target]:
    """A regression's prediction and target. `errors` samples |prediction - target|.

    Without predictions their bins are the target's, and errors are judged as those of a model
    that always predicts the median.

    Raises:
        DataError: target or prediction hold texts, or no number at all.
    """
    values = _numbers_of(request.target, scans[request.target])
    target = numeric_bins(values)
    prediction = target
    if request.prediction in scans:
        prediction = numeric_bins(_numbers_of(request.prediction, scans[request.prediction]))
    sizes = errors.sorted() if errors else _deviations(values)
    edges = error_edges(sizes, target)
    return (
        Prediction(request.prediction, value=prediction),
        Target(request.target, target, edges),
    )


def _deviations(values: FloatArray) -> FloatArray:
    """Distances to the middle value: float64, shape [n >= 1]."""
    with np.errstate(over="ignore"):
        found = np.abs(values - values[values.size // 2])
    finite: FloatArray = found[np.isfinite(found)]
    return finite


def outcome_reports(
    spec: ModelSpec, scans: Mapping[str, ColumnScan], rows: int, notes: Mapping[str, str]
) -> tuple[ColumnReport, ...]:
    """What became of prediction, scores and target, as far as the data have them.

    `notes` are by column.
    """
    prediction, target = spec.prediction, spec.target
    kind, classes = "classes", len(prediction.classes)
    sizes = [(prediction.column, "prediction", classes), (target.column, "target", classes)]
    if prediction.value and target.value:
        kind = "numeric"
        values = (prediction.value.cells, target.value.cells)
        sizes = [(name, role, size) for (name, role, _), size in zip(sizes, values, strict=True)]
    sizes[1:1] = [(name, "score", 2 * prediction.score_bins) for name in prediction.score_columns]
    return tuple(
        ColumnReport(
            name,
            role,
            "score" if role == "score" else kind,
            cells,
            scans[name].distinct,
            1 - scans[name].present / rows,
            notes.get(name, ""),
        )
        for name, role, cells in sizes
        if name in scans
    )


def error_edges(sizes: FloatArray, target: NumericBins) -> tuple[float, ...]:
    """Round edges of bins of about equal mass for absolute errors (float64, shape [n >= 1]).

    >>> error_edges(np.arange(1.0, 101.0), NumericBins((0.0,), 0.0, 1.0))[:3]
    (6.0, 11.0, 16.0)
    """
    quantiles = np.unique(np.quantile(sizes, _ERROR_SHARES))
    room = np.diff(quantiles, prepend=0.0) / 5
    rounded = {round_to(float(q), float(r)) for q, r in zip(quantiles, room, strict=True)}
    # A model without errors still needs a bin for those to come.
    return tuple(sorted(edge for edge in rounded if edge > 0)) or (target.scale / 10,)


def _found_classes(request: Request, scans: Mapping[str, ColumnScan]) -> set[str]:
    """The texts of all classes in the data; booleans are 0 and 1 where other cells are."""
    found: set[str] = set()
    for name in (request.target, request.prediction):
        scan = scans.get(name)
        if scan is None:
            continue
        if scan.many_numbers or scan.uncounted:
            raise DataError(
                f"column {name!r} holds too many or too long values for classes",
                hint="say kind='regression' if they are numbers to predict",
            )
        texts = set(scan.categories())
        found |= {text.lower() for text in texts} if boolean_words(texts) else texts
    if found & {"0", "1"} and found & {"false", "true"} and found <= {"0", "1", "false", "true"}:
        found = {{"false": "0", "true": "1"}.get(text, text) for text in found}
    return found


def _in_order(texts: set[str]) -> tuple[str, ...]:
    """Numbers by size, else by text."""
    try:
        return tuple(sorted(texts, key=float))
    except ValueError:
        return tuple(sorted(texts))


def _check_count(request: Request, count: int) -> None:
    low, high = (2, 2) if request.kind is ModelKind.BINARY else (2, CLASSES_MAX)
    if low <= count <= high:
        return
    hints = {
        ModelKind.BINARY: "say kind='multi_class' or kind='regression'",
        ModelKind.MULTI_CLASS: "say kind='regression' if it is a number to predict",
    }
    few = "name those that the training set lacks with classes=[...]"
    raise DataError(
        f"target {request.target!r} has {count} classes; a {request.kind.value} model needs "
        + (f"{low}" if low == high else f"{low} to {high}"),
        hint=few if count < low else hints[request.kind],
    )


def _numbers_of(name: str, scan: ColumnScan) -> FloatArray:
    if scan.texts or scan.times:
        raise DataError(
            f"column {name!r} holds {scan.texts + scan.times} texts or times; a regression "
            "needs numbers",
            hint="say kind='binary' or kind='multi_class' if they are classes",
        )
    if not scan.sample.seen:
        raise DataError(f"column {name!r} holds no number", hint="a regression needs numbers")
    return scan.sample.sorted()
