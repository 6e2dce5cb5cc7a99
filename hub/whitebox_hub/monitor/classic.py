"""The classic rule: Evidently's choice of a test for each column, with its fixed thresholds.

| reference rows | numbers, more than 5 distinct | 3 and more distinct | fewer |
|---|---|---|---|
| up to 1,000 | Kolmogorov-Smirnov, p < 0.05 | chi-square, p < 0.05 | Z of proportions, p < 0.05 |
| more | Wasserstein / max(deviation, 0.001) >= 0.1 | Jensen-Shannon >= 0.1 | the same |

Only rows with a value count, and distinct values are filled cells. For parity with other tools and
nothing else: the thresholds know no sample size, the p-values no other columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from whitebox_hub.monitor import ModelContext
from whitebox_hub.monitor.baseline import Vectors
from whitebox_hub.monitor.measure import NO_REFERENCE, Classic, Key, Measure
from whitebox_hub.monitor.noised import carrying_noise
from whitebox_hub.monitor.targets import reference_labels, target_block
from whitebox_hub.statistics.chi_square import goodness_of_fit
from whitebox_hub.statistics.groups import ColumnBlock, IntArray
from whitebox_hub.statistics.jensen_shannon import jensen_shannon
from whitebox_hub.statistics.ks import ks_distance, ks_p_values
from whitebox_hub.statistics.numeric_cells import NumericCells
from whitebox_hub.statistics.wasserstein import wasserstein
from whitebox_hub.statistics.z_test import z_p_values
from whitebox_wire.layout import ClassPredictionBlock, NumericBlock, Section
from whitebox_wire.spec import CategoricalBins, NumericBins
from whitebox_wire.vector import FloatArray, IntVector

SMALL_REFERENCE_ROWS = 1_000
FEW_DISTINCT = 5
P_VALUE = 0.05
DISTANCE = 0.1
DEVIATION_MIN = 0.001
# Its thresholds know no noise: every window of a noised feature would drift.
UNSUPPORTED = "its counts carry privacy noise: judge it by the calibrated rule"

KS = "K-S p_value"
CHI_SQUARE = "chi-square p_value"
Z_TEST = "Z-test p_value"
WASSERSTEIN = "Wasserstein distance (normed)"
JENSEN_SHANNON = "Jensen-Shannon distance"
_P_VALUES = {KS, CHI_SQUARE, Z_TEST}


@dataclass(frozen=True, slots=True)
class _Column:
    key: Key
    block: ColumnBlock
    bins: NumericBins | CategoricalBins | None


def measure_classic(context: ModelContext, vectors: Vectors) -> dict[Key, Classic]:
    """The classic test of every feature, of the prediction, and of the target where labels are."""
    spec, layout = context.spec, context.layout
    result: dict[Key, Classic] = {}
    live = vectors.get(Section.FEATURES)
    if live is not None:
        columns = [
            _Column(("data_drift", feature.name), block, feature.bins)
            for feature, block in zip(spec.counted, layout.features, strict=True)
        ]
        columns.append(
            _Column(("prediction_drift", None), layout.prediction, spec.prediction.value)
        )
        baseline = context.baseline
        result |= _compare(columns, baseline.vector if baseline else None, live)
        for name in carrying_noise(context, live):
            key: Key = ("data_drift", name)
            result[key] = Classic(result[key].rows, problem=UNSUPPORTED)
    live = vectors.get(Section.LABELS)
    if live is not None:
        column = _Column(("target_drift", None), target_block(layout), spec.target.value)
        result |= _compare([column], reference_labels(context), live)
    return result


def drifted_share(found: dict[Key, Classic]) -> Measure:
    """The share of features that drifted, among those that can be compared."""
    said = [c for (metric, _), c in found.items() if metric == "data_drift"]
    judged = [c for c in said if not c.problem]
    rows = max((c.rows for c in said), default=0)
    if not judged:
        return Measure(rows, problem="no feature can be compared with the reference")
    return Measure(rows, sum(c.drifted for c in judged) / len(judged))


def _compare(
    columns: Sequence[_Column], reference: IntVector | None, live: IntVector
) -> dict[Key, Classic]:
    places = [np.arange(*_cells(column.block), dtype=np.intp) for column in columns]
    flat = np.concatenate(places)
    offsets = np.array([0, *accumulate(p.size for p in places[:-1])], np.intp)
    now = np.maximum(live[flat], 0).astype(np.float64)
    rows = np.add.reduceat(now, offsets)
    if reference is None:
        return {
            column.key: Classic(int(n), problem=NO_REFERENCE)
            for column, n in zip(columns, rows, strict=True)
        }
    before = np.maximum(reference[flat], 0).astype(np.float64)
    known = np.add.reduceat(before, offsets)
    distinct = np.add.reduceat((before > 0) | (now > 0), offsets, dtype=np.intp)
    scores = _of_shares(before, now, offsets)
    numbers = _of_numbers(columns, reference, live)
    result = {}
    for i, column in enumerate(columns):
        title = _choice(column, int(known[i]), int(distinct[i]))
        score = numbers[title].get(i) if title in numbers else float(scores[title][i])
        result[column.key] = _classic(int(rows[i]), int(known[i]), title, score)
    return result


def _classic(rows: int, known: int, title: str, score: float | None) -> Classic:
    if not known:
        return Classic(rows, problem="the reference has no rows with a value")
    if not rows:
        return Classic(rows, problem="no rows with a value in this window")
    if score is None or not np.isfinite(score):
        return Classic(rows, problem=f"{title} cannot be given")
    is_p_value = title in _P_VALUES
    return Classic(rows, title, score, P_VALUE if is_p_value else DISTANCE, is_p_value)


def _choice(column: _Column, known: int, distinct: int) -> str:
    small = known <= SMALL_REFERENCE_ROWS
    if isinstance(column.bins, NumericBins) and distinct > FEW_DISTINCT:
        return KS if small else WASSERSTEIN
    if not small:
        return JENSEN_SHANNON
    return CHI_SQUARE if distinct > 2 else Z_TEST


def _cells(block: ColumnBlock) -> tuple[int, int]:
    """The cells of rows with a value; an unknown class is one."""
    if isinstance(block, ClassPredictionBlock):
        return int(block.predicted.start), block.unknown + 1
    return int(block.bins.start), int(block.bins.stop)


def _of_shares(before: FloatArray, now: FloatArray, offsets: IntArray) -> dict[str, FloatArray]:
    """Scores of the tests of categories, for every column."""
    # With two values it does not matter whose share is tested: the first that is filled.
    place = np.arange(before.size)
    filled = np.where((before > 0) | (now > 0), place, before.size - 1)
    first = np.minimum.reduceat(filled, offsets)
    rows, known = np.add.reduceat(now, offsets), np.add.reduceat(before, offsets)
    return {
        CHI_SQUARE: goodness_of_fit(before, now, offsets),
        JENSEN_SHANNON: jensen_shannon(before, now, offsets),
        Z_TEST: z_p_values(now[first], rows, before[first], known),
    }


def _of_numbers(
    columns: Sequence[_Column], reference: IntVector, live: IntVector
) -> dict[str, dict[int, float]]:
    """Scores of the tests of numbers, by the place of their column."""
    found = [
        (i, c.block, c.bins)
        for i, c in enumerate(columns)
        if isinstance(c.block, NumericBlock) and isinstance(c.bins, NumericBins)
    ]
    if not found:
        return {KS: {}, WASSERSTEIN: {}}
    cells = NumericCells.of([block for _, block, _ in found], [bins for *_, bins in found])
    before, now = cells.read(reference), cells.read(live)
    p_values = ks_p_values(ks_distance(before, now), now.rows, before.rows)
    deviations = np.maximum(before.deviations, DEVIATION_MIN / cells.scales)
    distances = wasserstein(before, now) / deviations
    places = [i for i, *_ in found]
    return {
        KS: dict(zip(places, p_values.tolist(), strict=True)),
        WASSERSTEIN: dict(zip(places, distances.tolist(), strict=True)),
    }
