"""ModelFold against a plain count of cells, written anew from the layout's docstrings.

The oracle sees cells one by one: a float, a text, None (missing) or BAD (not of the column's
type). Counts must be equal; a fixed-point sum may differ by one unit a row, since the oracle
divides where the fold multiplies.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from whitebox_agent.fold import ModelFold, take_rows
from whitebox_wire.bins import category_text
from whitebox_wire.layout import (
    CategoricalBlock,
    ClassPredictionBlock,
    Layout,
    NumericBlock,
    RegressionLabelBlock,
    Section,
)
from whitebox_wire.messages import (
    INVALID,
    MISSING,
    OUT_OF_VOCABULARY,
    Codes,
    Column,
    InferenceBatch,
)
from whitebox_wire.spec import (
    Calibrator,
    CategoricalBins,
    Feature,
    ModelKind,
    ModelSpec,
    NumericBins,
    Prediction,
    Target,
)
from whitebox_wire.vector import CLIP, ONE, IntVector


class Bad:
    """A cell that is not of its column's type."""


BAD: Final = Bad()
Cell = float | str | Bad | None
Places = Counter[int]
TEXTS = ("0", "1", "1.0", "2.5", "-3", "nan", "true", "b", "?")


def number_of(cell: Cell) -> float | Bad | None:
    """A finite number, None where missing, BAD where invalid."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return None
    return cell if isinstance(cell, float) and math.isfinite(cell) else BAD


def text_of(cell: Cell) -> str | Bad | None:
    if isinstance(cell, float):
        number = number_of(cell)
        return category_text(number) if isinstance(number, float) else number
    return cell


def clip(value: float, limit: float = CLIP) -> float:
    return min(max(value, -limit), limit)


def cell_of(x: float, edges: Sequence[float]) -> int:
    return sum(x >= edge for edge in edges)


def add_number(out: Places, block: NumericBlock, bins: NumericBins, cell: Cell) -> None:
    x = number_of(cell)
    if not isinstance(x, float):
        out[block.missing if x is None else block.invalid] += 1
        return
    z = clip((x - bins.centre) / bins.scale)
    out[block.bins.start + cell_of(x, bins.edges)] += 1
    out[block.s1] += round(z * ONE)
    out[block.s2] += round(z * z * ONE)
    out[block.excess_low] += round(clip(max(bins.edges[0] - x, 0.0) / bins.scale) * ONE)
    out[block.excess_high] += round(clip(max(x - bins.edges[-1], 0.0) / bins.scale) * ONE)


def add_category(out: Places, block: CategoricalBlock, bins: CategoricalBins, cell: Cell) -> None:
    text = text_of(cell)
    if not isinstance(text, str):
        out[block.missing if text is None else block.invalid] += 1
    elif text in bins.vocabulary:
        out[block.bins.start + bins.vocabulary.index(text)] += 1
    else:
        out[block.unseen if bins.complete else block.other] += 1


def class_of(cell: Cell, classes: Sequence[str]) -> int:
    """A place in classes, -1 where missing, -2 where unknown."""
    text = text_of(cell)
    if text is None:
        return -1
    return classes.index(text) if text in classes else -2


def score_of(cell: Cell) -> float | None:
    x = number_of(cell)
    return x if isinstance(x, float) and 0.0 <= x <= 1.0 else None


def score_bin(score: float, bins: int) -> int:
    return min(int(score * bins), bins - 1)


@dataclass(frozen=True)
class Row:
    features: tuple[Cell, ...]
    prediction: Cell
    scores: tuple[Cell, ...]
    target: Cell


Drawn = tuple[ModelSpec, list[Row], InferenceBatch, Column]


def features_of(spec: ModelSpec, layout: Layout, row: Row) -> Places:
    out = Counter({layout.rows: 1})
    for feature, block, cell in zip(spec.counted, layout.features, row.features, strict=True):
        if isinstance(feature.bins, NumericBins) and isinstance(block, NumericBlock):
            add_number(out, block, feature.bins, cell)
        elif isinstance(feature.bins, CategoricalBins) and isinstance(block, CategoricalBlock):
            add_category(out, block, feature.bins, cell)
    if spec.prediction.value is not None:
        assert isinstance(layout.prediction, NumericBlock)
        add_number(out, layout.prediction, spec.prediction.value, row.prediction)
        return out
    prediction, chosen = layout.prediction, class_of(row.prediction, spec.prediction.classes)
    assert isinstance(prediction, ClassPredictionBlock)
    if chosen < 0:
        out[prediction.missing if chosen == -1 else prediction.unknown] += 1
        return out
    out[prediction.predicted.start + chosen] += 1
    identity = Calibrator((0.0, 1.0), (0.0, 1.0))
    calibrators = spec.prediction.calibrators or (identity,) * len(row.scores)
    for k, place in enumerate(spec.positive_classes):
        score, scores = score_of(row.scores[k]), prediction.scores[k]
        if score is None:
            out[scores.unscored] += 1
            continue
        at, mine = score_bin(score, spec.prediction.score_bins), chosen == place
        out[(scores.bins if mine else scores.other_bins).start + at] += 1
        calibrated = np.interp(score, calibrators[k].scores, calibrators[k].probabilities)
        mass = scores.mass if mine else scores.other_mass
        out[mass.start + at] += round(float(calibrated) * ONE)
    return out


def labels_of(spec: ModelSpec, layout: Layout, row: Row) -> Places:
    if isinstance(layout.labels, RegressionLabelBlock):
        return regression_labels_of(spec, layout.labels, row)
    block, classes = layout.labels, spec.prediction.classes
    out = Counter({block.rows: 1})
    target, chosen = class_of(row.target, classes), class_of(row.prediction, classes)
    if target < 0:
        out[block.missing_target if target == -1 else block.unknown_target] += 1
        return out
    out[block.targets.start + target] += 1
    if chosen >= 0:
        out[block.confusion.start + target * len(classes) + chosen] += 1
    scores = [score for cell in row.scores if (score := score_of(cell)) is not None]
    if not scores or len(scores) < len(row.scores):
        return out
    out[block.scored] += 1
    for k, place in enumerate(spec.positive_classes):
        side = block.positives if place == target else block.negatives
        out[side[k].start + score_bin(scores[k], spec.prediction.score_bins)] += 1
    each = [1 - scores[0], scores[0]] if spec.kind is ModelKind.BINARY else scores
    squares = sum((p - (k == target)) ** 2 for k, p in enumerate(each))
    out[block.log_loss] += round(-math.log(max(each[target], 1e-15)) * ONE)
    out[block.brier] += round(squares / (2 if len(each) == 2 else 1) * ONE)
    return out


def regression_labels_of(spec: ModelSpec, block: RegressionLabelBlock, row: Row) -> Places:
    out, bins = Counter({block.rows: 1}), spec.target.value
    assert bins is not None
    add_number(out, block.target, bins, row.target)
    target, prediction = number_of(row.target), number_of(row.prediction)
    if not isinstance(target, float) or not isinstance(prediction, float):
        return out
    e, z = clip((prediction - target) / bins.scale), clip((target - bins.centre) / bins.scale)
    absolute = abs(prediction - target)
    out[block.scored] += 1
    out[block.error_bins.start + cell_of(absolute, spec.target.error_edges)] += 1
    out[block.error] += round(e * ONE)
    out[block.absolute_error] += round(abs(e) * ONE)
    out[block.squared_error] += round(e * e * ONE)
    out[block.y] += round(z * ONE)
    out[block.y_squared] += round(z * z * ONE)
    if target != 0:
        out[block.percentage_rows] += 1
        share = absolute / abs(target) if absolute < abs(target) * CLIP else CLIP
        out[block.percentage_error] += round(share * ONE)
    return out


numbers = st.floats(-100, 100)
edges = st.lists(numbers.map(lambda x: x + 0.0), min_size=1, max_size=8, unique=True)
numeric = st.builds(NumericBins, edges.map(lambda e: tuple(sorted(e))), numbers, st.floats(0.1, 50))
texts = st.lists(st.sampled_from(TEXTS), min_size=1, max_size=5, unique=True).map(tuple)
categorical = st.builds(CategoricalBins, texts, st.booleans())
knots = st.lists(st.floats(0, 1, width=16), min_size=2, max_size=5, unique=True).map(sorted)
scores = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.1, 0.3, 1.0, 1.1, -0.5, None]))
number_cells = st.one_of(numbers, st.floats(), st.none())


@st.composite
def specs(draw: st.DrawFn) -> ModelSpec:
    kind = draw(st.sampled_from(ModelKind))
    bins = draw(st.lists(st.one_of(numeric, categorical), min_size=1, max_size=4))
    features = tuple(Feature(f"f{i}", b, withheld=draw(st.booleans())) for i, b in enumerate(bins))
    if kind is ModelKind.REGRESSION:
        errors = tuple(sorted({abs(e) for e in draw(edges)}))
        target = Target("y", draw(numeric), errors)
        return ModelSpec("m", kind, features, Prediction("p", value=draw(numeric)), target).check()
    count = 2 if kind is ModelKind.BINARY else draw(st.integers(2, 4))
    columns = draw(st.sampled_from([0, 1 if kind is ModelKind.BINARY else count]))
    ladder = draw(st.one_of(st.none(), knots))
    calibrator = (
        () if ladder is None else (Calibrator(tuple(ladder), tuple(x * x for x in ladder)),)
    )
    prediction = Prediction(
        "p",
        classes=tuple(draw(st.permutations(TEXTS)))[:count],
        score_columns=tuple(f"s{k}" for k in range(columns)),
        score_bins=draw(st.integers(2, 12)),
        calibrators=calibrator * columns,
    )
    return ModelSpec("m", kind, features, prediction, Target("y")).check()


def table(cell: st.SearchStrategy[Cell], rows: int) -> st.SearchStrategy[list[Cell]]:
    return st.lists(cell, min_size=rows, max_size=rows)


@st.composite
def cells(
    draw: st.DrawFn, rows: int, vocabulary: Sequence[str] | None
) -> tuple[list[Cell], Column | None]:
    """A column's cells, and the column as a caller might send it."""
    way = draw(st.sampled_from(["numbers", "texts", "places", "absent"]))
    if way == "absent":
        return [None] * rows, None
    if way == "numbers" or (way == "places" and vocabulary is None):
        near = st.sampled_from([0.0, -0.0, 1.0, 2.5, -3.0, 4.0])
        found: list[Cell] = draw(table(st.one_of(number_cells, near), rows))
        values = [math.nan if cell is None else cell for cell in found]
        return found, np.array(values, np.float64)
    known = TEXTS if way == "texts" else vocabulary or ()
    found = draw(table(st.sampled_from([*known, "not seen", BAD, None]), rows))
    dictionary = ("unused", *TEXTS, "not seen") if way == "texts" else ()
    places: dict[Cell, int] = {text: at for at, text in enumerate(dictionary or known)}
    places |= {None: MISSING, BAD: INVALID}
    codes = [places.get(cell, OUT_OF_VOCABULARY) for cell in found]
    return found, Codes(np.array(codes, np.int32), dictionary)


