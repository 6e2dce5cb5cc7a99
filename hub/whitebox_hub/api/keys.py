"""What handlers find in the application, by typed keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

from whitebox_hub.ingest.accept import Accepter
from whitebox_hub.ingest.specs import SpecBook
from whitebox_hub.store import Store
from whitebox_hub.store.contexts import ContextBook
from whitebox_hub.store.feed import AlertFeed

STORE = web.AppKey("store", Store)
SPECS = web.AppKey("specs", SpecBook)
ACCEPTER = web.AppKey("accepter", Accepter)
# Milliseconds since 1970 in UTC.
NOW_MS: web.AppKey[Callable[[], int]] = web.AppKey("now_ms")
CONTEXTS = web.AppKey("contexts", ContextBook)
FEED = web.AppKey("feed", AlertFeed)
# What ticks did since the start, by name.
TICKS: web.AppKey[Callable[[], dict[str, int]]] = web.AppKey("ticks")
# Held while a spec is registered.
REGISTERING = web.AppKey("registering", asyncio.Lock)
# Held by a request whose reports are being worked out: many at once would leave ingest no thread.
REPORTING = web.AppKey("reporting", asyncio.Semaphore)
