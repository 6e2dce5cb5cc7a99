"""The loss tree of a regression model: which rows are predicted badly, as far as features tell.

Direct loss estimation (NannyML's documentation, "Direct Loss Estimation") with a tree so small
that its leaves can be counted on a device. Its size is chosen on rows that it was not grown on; a
tree that tells nothing is left out.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from whitebox_agent.fold.batch import column_of, numbers_of
from whitebox_agent.fold.vocabulary import Vocabulary
from whitebox_agent.profile.sample import place_ranks
from whitebox_agent.profile.tree import BoolArray, Cells, IntArray, Split, grow, leaf_of
from whitebox_wire.loss_tree import LEAVES_MAX
from whitebox_wire.messages import OUT_OF_VOCABULARY, Column, InferenceBatch
from whitebox_wire.spec import CategoricalBins, LossSplit, LossTree, ModelSpec, NumericBins
from whitebox_wire.vector import FloatArray

ROWS_MAX = 100_000
# Fewer rows in a leaf would be singled out by it, and would say little of its loss.
LEAF_ROWS_MIN = 50
# One row in so many is kept to choose the size by.
HELD_OUT = 4
# Losses that differ by less, in units of the largest, differ by rounding only.
SPREAD_MIN = 1e-9
NOTHING = "no loss tree: errors do not follow from the features"

Bins = NumericBins | CategoricalBins


def fit_loss_tree(
    spec: ModelSpec, rows: Iterable[tuple[InferenceBatch, Column]]
) -> tuple[LossTree | None, str]:
    """The tree of |prediction - target| over a spec's features and its prediction.

    There is none where errors do not follow from these; the text says what was done.
    """
    value = spec.prediction.value
    assert value is not None  # a checked regression spec has bins
    columns: list[tuple[int, str, Bins]] = [
        *(
            (i, f.name, f.bins)
            for i, f in enumerate(spec.features)
            if not f.withheld and f.name not in spec.privacy.noised
        ),
        (len(spec.features), spec.prediction.column, value),
    ]
    cells, loss = _read(spec, columns, rows)
    if loss.size < 2 * HELD_OUT * LEAF_ROWS_MIN:
        least = 2 * HELD_OUT * LEAF_ROWS_MIN
        return None, f"no loss tree: {loss.size} rows with an error, {least} needed"
    # In units of the largest loss no square overflows.
    unit = float(loss.max()) or 1.0
    loss = loss / unit
    if float(loss.std()) < SPREAD_MIN:
        return None, NOTHING
    held = place_ranks(0, loss.size) % np.uint64(HELD_OUT) == 0
    size, explained = _size(_take(cells, ~held), loss[~held], _take(cells, held), loss[held])
    splits = grow(cells, loss, size, LEAF_ROWS_MIN)
    if not splits:
        return None, NOTHING
    leaf = leaf_of(cells, splits)
    groups = [loss[leaf == at] for at in range(len(splits) + 1)]
    tree = LossTree(
        _wire_splits(columns, splits),
        tuple(_rounded(float(group.mean()) * unit) for group in groups),
        tuple(_rounded(float(group.std()) * unit) for group in groups),
    )
    return (
        tree,
        f"loss tree of {tree.leaves} leaves, explains {explained:.0%} of the errors' variance",
    )


def _read(
    spec: ModelSpec,
    columns: list[tuple[int, str, Bins]],
    rows: Iterable[tuple[InferenceBatch, Column]],
) -> tuple[Cells, FloatArray]:
    """Cells and finite losses of rows that have both a prediction and a target."""
    codes, losses = [], []
    for batch, targets in rows:
        with np.errstate(over="ignore", invalid="ignore"):
            predicted = numbers_of(column_of(batch, spec.prediction.column), batch.rows)
            loss = np.abs(predicted - numbers_of(targets, batch.rows))
        there = np.isfinite(loss)
        found = [_codes(batch, name, bins)[there] for _, name, bins in columns]
        codes.append(np.column_stack(found).astype(np.uint16))
        losses.append(loss[there])
    sizes = np.array([bins.cells + 1 for _, _, bins in columns], np.intp)
    ordered = np.array([isinstance(bins, NumericBins) for _, _, bins in columns])
    empty = np.empty((0, len(columns)), np.uint16)
    return (
        Cells(np.concatenate((empty, *codes)), sizes, ordered),
        np.concatenate((np.empty(0), *losses)),
    )


def _codes(batch: InferenceBatch, name: str, bins: Bins) -> IntArray:
    """The cell of each row; those of missing and invalid values lie behind the others."""
    column = column_of(batch, name)
    if isinstance(bins, NumericBins):
        numbers = numbers_of(column, batch.rows)
        cell = np.searchsorted(bins.edges, numbers, side="right")
        return np.where(np.isfinite(numbers), cell, bins.cells)
    assert column is not None  # an encoder gives every column
    place = Vocabulary(name, bins.vocabulary).places(column).astype(np.intp)
    # The last two cells are `other` and `unseen`, of which a vocabulary uses one.
    beyond = bins.cells - 1 if bins.complete else bins.cells - 2
    place[place == OUT_OF_VOCABULARY] = beyond
    place[place < 0] = bins.cells
    return place


def _take(cells: Cells, rows: BoolArray) -> Cells:
    return Cells(cells.codes[rows], cells.sizes, cells.ordered)


def _size(cells: Cells, loss: FloatArray, held: Cells, held_loss: FloatArray) -> tuple[int, float]:
    """The number of leaves that predicts held-out losses best, and the share it explains."""
    splits = grow(cells, loss, LEAVES_MAX, LEAF_ROWS_MIN)
    errors = []
    for leaves in range(1, len(splits) + 2):
        known, leaf = leaf_of(cells, splits[: leaves - 1]), leaf_of(held, splits[: leaves - 1])
        mean = np.bincount(known, loss, leaves) / np.bincount(known, minlength=leaves)
        errors.append(float(((held_loss - mean[leaf]) ** 2).sum()))
    best = int(np.argmin(errors))
    return best + 1, 1 - errors[best] / errors[0] if errors[0] > 0 else 0.0


def _wire_splits(
    columns: list[tuple[int, str, Bins]], splits: list[Split]
) -> tuple[LossSplit, ...]:
    """Grown splits as the wire has them: a split's children are later splits or leaves."""
    ends: list[list[int]] = []
    # Where each leaf hangs: a split and one of its two ends, replaced when the leaf is parted.
    hangs: dict[int, tuple[int, int]] = {}
    for number, split in enumerate(splits):
        if split.leaf in hangs:
            parent, side = hangs[split.leaf]
            ends[parent][side] = number
        ends.append([-1 - split.leaf, -2 - number])
        hangs |= {split.leaf: (number, 0), number + 1: (number, 1)}
    return tuple(
        LossSplit(place, _test(bins, split.passing), left, right, split.missing_left)
        for split, (left, right) in zip(splits, ends, strict=True)
        for place, _, bins in (columns[split.column],)
    )


def _test(bins: Bins, passing: tuple[int, ...]) -> float | tuple[int, ...]:
    """A number passes below the upper edge of the last cell that does."""
    return bins.edges[passing[-1]] if isinstance(bins, NumericBins) else passing


def _rounded(number: float) -> float:
    return float(f"{number:.4g}")
