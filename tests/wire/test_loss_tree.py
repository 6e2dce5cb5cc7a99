"""The loss tree: one tree, of counted features, with a loss for each leaf."""

from __future__ import annotations

from dataclasses import replace

import pytest

from whitebox_wire.errors import SpecError
from whitebox_wire.spec import LossSplit, LossTree, ModelSpec

INF = float("inf")
# Feature 0 of the full specs is numeric, 1 a category of five cells, 3 noised, 4 withheld; 5 is
# the predicted value.
STUMP = LossTree((LossSplit(0, 40.0, -1, -2),), (0.5, 1.0), (0.1, 0.2))


def of_splits(*splits: LossSplit) -> LossTree:
    losses = (1.0,) * (len(splits) + 1)
    return LossTree(splits, losses, losses)


ROOT = LossSplit(0, 40.0, 1, -1)


@pytest.mark.parametrize(
    "tree",
    [
        STUMP,
        of_splits(LossSplit(5, -1.5, -2, -1, missing_left=True)),
        of_splits(LossSplit(1, (4,), -1, -2)),
        of_splits(ROOT, LossSplit(1, (0, 1, 2, 3, 4), -2, -3)),
        of_splits(
            *(LossSplit(0, 1.0, i + 1, -i - 1) for i in range(30)), LossSplit(0, 1.0, -31, -32)
        ),
    ],
)
def test_a_tree_of_up_to_32_leaves_passes(tree: LossTree, specs: dict[str, ModelSpec]) -> None:
    spec = replace(specs["regression"], loss_tree=tree)

    assert spec.check() is spec
    assert tree.leaves == len(tree.splits) + 1


REFUSALS = [
    (LossTree((), (1.0,), (1.0,)), "0 splits and 1 leaves"),
    (replace(STUMP, means=(1.0, 1.0, 1.0)), "1 splits and 3 leaves"),
    (of_splits(*[ROOT] * 32), "32 splits and 33 leaves .*2 to 32"),
    (replace(STUMP, deviations=(1.0,)), "each leaf needs a finite mean and deviation"),
    (replace(STUMP, means=(1.0, -0.5)), "each leaf needs a finite mean and deviation"),
    (replace(STUMP, means=(1.0, float("nan"))), "each leaf needs a finite mean"),
    (replace(STUMP, deviations=(1.0, INF)), "each leaf needs a finite mean"),
    (of_splits(LossSplit(0, 1.0, -1, -1)), "has one parent"),
    (of_splits(LossSplit(0, 1.0, -1, -3)), "has one parent"),
    (of_splits(LossSplit(0, 1.0, -1, 0)), "has one parent"),
    (of_splits(LossSplit(0, 1.0, -1, -2), LossSplit(0, 1.0, 1, -3)), "split 1 leads to one"),
    (
        of_splits(LossSplit(0, 1.0, -1, 2), LossSplit(0, 1.0, -2, -3), LossSplit(0, 1, 1, -4)),
        "split 2 leads to one that is not behind it",
    ),
    (of_splits(LossSplit(6, 1.0, -1, -2)), "split 0 asks for feature 6 of 5"),
    (of_splits(LossSplit(-1, 1.0, -1, -2)), "split 0 asks for feature -1"),
    (of_splits(LossSplit(0, INF, -1, -2)), "split 0 needs a finite threshold"),
    (of_splits(LossSplit(0, (1,), -1, -2)), "split 0 needs a finite threshold"),
    (of_splits(LossSplit(1, 1.0, -1, -2)), "split 0 needs a set of cells"),
    (of_splits(LossSplit(1, (), -1, -2)), "split 0 needs one cell or more"),
    (of_splits(LossSplit(1, (2, 1), -1, -2)), "split 0 .* in rising order"),
    (of_splits(LossSplit(1, (1, 1), -1, -2)), "split 0 .* in rising order"),
    (of_splits(LossSplit(1, (0, 5), -1, -2)), "split 0 asks for a cell beyond .* 5"),
    (of_splits(LossSplit(3, 1.0, -1, -2)), "'income' is withheld or has a noise budget"),
    (of_splits(LossSplit(4, (0,), -1, -2)), "'race' is withheld or has a noise budget"),
]


@pytest.mark.parametrize(("tree", "says"), REFUSALS, ids=range(len(REFUSALS)))
def test_what_is_no_tree_is_refused(tree: LossTree, says: str, specs: dict[str, ModelSpec]) -> None:
    with pytest.raises(SpecError, match=f"loss tree: .*{says}|loss tree: {says}"):
        replace(specs["regression"], loss_tree=tree).check()


@pytest.mark.parametrize("kind", ["binary", "multi_class"])
def test_only_a_regression_model_has_a_loss_tree(kind: str, specs: dict[str, ModelSpec]) -> None:
    with pytest.raises(SpecError, match=f"loss tree: a {kind} model has none"):
        replace(specs[kind], loss_tree=STUMP).check()
