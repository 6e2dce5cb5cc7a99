"""The book of specs: what is current, and who is woken when it changes."""

from __future__ import annotations

import asyncio

from tests.hub.conftest import Bench, model_record
from whitebox_hub.ingest.specs import SpecBook
from whitebox_hub.store import Store
from whitebox_wire.messages import SpecRef

LONG_S = 60.0


def test_a_spec_is_given_by_digest_or_as_its_models_current_one(
    registered: Store, bench: Bench
) -> None:
    async def scenario() -> None:
        book = SpecBook(registered.records)
        spec = bench.bundle.spec_bytes
        assert await book.spec_bytes(SpecRef("", bench.bundle.digest)) == spec
        assert await book.spec_bytes(SpecRef("income", b"")) == spec
        assert await book.spec_bytes(SpecRef("loans", b"")) is None
        assert await book.spec_bytes(SpecRef("", b"?" * 32)) is None

    asyncio.run(scenario())


def test_only_what_differs_from_the_known_is_newer(registered: Store, bench: Bench) -> None:
    current = SpecRef("income", bench.bundle.digest)

    async def scenario() -> None:
        book = SpecBook(registered.records)
        assert await book.newer([SpecRef("income", b"")], LONG_S) == (current,)
        assert await book.newer([current], 0.0) == ()
        assert await book.newer([current], 0.01) == ()
        assert await book.newer([], 0.0) == ()

    asyncio.run(scenario())


def test_a_watcher_wakes_when_its_model_gets_a_spec(store: Store, bench: Bench) -> None:
    async def scenario() -> tuple[SpecRef, ...]:
        book = SpecBook(store.records)
        watching = asyncio.create_task(book.newer([SpecRef("income", b"")], LONG_S))
        await asyncio.sleep(0)
        book.changed()
        store.records.put_bundle(model_record(bench.bundle), bench.bundle, [])
        book.changed()
        return await watching

    assert asyncio.run(scenario()) == (SpecRef("income", bench.bundle.digest),)


def test_closing_answers_watchers(registered: Store, bench: Bench) -> None:
    async def scenario() -> tuple[SpecRef, ...]:
        book = SpecBook(registered.records)
        known = SpecRef("income", bench.bundle.digest)
        watching = asyncio.create_task(book.newer([known], LONG_S))
        await asyncio.sleep(0)
        book.close()
        return await watching

    assert asyncio.run(scenario()) == ()


def test_a_deleted_models_spec_is_forgotten(registered: Store, bench: Bench) -> None:
    async def scenario() -> None:
        book = SpecBook(registered.records)
        digest = bench.bundle.digest
        assert set(book.known([digest, b"?" * 32])) == {digest}
        registered.records.delete_model("income")
        book.changed()
        assert book.known([digest]) == {}

    asyncio.run(scenario())