@st.composite
def batches(draw: st.DrawFn) -> Drawn:
    spec, rows = draw(specs()), draw(st.integers(0, 12))
    columns: dict[str, Column] = {"extra": np.zeros(rows)}

    def column(name: str, vocabulary: Sequence[str] | None) -> list[Cell]:
        found, sent = draw(cells(rows, vocabulary))
        if sent is not None:
            columns[name] = sent
        return found

    by_feature = [
        column(f.name, f.bins.vocabulary if isinstance(f.bins, CategoricalBins) else None)
        for f in spec.counted
    ]
    classes = spec.prediction.classes or None
    predicted, by_score = column("p", classes), []
    for name in spec.prediction.score_columns:
        found: list[Cell] = draw(table(scores, rows))
        columns[name] = np.array(found, np.float64)
        by_score.append(found)
    targets, sent = draw(cells(rows, classes))
    if sent is None:
        sent = np.full(rows, np.nan)
    drawn = [
        Row(
            tuple(c[i] for c in by_feature), predicted[i], tuple(s[i] for s in by_score), targets[i]
        )
        for i in range(rows)
    ]
    return spec, drawn, InferenceBatch("m", rows, columns, 0), sent


def assert_adds_up(
    spec: ModelSpec,
    section: Section,
    found: IntVector,
    rows: list[Places],
) -> None:
    size = Layout.of(spec).sizes[section]
    wanted = np.zeros(size.cells, np.int64)
    for row in rows:
        for place, amount in row.items():
            wanted[place] += amount
    np.testing.assert_array_equal(found[: size.counts], wanted[: size.counts])
    np.testing.assert_allclose(found[size.counts :], wanted[size.counts :], rtol=0, atol=len(rows))


@given(batches())
def test_both_sections_are_sums_over_rows(drawn: Drawn) -> None:
    spec, rows, batch, targets = drawn
    fold = ModelFold(spec)

    features, labels = fold.features(batch), fold.labels(fold.predictions(batch), targets)

    wanted = [features_of(spec, fold.layout, row) for row in rows]
    assert_adds_up(spec, Section.FEATURES, features, wanted)
    wanted = [labels_of(spec, fold.layout, row) for row in rows]
    assert_adds_up(spec, Section.LABELS, labels, wanted)


@given(batches(), st.data())
def test_any_split_adds_up_to_the_whole_bit_for_bit(drawn: Drawn, data: st.DataObject) -> None:
    spec, _, batch, _ = drawn
    whole, other = ModelFold(spec, kernel="sort"), ModelFold(spec, kernel="grid")
    order = np.array(data.draw(st.permutations(range(batch.rows))), np.intp)
    cut = data.draw(st.integers(0, batch.rows))

    parts = [take_rows(batch, order[:cut]), take_rows(batch, order[cut:])]

    np.testing.assert_array_equal(
        whole.features(batch), sum(other.features(part) for part in parts)
    )
