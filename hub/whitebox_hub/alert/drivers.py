"""What drives an alert, in words: which groups of a feature, of the predictions or of the
confusion matrix gained and lost most share of the rows against the reference.

Pure. Groups are those that drift is judged on. An explanation, never a verdict: where nothing
can be said (no reference, a regression's errors) there are no words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from whitebox_hub.monitor import ModelContext
from whitebox_hub.monitor.baseline import Baseline, count_missing
from whitebox_hub.monitor.metrics import find
from whitebox_wire.layout import ClassLabelBlock, ClassPredictionBlock, Section
from whitebox_wire.spec import CategoricalBins, NumericBins
from whitebox_wire.vector import FloatArray, IntVector

GAINED_MAX = 2
LOST_MAX = 2
# A smaller change of share is no driver.
CHANGE_MIN = 0.005
CATEGORY_LENGTH_MAX = 40

Vectors = Mapping[Section, IntVector]


def drivers(
    context: ModelContext, live: Vectors, metric: str, feature: str | None
) -> tuple[str, ...]:
    """The largest gains and then the largest losses of one window, a clause each."""
    known = find(metric)
    section = known.section if known else None
    vector = live.get(section) if section else None
    if vector is None:
        return ()
    if section is Section.LABELS and metric != "target_drift":
        return _confusions(context, vector)
    prediction = context.spec.prediction.column
    names = [*(counted.name for counted in context.spec.counted), prediction]
    if known is find("prediction_drift"):
        feature = prediction
    baseline = context.baseline
    if section is not Section.FEATURES or baseline is None or feature not in names:
        return ()
    of = _of_missing if metric == "missing_rate" else _of_column
    return of(context, baseline, vector, names.index(feature))


def _of_missing(
    context: ModelContext, baseline: Baseline, live: IntVector, column: int
) -> tuple[str, ...]:
    missing, rows = (counts[column] for counts in count_missing(context.layout, live))
    before = _shares(np.array([baseline.missing[column], baseline.rows[column]]), 1)
    after = _shares(np.array([missing, rows]), 1)
    return _changes(context.spec.counted[column].name, ["missing"], before[:1], after[:1])


def _of_column(
    context: ModelContext, baseline: Baseline, live: IntVector, column: int
) -> tuple[str, ...]:
    """Changes of a counted feature, or behind the last one of the prediction."""
    plan = baseline.plan
    start = int(plan.offsets[column])
    groups = slice(start, start + int(plan.sizes[column]))
    features = context.spec.counted
    name = features[column].name if column < len(features) else context.spec.prediction.column
    firsts = plan.starts[plan.kept[groups]].tolist()
    return _changes(
        name,
        _group_names(context, column, firsts),
        _shares(baseline.groups[groups]),
        _shares(plan.count(live)[groups]),
    )


def _shares(rows: FloatArray, whole: int | None = None) -> FloatArray:
    """Shares of all rows, which are their sum or stand at place `whole`; NaN without rows."""
    total = rows.sum() if whole is None else rows[whole]
    return rows / total if total > 0 else np.full(rows.size, np.nan)


def _changes(
    column: str, names: Sequence[str], before: FloatArray, after: FloatArray
) -> tuple[str, ...]:
    change = after - before
    order = np.argsort(change, kind="stable")
    gained = [i for i in order[::-1].tolist() if change[i] >= CHANGE_MIN][:GAINED_MAX]
    lost = [i for i in order.tolist() if change[i] <= -CHANGE_MIN][:LOST_MAX]
    return tuple(
        f"{column}: {names[i]} {verb} from {before[i]:.1%} to {after[i]:.1%}".replace("%", " %")
        for verb, places in (("rose", gained), ("fell", lost))
        for i in places
    )


def _group_names(context: ModelContext, column: int, firsts: Sequence[int]) -> list[str]:
    """What the groups of a column are called; `firsts` are the cells they begin at."""
    prediction = context.spec.prediction
    if column < len(context.spec.counted):
        bins, block = context.spec.counted[column].bins, context.layout.features[column]
    elif isinstance(context.layout.prediction, ClassPredictionBlock):
        return [*map(_category, prediction.classes), "an unknown class", "missing"]
    else:
        assert prediction.value is not None  # a checked regression spec has bins
        bins, block = prediction.value, context.layout.prediction
    if isinstance(bins, CategoricalBins):
        return [
            *map(_category, bins.vocabulary),
            "other categories",
            "unseen categories",
            "missing",
        ]
    starts = [first - block.bins.start for first in firsts]
    return [_range(bins, a, b) for a, b in pairwise([*starts, bins.cells])]


def _category(text: str) -> str:
    shown = text if len(text) <= CATEGORY_LENGTH_MAX else f"{text[:CATEGORY_LENGTH_MAX]}..."
    return repr(shown)


def _range(bins: NumericBins, start: int, stop: int) -> str:
    """The values of a run of cells.

    >>> ages = NumericBins((12.5, 13.5, 17.5), 15.0, 1.0)
    >>> [_range(ages, a, b) for a, b in ((0, 1), (1, 2), (1, 3), (3, 4))]
    ['group below 12.5', 'group 13', 'group 13 to 17', 'group 17.5 and above']
    """
    low = bins.edges[start - 1] if start else None
    high = bins.edges[stop - 1] if stop < bins.cells else None
    if low is None or high is None:
        return "every value" if low == high else _open_range(low, high)
    if (low * 2) % 2 == 1 and (high * 2) % 2 == 1:
        # Edges half-way between whole numbers: name the numbers.
        low, high = low + 0.5, high - 0.5
    said = f"group {low:.6g}"
    return said if f"{low:.6g}" == f"{high:.6g}" else f"{said} to {high:.6g}"


def _open_range(low: float | None, high: float | None) -> str:
    return f"group below {high:.6g}" if low is None else f"group {low:.6g} and above"


def _confusions(context: ModelContext, live: IntVector) -> tuple[str, ...]:
    """Errors by kind, as shares of the labelled rows."""
    block = context.layout.labels
    sets = (context.test, context.training)
    known = [vectors[Section.LABELS] for vectors in sets if vectors and Section.LABELS in vectors]
    if not isinstance(block, ClassLabelBlock):
        return ()
    reference = next((v for v in known if v[block.confusion].any()), None)
    if reference is None:
        return ()
    classes = context.spec.prediction.classes
    names = [
        f"{_category(target)} predicted as {_category(predicted)}"
        for target in classes
        for predicted in classes
    ]
    before, after = (
        _shares(np.maximum(v[block.confusion], 0).astype(np.float64)) for v in (reference, live)
    )
    return _changes(context.spec.target.column, names, before, after)
