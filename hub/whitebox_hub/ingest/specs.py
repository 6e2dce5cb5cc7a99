"""The specs that are registered, kept decoded: layouts and baselines for ingest, bytes for agents.

What is cached stays right until a model is deleted or a reference registered anew; `changed` says
so, and wakes everybody who waits for a new spec. `known` is called in the committer's thread, the
rest on the event loop.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping

from whitebox_hub.ingest.group import KnownSpec
from whitebox_hub.store import RecordStore
from whitebox_hub.store.contexts import context_of
from whitebox_wire.messages import SpecRef

SPECS_CACHED_MAX = 256


class SpecBook:
    def __init__(self, records: RecordStore) -> None:
        self._records = records
        self._cache: OrderedDict[bytes, KnownSpec] = OrderedDict()
        self._change = asyncio.Event()
        self._closing = False

    def known(self, digests: Collection[bytes]) -> Mapping[bytes, KnownSpec]:
        """The specs of those digests that are registered, ready to add to. Blocks."""
        cache, found = self._cache, {}
        for digest in digests:
            known = cache.get(digest)
            if known is None:
                bundle = self._records.bundle(digest)
                if bundle is None:
                    continue
                context = context_of(bundle, alarm_interval_s=0)
                known = KnownSpec(context.spec, context.layout, context.baseline)
                cache[digest] = known
                while len(cache) > SPECS_CACHED_MAX:
                    cache.popitem(last=False)
            found[digest] = known
        return found

    def forget(self) -> None:
        """Read every spec anew."""
        self._cache = OrderedDict()

    def changed(self) -> None:
        """A spec was registered or a model deleted."""
        self.forget()
        self._change.set()
        self._change = asyncio.Event()

    def close(self) -> None:
        """Answer everybody who waits, and let nobody wait any more."""
        self._closing = True
        self._change.set()

    async def spec_bytes(self, wanted: SpecRef) -> bytes | None:
        """One spec: by digest, or the current one of a model."""
        digest = wanted.digest
        if not digest:
            current = await self.current([wanted.model_id])
            digest = current[0].digest if current else b""
        bundle = await asyncio.to_thread(self._records.bundle, digest)
        return bundle.spec_bytes if bundle else None

    async def current(self, model_ids: Iterable[str]) -> tuple[SpecRef, ...]:
        """The current spec of each of those models that has one."""
        return await asyncio.to_thread(self._current, sorted(set(model_ids)))

    def _current(self, model_ids: Iterable[str]) -> tuple[SpecRef, ...]:
        models = [self._records.model(model_id) for model_id in model_ids]
        return tuple(SpecRef(m.id, m.digest) for m in models if m is not None and m.digest)

    async def newer(self, known: Collection[SpecRef], wait_s: float) -> tuple[SpecRef, ...]:
        """The current specs that differ from the known ones, as soon as there are any."""
        loop = asyncio.get_running_loop()
        until = loop.time() + wait_s
        while True:
            change = self._change
            current = await self.current(ref.model_id for ref in known)
            newer = tuple(ref for ref in current if ref not in known)
            left_s = until - loop.time()
            if newer or left_s <= 0 or self._closing:
                return newer
            try:
                await asyncio.wait_for(change.wait(), left_s)
            except asyncio.TimeoutError:
                return ()
