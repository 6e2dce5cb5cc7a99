"""The agent's HTTP on this machine: Whitebox's own paths for raw rows, and the agent's state.

    POST        /v1/inference-rows, /v1/inference-rows/batch     rows, folded on this device
    PATCH, PUT  /v1/inference-rows/{id}                          the row's true label
    GET         /livez, /readyz, /metrics                        for orchestrators and Prometheus
    any         any other path                                   is the hub's, and is forwarded

So who used Whitebox changes one URL. Rows are answered when they are on disk. Every error is a
problem of RFC 9457, as the hub's are. Bounded: connections, bytes of bodies, and time.
"""

from __future__ import annotations

from whitebox_agent.ingest.http.pages import Pages
from whitebox_agent.ingest.http.server import serve_http

__all__ = ["Pages", "serve_http"]
