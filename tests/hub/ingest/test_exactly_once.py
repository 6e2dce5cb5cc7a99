"""Any split of rows over reports and streams, sent twice and in any order, is one sum."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hub.conftest import Bench, Rows, model_record
from whitebox_hub.ingest.group import Report, plan, window_of
from whitebox_hub.store import DeviceWindow, Store
from whitebox_hub.store.devices import CountsCodec
from whitebox_hub.store.sqlite import MEMORY, open_sqlite
from whitebox_wire.layout import Section
from whitebox_wire.messages import ExportRequest
from whitebox_wire.vector import IntVector

AGENTS = ("edge-1", "edge-2", "edge-3")
REPORTS_EACH = 3


def _part(rows: Rows, chosen: npt.NDArray[np.bool_]) -> Rows:
    return Rows(rows.age[chosen], rows.job[chosen], rows.score[chosen], rows.target[chosen])


def _reports(bench: Bench, rows: Rows, owner: IntVector) -> list[ExportRequest]:
    """Every row lies in exactly one report of one agent."""
    requests = []
    for i, agent in enumerate(AGENTS):
        for sequence in range(1, REPORTS_EACH + 1):
            part = _part(rows, owner == i * REPORTS_EACH + sequence - 1)
            deltas = [
                bench.delta(bench.features(part)),
                bench.delta(bench.labels(part), section=Section.LABELS),
            ]
            requests.append(bench.report(deltas, sequence=sequence, agent=agent))
    return requests


def _deliver(store: Store, bench: Bench, groups: Sequence[Sequence[ExportRequest]]) -> None:
    """Commit groups as the accepter does; a report that was not its stream's turn comes again."""
    known = {bench.bundle.digest: bench.known}
    left = [list(group) for group in groups]
    while left:
        reports = [Report(request, 1) for request in left.pop(0)]
        windows = {window_of(d) for report in reports for d in report.request.deltas}
        done = plan(
            reports,
            store.sketches.positions({report.stream for report in reports}),
            known,
            store.sketches.peaks(windows),
            store.fleet.known({key for report in reports for key in report.device_keys}),
            0,
        )
        if done.group.receipts:
            store.sketches.commit(done.group)
        again = [
            report.request
            for report, position in zip(reports, done.positions, strict=True)
            if position.sequence < report.request.sequence
        ]
        if again:
            left.append(again)


@pytest.fixture(scope="module")
def rows() -> Rows:
    return Rows.draw(np.random.default_rng(5), 300)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), seed=st.integers(0, 1_000))
def test_split_duplicated_and_reordered_reports_give_bit_identical_vectors(
    bench: Bench, rows: Rows, data: st.DataObject, seed: int
) -> None:
    owner = np.random.default_rng(seed).integers(0, len(AGENTS) * REPORTS_EACH, rows.age.size)
    requests = _reports(bench, rows, owner)
    sent = data.draw(st.permutations(requests * 2))
    cut = data.draw(st.integers(0, len(sent)))

    with open_sqlite(MEMORY) as store:
        store.records.put_bundle(model_record(bench.bundle), bench.bundle, [])
        _deliver(store, bench, [sent[:cut], sent[cut:]])
        [window] = store.sketches.windows("income", 0, 9)
        sums = store.sketches.vectors(window)
        totals = store.sketches.totals("income")
        devices = store.fleet.of_window(window, 99)

    assert np.array_equal(sums[Section.LABELS], bench.labels(rows))
    assert np.array_equal(sums[Section.FEATURES], bench.features(rows))
    assert (totals.rows, totals.labelled_rows, totals.windows) == (300, 300, 1)
    _check_devices(bench, devices, rows, owner)


def _check_devices(
    bench: Bench, devices: Sequence[DeviceWindow], rows: Rows, owner: IntVector
) -> None:
    """Each device is known by the rows that were its own."""
    baseline = bench.known.baseline
    assert baseline is not None
    agents = owner // REPORTS_EACH
    found = {device.key.agent_id: device for device in devices}
    for place, agent in enumerate(AGENTS):
        own = _part(rows, agents == place)
        device = found[agent]
        counts = CountsCodec(baseline.plan).read(device.counts)
        assert counts is not None
        assert counts.tolist() == baseline.plan.count(bench.features(own)).tolist()
        assert device.rows == own.age.size
