"""Waiting for alert events: woken by what is written, bounded, and never past a deadline."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.hub.alert.conftest import line
from whitebox_hub.alert import AlertEvent
from whitebox_hub.alert.follow import follow
from whitebox_hub.monitor import Monitor
from whitebox_hub.store import Judgement, Store
from whitebox_hub.store.feed import AlertFeed, BusyError

LONG_S = 30.0


@pytest.fixture
def event(registered: Store) -> AlertEvent:
    """An event that can be written: its monitor exists."""
    monitor = Monitor("w", "income", "Drift", "data_drift")
    registered.records.put_monitor(monitor)
    return follow(monitor, [], None, line("v"), 1).events[0]


def _write(store: Store, event: AlertEvent) -> None:
    store.judgements.record(Judgement((), events=(event,)))


async def _waits(feed: AlertFeed) -> None:
    while not feed.waiters:  # noqa: ASYNC110  # the feed tells nobody that somebody waits
        await asyncio.sleep(0.001)


def test_events_that_are_there_are_given_at_once(registered: Store, event: AlertEvent) -> None:
    _write(registered, event)

    got = asyncio.run(AlertFeed(registered.judgements).newer(0, 10, LONG_S))

    assert got == (replace(event, cursor=1),)


def test_a_waiter_wakes_when_the_tick_rings(registered: Store, event: AlertEvent) -> None:
    async def scenario() -> tuple[AlertEvent, ...]:
        feed = AlertFeed(registered.judgements)
        waiting = asyncio.create_task(feed.newer(0, 10, LONG_S))
        await _waits(feed)
        _write(registered, event)
        feed.ring()
        return await waiting

    assert [got.cursor for got in asyncio.run(scenario())] == [1]


def test_a_ring_without_news_for_a_waiter_lets_it_wait_on(
    registered: Store, event: AlertEvent
) -> None:
    async def scenario() -> tuple[AlertEvent, ...]:
        feed = AlertFeed(registered.judgements)
        _write(registered, event)
        waiting = asyncio.create_task(feed.newer(1, 10, LONG_S))
        await _waits(feed)
        feed.ring()
        _write(registered, event)
        feed.ring()
        return await waiting

    assert [got.cursor for got in asyncio.run(scenario())] == [2]


def test_a_waiter_is_answered_with_nothing_at_its_deadline(registered: Store) -> None:
    assert asyncio.run(AlertFeed(registered.judgements).newer(0, 10, 0.01)) == ()


def test_closing_answers_everybody_who_waits(registered: Store) -> None:
    async def scenario() -> tuple[AlertEvent, ...]:
        feed = AlertFeed(registered.judgements)
        waiting = asyncio.create_task(feed.newer(0, 10, LONG_S))
        await _waits(feed)
        feed.close()
        await waiting
        return await feed.newer(0, 10, LONG_S)

    assert asyncio.run(scenario()) == ()


def test_one_waiter_too_many_is_refused_and_the_others_stay(registered: Store) -> None:
    async def scenario() -> int:
        feed = AlertFeed(registered.judgements, waiters_max=1)
        first = asyncio.create_task(feed.newer(0, 10, LONG_S))
        await _waits(feed)
        with pytest.raises(BusyError, match="1 consumers wait"):
            await feed.newer(0, 10, LONG_S)
        still = feed.waiters
        feed.close()
        await first
        return still

    assert asyncio.run(scenario()) == 1
