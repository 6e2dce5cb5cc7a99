"""The REST application: every noun's routes, the problem middleware, the bound on bodies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

from whitebox_hub.api import (
    agents,
    alerts,
    evidence,
    health,
    metrics,
    models,
    monitors,
    rows,
    specs,
)
from whitebox_hub.api.keys import (
    ACCEPTER,
    CONTEXTS,
    FEED,
    NOW_MS,
    REGISTERING,
    REPORTING,
    SPECS,
    STORE,
    TICKS,
)
from whitebox_hub.api.problems import problems
from whitebox_hub.ingest.accept import Accepter
from whitebox_hub.ingest.specs import SpecBook
from whitebox_hub.store import Store
from whitebox_hub.store.contexts import ContextBook
from whitebox_hub.store.feed import AlertFeed

# Of every body but a bundle's (see specs.py).
BODY_BYTES_MAX = 1024 * 1024
REPORTS_AT_ONCE_MAX = 2


def build_api(
    *,
    store: Store,
    specs_known: SpecBook,
    accepter: Accepter,
    contexts: ContextBook,
    feed: AlertFeed,
    ticks: Callable[[], dict[str, int]],
    now_ms: Callable[[], int],
) -> web.Application:
    """The application, ready to be served."""
    application = web.Application(middlewares=[problems], client_max_size=BODY_BYTES_MAX)
    application[STORE] = store
    application[SPECS] = specs_known
    application[ACCEPTER] = accepter
    application[CONTEXTS] = contexts
    application[FEED] = feed
    application[TICKS] = ticks
    application[NOW_MS] = now_ms
    application[REGISTERING] = asyncio.Lock()
    application[REPORTING] = asyncio.Semaphore(REPORTS_AT_ONCE_MAX)
    for noun in (agents, alerts, evidence, health, metrics, models, monitors, rows, specs):
        application.add_routes(noun.routes)
    return application
