"""What every store promises of single devices: a little, and never more than that."""

from __future__ import annotations

from dataclasses import replace

from tests.contract.store.conftest import group, partial, vector, window
from whitebox_hub.store import (
    FARTHEST_KEPT,
    DeviceKey,
    DeviceVerdict,
    DeviceWindow,
    DueWindow,
    Judgement,
    Store,
)

HOUR_S = 3_600
DAY_S = 86_400


def device(
    agent_id: str = "edge", start_s: int = 0, *, rows: int = 9, score: float = 1.0
) -> DeviceWindow:
    key = DeviceKey(window(start_s), agent_id)
    return DeviceWindow(key, rows, "x", 0.25, score, b"counts of " + agent_id.encode())


class Writer:
    """Commits devices, each time one group further on."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sequence = 0

    def commit(self, *devices: DeviceWindow) -> None:
        self._sequence += 1
        starts = {found.key.window.start_s for found in devices}
        made = group(*(partial(vector(1), start_s) for start_s in starts), sequence=self._sequence)
        self._store.sketches.commit(replace(made, devices=devices))

    def judge(self) -> None:
        due = self._store.judgements.due(1 << 40, 1_000)
        self._store.judgements.record(Judgement(due))


def verdict(agent_id: str = "edge", start_s: int = 0, *, unlike: bool = True) -> DeviceVerdict:
    return DeviceVerdict(DeviceKey(window(start_s), agent_id), 9, "c", 0.5, 1e-9, unlike)


def test_what_a_device_gave_a_window_reads_back_and_is_replaced(store: Store) -> None:
    writer, first = Writer(store), device()
    writer.commit(first)
    assert store.fleet.known([first.key, device("other").key]) == {first.key: first}

    more = replace(first, rows=20, score=2.0, feature="c", counts=b"more")
    writer.commit(more)

    assert store.fleet.known([first.key]) == {first.key: more}
    assert store.fleet.of_window(window(), 9) == (more,)


def test_devices_of_a_window_come_farthest_first(store: Store) -> None:
    devices = [device(f"edge-{i}", score=float(score)) for i, score in enumerate((3, 9, 0, 9))]
    Writer(store).commit(*devices)

    found = store.fleet.of_window(window(), 3)

    assert found == (devices[1], devices[3], devices[0])
    assert store.fleet.of_window(window(HOUR_S), 3) == ()


def test_the_latest_window_of_a_device_is_its_newest(store: Store) -> None:
    newer, older, other = device(start_s=2 * HOUR_S), device(start_s=HOUR_S), device("other")
    writer = Writer(store)
    for each in (newer, older, other):
        writer.commit(each)

    assert store.fleet.latest(["edge", "nobody"]) == (newer,)
    assert store.fleet.latest(["other", "edge"]) == (newer, other)
    assert store.fleet.latest([]) == ()


def test_a_device_that_moves_on_leaves_nothing_but_where_it_was_among_the_farthest(
    store: Store,
) -> None:
    writer = Writer(store)
    devices = [device(f"edge-{i}", score=float(i)) for i in range(FARTHEST_KEPT + 4)]
    writer.commit(*devices)
    writer.judge()

    writer.commit(*(device(each.key.agent_id, HOUR_S) for each in devices))

    assert store.fleet.of_window(window(), 99) == tuple(reversed(devices[4:]))
    assert len(store.fleet.of_window(window(HOUR_S), 99)) == len(devices)


def test_nothing_of_a_window_goes_before_it_was_judged(store: Store) -> None:
    writer = Writer(store)
    devices = [device(f"edge-{i}") for i in range(FARTHEST_KEPT)]
    quiet = device("quiet", score=0.0)
    writer.commit(*devices, quiet)

    writer.commit(device("quiet", HOUR_S))
    assert quiet in store.fleet.of_window(window(), 99)
    writer.judge()
    writer.commit(device("quiet", 2 * HOUR_S))

    assert quiet not in store.fleet.of_window(window(), 99)
    assert store.fleet.latest(["quiet"]) == (device("quiet", 2 * HOUR_S),)


def test_a_device_that_is_always_the_farthest_is_kept_for_so_long_only(store: Store) -> None:
    writer = Writer(store)
    for day in (0, 1, 91):
        writer.commit(device(start_s=day * DAY_S))
        writer.judge()

    assert store.fleet.of_window(window(0), 9) == ()
    assert len(store.fleet.of_window(window(DAY_S), 9)) == 1


def test_a_late_window_is_kept_beside_the_newest(store: Store) -> None:
    writer = Writer(store)
    newest, late = device(start_s=2 * HOUR_S), device(start_s=HOUR_S)
    writer.commit(newest)
    writer.judge()
    writer.commit(late)

    assert store.fleet.of_window(late.key.window, 9) == (late,)
    assert store.fleet.latest(["edge"]) == (newest,)


def test_the_verdict_on_a_device_is_that_of_the_latest_window(store: Store) -> None:
    Writer(store).commit(device(), device(start_s=HOUR_S))
    first, last = verdict(), verdict(start_s=HOUR_S, unlike=False)
    other = verdict("other")

    store.judgements.record(Judgement((), verdicts=(last, other)))
    store.judgements.record(Judgement((), verdicts=(first,)))

    assert store.fleet.verdicts(["edge", "other", "nobody"]) == (last, other)
    again = replace(last, rows=99)
    store.judgements.record(Judgement((DueWindow(window(HOUR_S), 1),), verdicts=(again,)))
    assert store.fleet.verdicts(["edge"]) == (again,)


def test_devices_go_with_their_model(store: Store) -> None:
    Writer(store).commit(device())
    store.judgements.record(Judgement((), verdicts=(verdict(),)))

    store.records.delete_model("m")

    assert store.fleet.latest(["edge"]) == ()
    assert store.fleet.verdicts(["edge"]) == ()
