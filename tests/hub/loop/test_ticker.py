"""The loop around the steps: it goes on whatever happens, and stops when it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.hub.loop.conftest import Tick
from whitebox_hub.loop import ticker as ticker_module
from whitebox_hub.loop.ticker import Ticker
from whitebox_hub.store import StoreError
from whitebox_hub.store.feed import AlertFeed

OFTEN_S = 0.001
NEVER_S = 3_600.0


def _ticker(tick: Tick, *, interval_s: float = NEVER_S) -> Ticker:
    feed = AlertFeed(tick.store.judgements)
    return Ticker(tick.store, tick.contexts, feed, interval_s, tick.clock)


async def _until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110  # the ticker tells nobody what it counted
        await asyncio.sleep(OFTEN_S)


def test_a_tick_judges_all_that_is_due_in_as_many_steps_as_it_takes(
    tick: Tick, monkeypatch: pytest.MonkeyPatch
) -> None:
    tick.watch("data_drift")
    tick.ingest(*(tick.features(window, rows=50) for window in range(5)))
    monkeypatch.setattr(ticker_module, "WINDOWS_PER_STEP_MAX", 2)
    ticker = _ticker(tick)

    asyncio.run(ticker.tick())

    status = ticker.status()
    assert (status["ticks"], status["windows_judged"]) == (1, 5)
    assert status["last_tick_ms"] == tick.clock()


def test_a_tick_is_bounded_and_the_next_one_goes_on(
    tick: Tick, monkeypatch: pytest.MonkeyPatch
) -> None:
    tick.ingest(*(tick.features(window, rows=50) for window in range(5)))
    monkeypatch.setattr(ticker_module, "WINDOWS_PER_STEP_MAX", 1)
    monkeypatch.setattr(ticker_module, "STEPS_PER_TICK_MAX", 3)
    ticker = _ticker(tick)

    asyncio.run(ticker.tick())
    assert ticker.status()["windows_judged"] == 3
    asyncio.run(ticker.tick())
    assert ticker.status()["windows_judged"] == 5


def test_a_tick_that_fails_is_counted_and_the_next_one_is_made(
    tick: Tick, monkeypatch: pytest.MonkeyPatch
) -> None:
    tick.watch("data_drift")
    tick.ingest(tick.features(0, shift=1.0))

    def locked(*_: object) -> None:
        raise StoreError("the store is locked")

    async def scenario() -> dict[str, int]:
        ticker = _ticker(tick, interval_s=OFTEN_S)
        with monkeypatch.context() as patched:
            patched.setattr(tick.store.judgements, "due", locked)
            running = asyncio.create_task(ticker.run())
            await _until(lambda: ticker.status()["failed_ticks"] >= 2)
        await _until(lambda: ticker.status()["windows_judged"] == 1)
        ticker.close()
        await running
        return ticker.status()

    status = asyncio.run(scenario())

    assert status["events"] == 1
    assert status["ticks"] > status["failed_ticks"]


def test_failed_and_postponed_windows_are_counted_apart(
    tick: Tick, monkeypatch: pytest.MonkeyPatch
) -> None:
    tick.ingest(tick.features(0), tick.features(1))
    tick.watch("data_drift")
    tick.damage(0)
    ticker = _ticker(tick)

    def full(*_: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(tick.store.judgements, "record", full)
        asyncio.run(ticker.tick())
    asyncio.run(ticker.tick())

    status = ticker.status()
    assert (status["windows_postponed"], status["windows_failed"]) == (2, 1)
    assert (status["windows_judged"], status["failed_ticks"]) == (1, 0)


def test_closing_ends_the_wait_between_ticks(tick: Tick) -> None:
    async def scenario() -> int:
        ticker = _ticker(tick, interval_s=NEVER_S)
        running = asyncio.create_task(ticker.run())
        await _until(lambda: ticker.status()["ticks"] == 1)
        ticker.close()
        await running
        return ticker.status()["ticks"]

    assert asyncio.run(scenario()) == 1


def test_scattered_windows_are_folded_into_one_sum(tick: Tick) -> None:
    for seed in range(10):
        rows = tick.bench.rows(10, seed=seed)
        tick.ingest(tick.bench.delta(tick.bench.features(rows)))
    before = tick.store.sketches.vectors(tick.window(0))
    ticker = _ticker(tick)

    asyncio.run(ticker.tick())

    assert ticker.status()["windows_compacted"] == 1
    after = tick.store.sketches.vectors(tick.window(0))
    assert {section: vector.tolist() for section, vector in after.items()} == {
        section: vector.tolist() for section, vector in before.items()
    }


def test_a_damaged_window_does_not_keep_others_from_being_folded(tick: Tick) -> None:
    for window in (0, 1):
        for seed in range(10):
            rows = tick.bench.rows(10, seed=seed)
            tick.ingest(tick.bench.delta(tick.bench.features(rows), window=window))
    tick.damage(0)
    ticker = _ticker(tick)

    asyncio.run(ticker.tick())

    status = ticker.status()
    assert (status["windows_compacted"], status["failed_ticks"]) == (1, 0)


def test_who_waits_for_alerts_is_woken_by_the_tick_that_wrote_them(tick: Tick) -> None:
    tick.watch("data_drift")
    tick.ingest(tick.features(0, shift=1.0))

    async def scenario() -> list[str]:
        feed = AlertFeed(tick.store.judgements)
        ticker = Ticker(tick.store, tick.contexts, feed, NEVER_S, tick.clock)
        waiting = asyncio.create_task(feed.newer(0, 10, 60.0))
        await _until(lambda: feed.waiters == 1)
        await ticker.tick()
        return [event.reason.value for event in await waiting]

    assert asyncio.run(scenario()) == ["first_firing"]
