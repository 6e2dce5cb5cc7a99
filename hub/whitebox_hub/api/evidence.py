"""/v1/model-monitors/{id}/evidence: drift that is too small for any one window, over many.

The windows' p-values are bets that multiply (statistics.eprocess), so the evidence may be looked at
after every window, for months, without more false alarms: whoever acts when it reaches 1 / alpha is
ever wrong with a probability of at most alpha. Worked out of the stored judgements when asked for.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from aiohttp import web

from whitebox_hub.api.answers import json_response, second_text
from whitebox_hub.api.keys import STORE
from whitebox_hub.api.monitors import found_monitor
from whitebox_hub.api.questions import limit_of
from whitebox_hub.monitor import Monitor
from whitebox_hub.statistics.eprocess import log_evidence
from whitebox_hub.store import Evaluation, Store

routes = web.RouteTableDef()


@routes.get("/v1/model-monitors/{id}/evidence")
async def monitor_evidence(request: web.Request) -> web.Response:
    """`evidence` holds decimal logarithms by feature ("" for the model), one for each window."""
    store, monitor_id, limit = request.app[STORE], request.match_info["id"], limit_of(request)
    return json_response(await asyncio.to_thread(_read, store, monitor_id, limit))


def _read(store: Store, monitor_id: str, limit: int) -> dict[str, Any]:
    monitor = found_monitor(store.records, monitor_id)
    history = store.judgements.history(monitor.id, monitor.segment, limit)
    return evidence_document(monitor, history)


def evidence_document(monitor: Monitor, history: Sequence[Evaluation]) -> dict[str, Any]:
    """The evidence after each of some windows, oldest first; p-values are the findings'. Pure."""
    features = sorted({finding.feature or "" for e in history for finding in e.findings})
    place = {feature: column for column, feature in enumerate(features)}
    p_values = np.full((len(history), len(features)), np.nan)
    for row, evaluation in enumerate(history):
        for finding in evaluation.findings:
            if finding.p_value is not None:
                p_values[row, place[finding.feature or ""]] = finding.p_value
    logs = log_evidence(p_values) / math.log(10.0)
    return {
        "monitor_id": monitor.id,
        "model_id": monitor.model_id,
        "windows": [second_text(evaluation.window.start_s) for evaluation in history],
        "evidence": {feature: logs[:, column].tolist() for feature, column in place.items()},
    }
