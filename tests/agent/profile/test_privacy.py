"""Privacy in a profile: minimum rows by default, noise budgets, and few cells where noise is on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from whitebox_agent import profile
from whitebox_agent.cli import main
from whitebox_agent.privacy import sigma_of
from whitebox_wire.codec import decode_bundle
from whitebox_wire.errors import ConfigError, SpecError
from whitebox_wire.layout import Layout, Section
from whitebox_wire.messages import Dataset
from whitebox_wire.policies import NOISED_CELLS_MAX, NoiseBudget
from whitebox_wire.spec import CategoricalBins, ModelSpec, NumericBins

RNG = np.random.default_rng(0)
ROWS = 4_000
COLUMNS = {
    "income": RNG.lognormal(10.0, 1.0, ROWS),
    "age": RNG.integers(18, 90, ROWS).astype(float),
    "zip": np.array([f"z{i}" for i in RNG.zipf(1.6, ROWS) % 300]),
    "prediction": RNG.choice(["no", "yes"], ROWS),
    "y": RNG.choice(["no", "yes"], ROWS),
}
NOISE: dict[str | tuple[str, ...], tuple[float, float]] = {
    ("income", "zip"): (1.0, 1e-6),
    "age": (2.0, 1e-6),
}


def profiled(**options: Any) -> ModelSpec:
    return profile(COLUMNS, model_id="m", kind="binary", target="y", **options).bundle.spec


def test_a_spec_keeps_sums_of_fewer_than_fifty_rows_unless_told() -> None:
    assert profiled().privacy.minimum_rows == 50
    assert profiled(minimum_rows=0).privacy.minimum_rows == 0


def test_a_budget_goes_into_the_spec() -> None:
    assert profiled(noise=NOISE).privacy.budgets == (
        NoiseBudget(("income", "zip"), 1.0, 1e-6),
        NoiseBudget(("age",), 2.0, 1e-6),
    )


def test_a_noised_feature_has_few_cells_of_about_equal_mass() -> None:
    made = profile(COLUMNS, model_id="m", kind="binary", target="y", noise=NOISE)
    spec, [reference] = made.bundle.spec, made.bundle.references
    vector = reference.vectors[Section.FEATURES]

    for feature, block in zip(spec.counted, Layout.of(spec).features, strict=True):
        assert feature.bins.cells <= NOISED_CELLS_MAX
        if isinstance(feature.bins, NumericBins):
            assert vector[block.bins].min() > ROWS / NOISED_CELLS_MAX / 2
            assert vector[block.bins].max() < ROWS / NOISED_CELLS_MAX * 2


def test_edges_of_a_noised_feature_are_among_those_it_had_without() -> None:
    plain = {f.name: f.bins for f in profiled().features}

    for feature in profiled(noise=NOISE).features:
        bins, finer = feature.bins, plain[feature.name]
        if isinstance(bins, NumericBins):
            assert isinstance(finer, NumericBins)
            assert set(bins.edges) < set(finer.edges)


def test_categories_beyond_the_most_frequent_are_others() -> None:
    [bins] = [f.bins for f in profiled(noise=NOISE).features if f.name == "zip"]

    assert isinstance(bins, CategoricalBins)
    assert bins.vocabulary[0] == "z1"
    assert len(bins.vocabulary) == NOISED_CELLS_MAX - 2
    assert not bins.complete


def test_a_loss_tree_does_not_look_at_noised_features() -> None:
    x = RNG.normal(size=ROWS)
    columns = {
        "x": x,
        "u": RNG.normal(size=ROWS),
        "prediction": x * 0,
        "y": np.where(x > 0, 9.0, 0.1),
    }

    plain = profile(columns, model_id="m", kind="regression", target="y").bundle.spec
    made = profile(columns, model_id="m", kind="regression", target="y", noise={"x": (1, 1e-6)})

    assert plain.loss_tree is not None
    assert {split.feature for split in plain.loss_tree.splits} == {0}
    tree = made.bundle.spec.loss_tree
    assert tree is None or 0 not in {split.feature for split in tree.splits}


def test_the_reference_of_a_noised_feature_is_exact() -> None:
    made = profile(COLUMNS, model_id="m", kind="binary", target="y", noise=NOISE)
    [reference] = made.bundle.references
    block = Layout.of(made.bundle.spec).features[0]

    assert reference.dataset is Dataset.TRAINING
    assert block.noise_variance is not None
    assert reference.vectors[Section.FEATURES][block.noise_variance] == 0
    assert reference.vectors[Section.FEATURES][block.bins].sum() == ROWS


def test_the_text_says_what_is_promised() -> None:
    made = profile(COLUMNS, model_id="m", kind="binary", target="y", noise=NOISE)
    spec = made.bundle.spec
    sigma = sigma_of(spec.privacy.budgets[0], spec)

    assert "sums of fewer than 50 rows stay on the device" in made.text()
    assert f"income, zip: epsilon 1, delta 1e-06 for a row, noise of {sigma:.1f}" in made.text()


@pytest.mark.parametrize(
    ("noise", "kind", "said"),
    [
        ({"height": (1.0, 1e-6)}, ConfigError, "noise: .* no column 'height'"),
        ({"age": 1.0}, ConfigError, "noise: .*such as noise="),
        ({"age": ("much", 1e-6)}, ConfigError, "noise: could not convert"),
        ({"age": (0.0, 1e-6)}, SpecError, "epsilon > 0"),
        ({"age": (1.0, 1.0)}, SpecError, r"delta in \(0, 1\)"),
        ({"age": (1e-5, 1e-9)}, SpecError, "more than 4096 rows a cell"),
        ({"age": (1.0, 1e-6), ("age", "zip"): (1.0, 1e-6)}, SpecError, "two noise budgets"),
    ],
)
def test_an_impossible_budget_is_refused_by_name(noise: Any, kind: type, said: str) -> None:
    with pytest.raises(kind, match=said):
        profiled(noise=noise)


def test_the_command_line_says_it_too(tmp_path: Path) -> None:
    table, spec_path = tmp_path / "train.csv", tmp_path / "m.spec"
    rows = zip(*(column.tolist() for column in COLUMNS.values()), strict=True)
    lines = [",".join(COLUMNS), *(",".join(map(str, row)) for row in rows)]
    table.write_text("\n".join(lines), encoding="utf-8")
    arguments = ["profile", str(table), "--model-id", "m", "--kind", "binary", "--target", "y"]

    status = main(
        [
            *arguments,
            "--noise",
            "income,zip",
            "1",
            "1e-6",
            "--minimum-rows",
            "80",
            "-o",
            str(spec_path),
        ]
    )

    assert status == 0
    policy = decode_bundle(spec_path.read_bytes()).spec.privacy
    assert policy.minimum_rows == 80
    assert policy.budgets == (NoiseBudget(("income", "zip"), 1.0, 1e-6),)
