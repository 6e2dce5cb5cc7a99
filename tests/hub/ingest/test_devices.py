"""Devices as their reports are merged: which are compared, and by which rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tests.hub.conftest import Bench, Rows
from whitebox_hub.ingest.devices import WINDOWS_COMPARED_MAX, Devices
from whitebox_hub.ingest.group import KnownSpec, Plan, Report, plan
from whitebox_hub.monitor.baseline import Baseline
from whitebox_hub.statistics.psi import psi
from whitebox_hub.store import DeviceWindow
from whitebox_hub.store.devices import CountsCodec
from whitebox_wire.codec import Reference, SpecBundle, encode_spec
from whitebox_wire.layout import Layout, Section
from whitebox_wire.messages import Dataset, ExportRequest
from whitebox_wire.spec import NoiseBudget, PrivacyPolicy
from whitebox_wire.vector import FloatArray


def _plan(
    bench: Bench,
    requests: Sequence[ExportRequest],
    known: KnownSpec | None = None,
    devices: Devices | None = None,
) -> Plan:
    reports = [Report(request, 100) for request in requests]
    specs = {bench.bundle.digest: known or bench.known}
    return plan(reports, {}, specs, {}, devices or {}, 0)


@pytest.fixture
def baseline(bench: Bench) -> Baseline:
    found = bench.known.baseline
    assert found is not None
    return found


def _counts(baseline: Baseline, device: DeviceWindow) -> FloatArray:
    found = CountsCodec(baseline.plan).read(device.counts)
    assert found is not None
    return found


def test_a_devices_distance_is_that_of_all_its_rows_in_the_window(
    bench: Bench, baseline: Baseline
) -> None:
    first, second = bench.rows(300, seed=1, age_shift=1.0), bench.rows(200, seed=2, age_shift=1.0)
    before = _plan(bench, [bench.report([bench.delta(bench.features(first))])]).group.devices
    known = {device.key: device for device in before}

    request = bench.report([bench.delta(bench.features(second))])
    [device] = _plan(bench, [request], devices=known).group.devices

    counts = baseline.plan.count(bench.features(first) + bench.features(second))
    assert _counts(baseline, device).tolist() == counts.tolist()
    assert (device.key.agent_id, device.rows, device.feature) == ("edge-1", 500, "age")
    distances = psi(baseline.groups, counts, baseline.plan.offsets)
    assert device.distance == pytest.approx(distances[0])
    assert device.score > 100


def test_devices_of_one_group_are_kept_apart(bench: Bench) -> None:
    requests = [
        bench.report([bench.delta(bench.features(bench.rows(200, age_shift=shift)))], agent=agent)
        for agent, shift in (("near", 0.0), ("far", 1.0))
    ]

    near, far = _plan(bench, requests).group.devices

    assert (near.key.agent_id, far.key.agent_id) == ("near", "far")
    assert near.key.window == far.key.window
    assert far.score > 10 * near.score


def test_only_the_newest_windows_of_a_report_are_compared(bench: Bench) -> None:
    features = bench.features(bench.rows(20))
    deltas = [bench.delta(features, window=i) for i in range(WINDOWS_COMPARED_MAX + 3)]

    done = _plan(bench, [bench.report(deltas)])

    starts = [device.key.window.start_s for device in done.group.devices]
    assert starts == [bench.start_s(i) for i in range(3, WINDOWS_COMPARED_MAX + 3)]
    assert len(done.group.partials) == len(deltas)


def test_a_refused_delta_says_nothing_of_its_device(bench: Bench, baseline: Baseline) -> None:
    good = bench.delta(bench.features(bench.rows(50)))
    bad = replace(good, rows=49)

    [device] = _plan(bench, [bench.report([bad, good])]).group.devices

    assert device.rows == 50
    assert _counts(baseline, device).sum() <= 3 * 50


def test_labels_segments_and_models_without_a_reference_are_not_compared(bench: Bench) -> None:
    rows = bench.rows(50)
    labels = bench.report([bench.delta(bench.labels(rows), section=Section.LABELS)])
    features = bench.report([bench.delta(bench.features(rows))])
    bare = replace(bench.known, baseline=None)

    assert _plan(bench, [labels]).group.devices == ()
    assert _plan(bench, [features], known=bare).group.devices == ()


def test_counts_of_groups_that_a_new_reference_cut_otherwise_are_begun_anew(
    bench: Bench,
) -> None:
    request = bench.report([bench.delta(bench.features(bench.rows(50)))])
    before = _plan(bench, [request]).group.devices
    known = {device.key: device for device in before}
    younger = bench.features(Rows.draw(np.random.default_rng(3), 9_000, age_shift=-2.0))
    other = Baseline.of(bench.spec, bench.layout, {Section.FEATURES: younger}, None)

    changed = replace(bench.known, baseline=other)
    [device] = _plan(bench, [request], changed, devices=known).group.devices

    assert device.rows == 50


def test_a_feature_with_a_noise_budget_is_not_compared_by_device(bench: Bench) -> None:
    privacy = PrivacyPolicy(budgets=(NoiseBudget(("age",), 1.0, 1e-6),))
    spec = replace(bench.spec, privacy=privacy).check()
    layout = Layout.of(spec)
    noisy = Bench(SpecBundle(spec, encode_spec(spec), ()), layout)
    training = noisy.features(Rows.draw(np.random.default_rng(1), 9_000))
    reference = Reference(Dataset.TRAINING, 9_000, {Section.FEATURES: training})
    noisy = Bench(replace(noisy.bundle, references=(reference,)), layout)
    rows = noisy.rows(500, age_shift=3.0)

    [device] = _plan(noisy, [noisy.report([noisy.delta(noisy.features(rows))])]).group.devices

    assert device.feature != "age"
    assert device.distance < 0.1
