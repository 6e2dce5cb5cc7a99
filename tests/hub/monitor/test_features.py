"""What the features section is compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from whitebox_hub.monitor import ModelContext
from whitebox_hub.monitor.features import measure_features
from whitebox_wire.layout import ClassPredictionBlock, Layout, Section
from whitebox_wire.spec import ModelKind
from whitebox_wire.vector import IntVector

Context = Callable[..., ModelContext]
Vectors = Callable[..., Mapping[Section, IntVector]]


def predicted(context: ModelContext, vector: IntVector, counts: list[int]) -> IntVector:
    """The vector with other predictions."""
    block = context.layout.prediction
    assert isinstance(block, ClassPredictionBlock)
    changed: IntVector = vector.copy()
    changed[block.predicted] = counts
    return changed


def test_the_prediction_is_compared_with_the_test_set_and_features_with_the_training_set(
    context: Context, vectors: Vectors
) -> None:
    bare = context()
    tested = vectors(bare, 20_000, seed=4, shift=3.0)[Section.FEATURES]
    model = context(test={Section.FEATURES: predicted(bare, tested, [18_000, 2_000])})
    live = predicted(model, vectors(model)[Section.FEATURES], [900, 100])

    said = measure_features(model, live)

    assert said["prediction_drift", None].value == pytest.approx(0.0, abs=1e-6)
    assert said["data_drift", "age"].value == pytest.approx(0.0, abs=0.05)


def test_a_test_set_without_predictions_leaves_the_training_sets(
    context: Context, vectors: Vectors
) -> None:
    bare = context()
    tested = vectors(bare, 20_000, seed=4)[Section.FEATURES]
    model = context(test={Section.FEATURES: predicted(bare, tested, [0, 0])})

    said = measure_features(model, vectors(model)[Section.FEATURES])

    assert said["prediction_drift", None].value == pytest.approx(0.0, abs=0.02)


DISTANCES = {"jensen_shannon", "hellinger", "total_variation", "l_infinity", "chi_square"}
NUMBERS = {"ks", "wasserstein"}


@pytest.mark.parametrize("kind", ModelKind)
def test_every_counted_feature_and_the_prediction_are_measured(
    kind: ModelKind, context: Context, vectors: Vectors
) -> None:
    model = context(kind)

    said = measure_features(model, vectors(model)[Section.FEATURES])

    of_all = DISTANCES | {"data_drift", "missing_rate", "invalid_rate"}
    numeric_prediction = NUMBERS if kind is ModelKind.REGRESSION else set()
    assert {m for m, feature in said if feature == "age"} == of_all | NUMBERS | {
        "out_of_range_rate"
    }
    assert {m for m, feature in said if feature == "job"} == of_all | {"unseen_rate"}
    assert {m for m, feature in said if feature == "prediction"} == DISTANCES | numeric_prediction
    assert {"prediction_drift", "volume"} <= {m for m, feature in said if feature is None}


def test_only_the_families_asked_for_are_measured(context: Context, vectors: Vectors) -> None:
    model = context()
    live = vectors(model)[Section.FEATURES]

    assert set(measure_features(model, live, {"ks"})) == {("ks", "age"), ("wasserstein", "age")}
    assert ("missing_rate", "age") not in measure_features(model, live, {"data_drift"})


def test_a_model_that_withholds_every_feature_still_has_its_prediction(context: Context) -> None:
    whole = context()
    features = tuple(replace(f, withheld=True) for f in whole.spec.features)
    spec = replace(whole.spec, features=features, segments=()).check()
    layout = Layout.of(spec)
    vector = np.zeros(layout.sizes[Section.FEATURES].cells, np.int64)
    block = layout.prediction
    assert isinstance(block, ClassPredictionBlock)
    vector[block.predicted] = [50, 50]

    said = measure_features(ModelContext(spec, layout, {Section.FEATURES: vector}), vector)

    assert {m for m, feature in said if feature is not None} == DISTANCES
    assert said["prediction_drift", None].value == 0.0


def test_the_missing_rate_is_the_share_of_rows_without_a_value(
    context: Context, vectors: Vectors
) -> None:
    model = context()
    live = vectors(model, 500, missing=0.3)[Section.FEATURES]

    said = measure_features(model, live)["missing_rate", "age"]

    assert said.rows == 500
    assert said.value == pytest.approx(0.3, abs=0.07)
    assert said.reference == pytest.approx(0.02, abs=0.005)
