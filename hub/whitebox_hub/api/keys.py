"""What handlers find in the application, by typed keys."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from whitebox_hub.ingest.accept import Accepter
from whitebox_hub.ingest.specs import SpecBook
from whitebox_hub.store import Store

STORE = web.AppKey("store", Store)
SPECS = web.AppKey("specs", SpecBook)
ACCEPTER = web.AppKey("accepter", Accepter)
# Milliseconds since 1970 in UTC.
NOW_MS: web.AppKey[Callable[[], int]] = web.AppKey("now_ms")
# The false-alarm budget: at most one false alarm is expected in this time, for each model.
ALARM_INTERVAL_S = web.AppKey("alarm_interval_s", int)
