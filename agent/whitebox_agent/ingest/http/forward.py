"""What is the hub's goes to the hub: one request, one answer, neither changed nor kept.

Headers that concern one connection are dropped on both ways (RFC 9110, 7.6.1). Bodies and times are
bounded; an answer is passed on when it is whole.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterable
from http import HTTPStatus

from whitebox_agent.ingest.http.exchange import Answer, HttpError, Request

# Whoever waits for alerts may do so for a minute.
FORWARD_S = 75.0
CONNECT_S = 5.0
ANSWER_BYTES_MAX = 16 * 1024 * 1024
_OF_ONE_CONNECTION = {
    *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer"),
    *("transfer-encoding", "upgrade", "proxy-connection"),
}
# These are said anew.
_OURS = {"host", "content-length", "expect", "date", "server", "content-type"}

Header = tuple[str, str]


def forward(request: Request, hub: str) -> Answer:
    """The hub's answer, with its status whatever that is.

    Raises:
        HttpError: no hub is configured, or it does not answer.
    """
    if not hub:
        raise HttpError(
            HTTPStatus.NOT_FOUND,
            f"{request.path[:200]} is the hub's, and this agent knows no hub's HTTP",
            hint="set hub_http_address",
        )
    connection = http.client.HTTPConnection(hub, timeout=CONNECT_S)
    try:
        connection.connect()
        connection.sock.settimeout(FORWARD_S)
        headers = dict(_passed_on(request.headers.items()))
        if kind := request.headers.get("content-type"):
            headers["content-type"] = kind
        connection.request(request.method, request.target, request.body or None, headers)
        return _answer_of(connection.getresponse())
    except TimeoutError as error:
        raise HttpError(HTTPStatus.GATEWAY_TIMEOUT, f"the hub at {hub} takes too long") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise HttpError(
            HTTPStatus.BAD_GATEWAY,
            f"the hub at {hub} does not answer: {error}",
            hint="is the hub running there?",
        ) from error
    finally:
        connection.close()


def _answer_of(response: http.client.HTTPResponse) -> Answer:
    body = response.read(ANSWER_BYTES_MAX + 1)
    if len(body) > ANSWER_BYTES_MAX:
        raise HttpError(
            HTTPStatus.BAD_GATEWAY,
            f"the hub's answer has more than {ANSWER_BYTES_MAX} bytes",
            hint="ask for fewer at once, or ask the hub itself",
        )
    kind = response.headers.get("content-type", "application/octet-stream")
    return Answer(response.status, body, kind, tuple(_passed_on(response.headers.items())))


def _passed_on(headers: Iterable[Header]) -> Iterable[Header]:
    """The headers that concern the other end."""
    pairs = list(headers)
    named = {
        name.strip().lower()
        for key, value in pairs
        if key.lower() == "connection"
        for name in value.split(",")
    }
    dropped = _OF_ONE_CONNECTION | _OURS | named
    return [(key, value) for key, value in pairs if key.lower() not in dropped]
