"""Loss trees against scikit-learn's, against the agent's fold, and when there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.tree import DecisionTreeRegressor

from whitebox_agent.fold import ModelFold
from whitebox_agent.profile import ModelProfile, profile
from whitebox_agent.profile.loss import LEAF_ROWS_MIN
from whitebox_agent.profile.tree import Cells, Split, grow, leaf_of
from whitebox_agent.table import Encoder, read_table
from whitebox_wire.layout import Layout, Section
from whitebox_wire.loss_tree import LEAVES_MAX, LossTree
from whitebox_wire.spec import NumericBins

ROWS = 4_000


def houses(seed: int = 0, rows: int = ROWS) -> pd.DataFrame:
    """A model that errs ten times as much on old houses, and on castles and unknown places."""
    rng = np.random.default_rng(seed)
    age = rng.uniform(0, 100, rows)
    place = rng.choice(np.array(["town", "castle", "farm", None], object), rows)
    size, price = rng.normal(100, 20, rows), rng.uniform(0, 100_000, rows)
    hard = (age > 60) | (place == "castle") | pd.isna(place)
    error = rng.normal(0, np.where(hard, 100, 10))
    age[rng.uniform(size=rows) < 0.1] = np.nan
    return pd.DataFrame(
        {"age": age, "place": place, "size": size, "price": price, "said": price + error}
    )


def made_of(data: pd.DataFrame, **said: Any) -> ModelProfile:
    return profile(
        data, model_id="houses", kind="regression", target="price", prediction="said", **said
    )


def tree_of(made: ModelProfile) -> LossTree:
    tree = made.bundle.spec.loss_tree
    assert tree is not None
    return tree


def test_a_tree_parts_rows_that_are_predicted_well_from_others() -> None:
    data = houses()

    made = made_of(data)

    tree = tree_of(made)
    features = {f.name: place for place, f in enumerate(made.bundle.spec.features)}
    assert {features["age"], features["place"]} <= {split.feature for split in tree.splits}
    assert min(tree.means) == pytest.approx(8, abs=1.5)
    assert max(tree.means) == pytest.approx(80, abs=15)
    assert "loss tree of" in made.text()


def test_agents_count_rows_by_the_leaves_that_the_tree_was_made_of() -> None:
    data = houses()
    made = made_of(data)
    spec, layout = made.bundle.spec, Layout.of(made.bundle.spec)
    tree = tree_of(made)
    assert layout.leaves is not None

    counts = made.bundle.references[0].vectors[Section.FEATURES][layout.leaves]

    assert counts.sum() == ROWS
    assert counts.min() >= LEAF_ROWS_MIN
    # Means weighted by the fold's own counts are the reference's error: both walk one tree.
    error = (data.said - data.price).abs()
    assert counts @ np.array(tree.means) / ROWS == pytest.approx(error.mean(), rel=1e-3)
    squares = np.array(tree.means) ** 2 + np.array(tree.deviations) ** 2
    assert counts @ squares / ROWS == pytest.approx((error**2).mean(), rel=1e-3)
    fresh = Encoder(spec, b"").batch(read_table(houses(seed=1)), received_ms=0)
    live = ModelFold(spec).features(fresh)[layout.leaves]
    assert live @ np.array(tree.means) / ROWS == pytest.approx(error.mean(), rel=0.1)


def test_thresholds_are_edges_of_the_specs_own_bins() -> None:
    made = made_of(houses())
    spec = made.bundle.spec
    assert spec.prediction.value is not None
    bins = [*(f.bins for f in spec.features), spec.prediction.value]

    for split in tree_of(made).splits:
        of = bins[split.feature]
        assert not isinstance(of, NumericBins) or split.test in of.edges


def test_a_tree_is_learnt_from_the_test_set() -> None:
    worse = houses(seed=2)
    worse["said"] = worse.price + 3 * (worse.said - worse.price)

    made = made_of(houses(), test=worse)

    assert max(tree_of(made).means) == pytest.approx(240, abs=40)


def test_the_same_rows_make_the_same_tree_however_they_come() -> None:
    data = houses()

    whole, chunked = made_of(data), made_of(iter([data[:1_000], data[1_000:]]))

    assert tree_of(whole) == tree_of(chunked)
    assert whole.bundle.digest == chunked.bundle.digest


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"said": lambda d: d.price + 7.0}, "do not follow from the features"),
        ({"said": lambda d: d.price}, "do not follow from the features"),
        ({"said": lambda d: d.said.where(d.index < 300)}, "300 rows with an error"),
        ({}, ""),
    ],
    ids=["constant error", "no error", "few predictions", "no prediction"],
)
def test_errors_that_say_nothing_make_no_tree(change: dict[str, Any], note: str) -> None:
    data = houses().assign(**change)
    made = made_of(data if note else data.drop(columns="said"))

    assert made.bundle.spec.loss_tree is None
    assert note in made.text()


def test_random_errors_make_no_tree_or_a_small_one() -> None:
    rng = np.random.default_rng(3)

    made = made_of(houses().assign(said=lambda d: d.price + rng.normal(0, 10, ROWS)))

    tree = made.bundle.spec.loss_tree
    assert tree is None or max(tree.means) < 2 * min(tree.means)


def test_withheld_features_are_in_no_split() -> None:
    made = made_of(houses(), withhold=["age"])

    places = [f.withheld for f in made.bundle.spec.features]
    assert not any(split.feature == places.index(True) for split in tree_of(made).splits)


def test_errors_near_the_largest_float_make_a_tree() -> None:
    data = houses()
    data["said"] = data.price + (data.said - data.price) * 1e304

    assert np.isfinite(tree_of(made_of(data)).deviations).all()


@pytest.mark.parametrize("seed", range(3))
def test_a_tree_of_numbers_is_scikit_learns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 20, (3_000, 4)).astype(np.uint16)
    loss = codes[:, 0] // 7 * 3.0 + (codes[:, 1] > 12) * codes[:, 2] + rng.exponential(1, 3_000)
    cells = Cells(codes, np.full(4, 21, np.intp), np.ones(4, np.bool_))

    splits = grow(cells, loss, LEAVES_MAX, LEAF_ROWS_MIN)

    theirs = DecisionTreeRegressor(
        max_leaf_nodes=LEAVES_MAX, min_samples_leaf=LEAF_ROWS_MIN, random_state=0
    ).fit(codes, loss)
    leaf = leaf_of(cells, splits)
    means = np.bincount(leaf, loss) / np.bincount(leaf)
    assert means[leaf] == pytest.approx(theirs.predict(codes))


def test_missing_values_go_where_their_losses_are() -> None:
    codes = np.array([[0], [1], [2]] * 100, np.uint16)
    loss = np.array([1.0, 5.0, 1.0] * 100)

    splits = grow(Cells(codes, np.array([3], np.intp), np.array([True])), loss, 2, 10)

    assert splits == [Split(0, 0, (0,), missing_left=True)]


def test_categories_are_parted_by_their_mean_loss() -> None:
    codes = np.array([[0], [1], [2], [3]] * 100, np.uint16)
    loss = np.array([1.0, 9.0, 1.5, 8.0] * 100)

    splits = grow(Cells(codes, np.array([6], np.intp), np.array([False])), loss, 2, 10)

    # The cell that no row fell into is expected to lose what all rows lose on average.
    assert splits == [Split(0, 0, (0, 2), missing_left=False)]
