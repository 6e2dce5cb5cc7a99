"""Fleets in the tick: alerts name the devices that drive them, and verdicts tell who is unlike."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.hub.loop.conftest import Tick
from whitebox_hub.alert import Alert
from whitebox_hub.store import DeviceVerdict

DEVICES = 50


def send(tick: Tick, shifts: Mapping[int, float], *, rows: int = 100, window: int = 0) -> None:
    """One report of each device of the fleet; `shifts` moves the age of some."""
    for device in range(DEVICES):
        drawn = tick.bench.rows(rows, seed=device, age_shift=shifts.get(device, 0.0))
        delta = tick.bench.delta(tick.bench.features(drawn), window=window)
        tick.ingest(delta, agent=f"edge-{device}")


def age_alert(tick: Tick) -> Alert:
    [alert] = [a for a in tick.store.judgements.alerts(limit=9) if a.feature == "age"]
    return alert


def verdicts(tick: Tick) -> dict[str, DeviceVerdict]:
    found = tick.store.fleet.verdicts([f"edge-{device}" for device in range(DEVICES)])
    return {verdict.key.agent_id: verdict for verdict in found}


@pytest.fixture
def watched(tick: Tick) -> Tick:
    tick.watch("data_drift")
    return tick


def test_an_alert_names_the_one_device_of_fifty_that_drives_it(watched: Tick) -> None:
    send(watched, {})
    loud = watched.bench.rows(3_000, seed=99, age_shift=2.0)
    delta = watched.bench.delta(watched.bench.features(loud))
    watched.ingest(delta, agent="loud")

    watched.step()

    [device] = age_alert(watched).devices
    assert (device.id, device.rows) == ("loud", 3_000)
    assert device.share > 0.9


def test_an_alert_of_a_fleet_that_drifts_as_one_names_no_device(watched: Tick) -> None:
    send(watched, dict.fromkeys(range(DEVICES), 1.0))

    watched.step()

    assert age_alert(watched).devices == ()
    assert not any(verdict.unlike for verdict in verdicts(watched).values())


def test_devices_that_drive_less_come_later_and_few_are_named(watched: Tick) -> None:
    shifts = dict.fromkeys(range(10), 2.0)
    send(watched, {**shifts, 0: 4.0}, rows=200)

    watched.step()

    devices = age_alert(watched).devices
    assert devices[0].id == "edge-0"
    assert 1 <= len(devices) <= 5
    assert {device.id for device in devices} <= {f"edge-{i}" for i in shifts}
    assert [d.share for d in devices] == sorted((d.share for d in devices), reverse=True)


def test_a_device_unlike_its_fleet_is_told_though_the_fleet_is_quiet(watched: Tick) -> None:
    send(watched, {7: 2.0})

    watched.step()

    found = verdicts(watched)
    assert watched.store.judgements.alerts(limit=9) == ()
    assert [name for name, verdict in found.items() if verdict.unlike] == ["edge-7"]
    odd = found["edge-7"]
    assert (odd.feature, odd.rows) == ("age", 100)
    assert odd.p_value < 1 / 720
    assert odd.distance > 0.25
    assert len(found) == DEVICES


def test_a_device_that_stays_as_it_was_when_its_fleet_moves_is_unlike(watched: Tick) -> None:
    send(watched, {device: 2.0 for device in range(DEVICES) if device != 3})

    watched.step()

    assert [name for name, verdict in verdicts(watched).items() if verdict.unlike] == ["edge-3"]


def test_a_device_is_judged_again_in_every_window_and_can_be_acquitted(watched: Tick) -> None:
    send(watched, {7: 2.0})
    watched.step()
    send(watched, {}, window=1)

    watched.step()

    assert not verdicts(watched)["edge-7"].unlike
    assert verdicts(watched)["edge-7"].key.window == watched.window(1)


def test_devices_of_a_few_rows_are_not_judged(watched: Tick) -> None:
    send(watched, {7: 4.0}, rows=4)

    watched.step()

    assert verdicts(watched) == {}


def test_a_late_report_changes_what_an_alert_says_of_devices(watched: Tick) -> None:
    send(watched, {0: 4.0, 1: 4.0}, rows=40)
    watched.ingest(
        watched.bench.delta(watched.bench.features(watched.bench.rows(2_000, age_shift=2.0))),
        agent="loud",
    )
    watched.step()
    before = age_alert(watched).devices
    late = watched.bench.rows(8_000, seed=5, age_shift=3.0)
    watched.ingest(watched.bench.delta(watched.bench.features(late)), agent="late")

    watched.step()

    assert before[0].id == "loud"
    assert age_alert(watched).devices[0].id == "late"


@pytest.mark.parametrize("damage", ["x''", "x'00'", "zeroblob(21)"])
def test_damaged_counts_of_devices_say_nothing_and_hold_up_nothing(
    watched: Tick, damage: str
) -> None:
    send(watched, dict.fromkeys(range(DEVICES), 1.0))
    with watched.store.sketches._database.writing() as conn:  # type: ignore[attr-defined]  # SQLite's
        conn.execute(f"UPDATE device_windows SET counts = {damage}")

    counts = watched.step()

    assert (counts.windows, counts.failed) == (1, 0)
    assert age_alert(watched).devices == ()
    assert verdicts(watched) == {}


def test_a_damaged_window_is_told_as_such_and_its_devices_are_not_judged(watched: Tick) -> None:
    send(watched, {7: 2.0})
    watched.damage(0)

    counts = watched.step()

    assert (counts.windows, counts.failed) == (1, 1)
    assert verdicts(watched) == {}
