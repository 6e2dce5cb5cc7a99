"""References count every row, agree with plain counting, and a spec gives no extreme away."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from whitebox_agent.fold import ModelFold
from whitebox_agent.profile import ModelProfile, profile
from whitebox_agent.table import Encoder, read_table
from whitebox_wire.codec import encode_bundle
from whitebox_wire.layout import CategoricalBlock, ClassLabelBlock, Layout, NumericBlock, Section
from whitebox_wire.messages import Dataset
from whitebox_wire.spec import NumericBins
from whitebox_wire.vector import moments


@pytest.fixture
def made(frame: pd.DataFrame, test_frame: pd.DataFrame) -> ModelProfile:
    return profile(
        frame, test=test_frame, model_id="loan", kind="binary", target="y", scores="score"
    )


def test_a_reference_is_what_an_agent_would_fold(made: ModelProfile, frame: pd.DataFrame) -> None:
    spec = made.bundle.spec
    encoder, fold = Encoder(spec, b""), ModelFold(spec)
    batch = encoder.batch(read_table(frame), received_ms=0)
    labels = encoder.labels([str(i) for i in range(len(frame))], frame["y"], received_ms=0)

    [training, test] = made.bundle.references

    assert (training.dataset, test.dataset) == (Dataset.TRAINING, Dataset.TEST)
    assert (training.rows, test.rows) == (3_000, 1_000)
    assert training.vectors[Section.FEATURES].tolist() == fold.features(batch).tolist()
    expected = fold.labels(fold.predictions(batch), labels.labels)
    assert training.vectors[Section.LABELS].tolist() == expected.tolist()


def test_a_reference_counts_as_plain_counting_does(made: ModelProfile, frame: pd.DataFrame) -> None:
    spec, layout = made.bundle.spec, Layout.of(made.bundle.spec)
    vectors = made.bundle.references[0].vectors
    features, labels = vectors[Section.FEATURES], vectors[Section.LABELS]
    income, _, job, member = layout.features
    bins = spec.features[0].bins
    assert isinstance(income, NumericBlock)
    assert isinstance(bins, NumericBins)
    assert isinstance(job, CategoricalBlock)
    assert isinstance(member, CategoricalBlock)
    assert isinstance(layout.labels, ClassLabelBlock)

    there = frame["income"].dropna()
    read = moments(features, income, bins)
    edges = (-np.inf, *bins.edges, np.inf)
    assert features[income.bins].tolist() == np.histogram(there, edges)[0].tolist()
    assert read.missing == frame["income"].isna().sum()
    assert read.mean == pytest.approx(there.mean(), rel=1e-6)
    assert features[job.bins][:3].sum() == frame["job"].notna().sum()
    assert features[member.bins][:2].tolist() == [(~frame.member).sum(), frame.member.sum()]
    crossed = pd.crosstab(frame["y"], frame["prediction"])
    assert labels[layout.labels.confusion].tolist() == crossed.to_numpy().ravel().tolist()


def test_without_predictions_there_is_no_labels_section(frame: pd.DataFrame) -> None:
    bare = frame.drop(columns=["prediction", "score"])

    [reference] = profile(bare, model_id="m", kind="binary", target="y").bundle.references

    assert set(reference.vectors) == {Section.FEATURES}


@pytest.mark.parametrize("seed", range(5))
def test_no_extreme_of_a_column_of_many_values_is_in_the_spec(seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns = {
        "normal": rng.normal(0, 1, 5_000),
        "far": rng.standard_cauchy(5_000),
        "round": rng.normal(0, 100, 5_000).round(1),
        "y": rng.normal(5, 1, 5_000),
    }

    spec = profile(columns, model_id="m", kind="regression", target="y").bundle.spec

    values = [f.bins for f in spec.features] + [spec.target.value, spec.prediction.value]
    for name, bins in zip((*("normal", "far", "round"), "y", "y"), values, strict=True):
        assert isinstance(bins, NumericBins)
        extremes = {columns[name].min(), columns[name].max()}
        assert not extremes & {*bins.edges, bins.centre, bins.scale}
    assert np.abs(columns["y"] - np.median(columns["y"])).max() > spec.target.error_edges[-1]


def test_texts_that_are_not_counted_are_nowhere_in_the_bundle() -> None:
    rows = 2_000
    data = {
        "note": [f"secret note {i}" for i in range(rows)],
        "pin": [f"hidden{i % 3}" for i in range(rows)],
        "long": ["secret " * 50 if i % 5 == 0 else "short" for i in range(rows)],
        "y": np.arange(rows) % 2,
    }

    made = profile(data, model_id="m", kind="binary", target="y", withhold=["pin"])

    content = made.bundle.spec_bytes + encode_bundle(made.bundle) + made.text().encode()
    assert b"secret" not in content
    assert b"hidden" not in content
    assert b"short" in content


def test_a_profile_reads_as_a_table_of_its_columns(made: ModelProfile) -> None:
    text = made.text()

    for part in ("loan: binary, 4 features", "classes no, yes", "training 3,000 rows", "income"):
        assert part in text
    assert "Left out" not in text
    roles = {column.name: column.role for column in made.columns}
    assert [roles[name] for name in ("job", "prediction", "score", "y")] == [
        *("feature", "prediction", "score", "target")
    ]


def test_a_profile_reads_what_was_left_out_and_why() -> None:
    data = {"when": ["2026-01-01"] * 30, "x": [1, 2, 3] * 10, "y": list(range(30))}

    text = profile(data, model_id="m", kind="multi_class", target="y").text()

    assert "classes 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ...\n" in text
    assert "training 30 rows; without predictions" in text
    assert text.endswith(
        "Left out:\n  when: its texts are dates; derive a number from them, such as "
        "the hour or an age"
    )
