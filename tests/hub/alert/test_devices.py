"""Devices that drive an alert: of which metrics they are told, and when nothing is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.hub.alert.conftest import line
from tests.hub.conftest import Bench
from whitebox_hub.alert import DeviceShare
from whitebox_hub.alert.describe import describe
from whitebox_hub.alert.devices import DeviceRows, device_shares, drifting_column
from whitebox_hub.alert.follow import follow
from whitebox_hub.monitor import ModelContext, Monitor
from whitebox_hub.store.contexts import context_of
from whitebox_wire.vector import IntVector


@pytest.fixture
def context(bench: Bench) -> ModelContext:
    return context_of(bench.bundle, 86_400)


@pytest.mark.parametrize(
    ("metric", "feature", "column"),
    [
        ("data_drift", "age", 0),
        ("data_drift", "job", 1),
        ("wasserstein", "age", 0),
        ("prediction_drift", None, 2),
        ("concept_drift", None, 2),
        ("concept_drift", "prediction", 2),
        ("data_drift", "size", None),
        ("missing_rate", "age", None),
        ("accuracy", None, None),
        ("beauty", None, None),
    ],
)
def test_devices_are_told_of_drift_alone(
    context: ModelContext, metric: str, feature: str | None, column: int | None
) -> None:
    assert drifting_column(context, metric, feature) == column


def device(context: ModelContext, name: str, features: IntVector) -> DeviceRows:
    assert context.baseline is not None
    return DeviceRows(name, int(features[0]), context.baseline.plan.count(features))


def test_shares_are_of_the_column_that_drifts(bench: Bench, context: ModelContext) -> None:
    older = bench.features(bench.rows(2_000, age_shift=1.0))
    rows = bench.rows(2_000, seed=2)
    nurses = bench.features(replace(rows, job=np.full(2_000, 2)))
    quiet = bench.features(bench.rows(2_000, seed=3))
    devices = [
        device(context, name, vector)
        for name, vector in (("quiet", quiet), ("older", older), ("nurses", nurses))
    ]
    live = older + nurses + quiet

    of_age = device_shares(context, live, 0, devices)
    of_job = device_shares(context, live, 1, devices)

    assert ([d.id for d in of_age], [d.id for d in of_job]) == (["older"], ["nurses"])
    assert of_age[0].rows == 2_000
    assert of_age[0].share > 0.9


def test_few_are_named_and_those_with_the_largest_shares(
    bench: Bench, context: ModelContext
) -> None:
    vectors = [
        bench.features(bench.rows(500, seed=seed, age_shift=2.0 if seed < 8 else 0.0))
        for seed in range(20)
    ]
    devices = [device(context, f"d{i}", vector) for i, vector in enumerate(vectors)]

    shares = device_shares(context, sum(vectors[1:], vectors[0]), 0, devices)

    assert len(shares) == 5
    assert [s.share for s in shares] == sorted((s.share for s in shares), reverse=True)


def test_without_a_reference_or_devices_nothing_is_said(
    bench: Bench, context: ModelContext
) -> None:
    features = bench.features(bench.rows(100))
    bare = context_of(replace(bench.bundle, references=()), 86_400)

    assert device_shares(context, features, 0, []) == ()
    assert device_shares(bare, features, 0, [device(context, "a", features)]) == ()


def test_a_description_names_the_device_that_drives_most(monitor: Monitor) -> None:
    [alert] = follow(monitor, [], None, line("v"), 1).alerts
    devices = (DeviceShare("edge-7", 900, 0.834), DeviceShare("edge-8", 9, 0.1))

    said = describe(replace(alert, drivers=("age: missing rose",), devices=devices))

    assert said == (
        "Data drift of 'age': window 0; 100 rows. "
        "age: missing rose; device edge-7 accounts for 83 % of it"
    )
