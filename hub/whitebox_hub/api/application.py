"""The REST application: every noun's routes, the problem middleware, the bound on bodies."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from whitebox_hub.api import agents, alerts, health, metrics, models, monitors, rows, specs
from whitebox_hub.api.keys import ACCEPTER, ALARM_INTERVAL_S, NOW_MS, SPECS, STORE
from whitebox_hub.api.problems import problems
from whitebox_hub.ingest.accept import Accepter
from whitebox_hub.ingest.specs import SpecBook
from whitebox_hub.store import Store

# Of every body but a bundle's (see specs.py).
BODY_BYTES_MAX = 1024 * 1024


def build_api(
    store: Store,
    specs_known: SpecBook,
    accepter: Accepter,
    now_ms: Callable[[], int],
    alarm_interval_s: int,
) -> web.Application:
    """The application, ready to be served."""
    application = web.Application(middlewares=[problems], client_max_size=BODY_BYTES_MAX)
    application[STORE] = store
    application[SPECS] = specs_known
    application[ACCEPTER] = accepter
    application[NOW_MS] = now_ms
    application[ALARM_INTERVAL_S] = alarm_interval_s
    for noun in (agents, alerts, health, metrics, models, monitors, rows, specs):
        application.add_routes(noun.routes)
    return application
