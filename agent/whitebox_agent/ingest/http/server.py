"""The server of the standard library, bounded: so many connections, bytes and seconds.

It listens on this machine alone, and since every browser on the machine can reach it too, requests
that name another host, or come from a page of another site, are refused.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from whitebox_agent.ingest.http.exchange import Answer, HttpError, Request, problem, problem_of
from whitebox_agent.ingest.http.pages import Pages
from whitebox_wire.errors import ConfigError, WhiteboxError

logger = logging.getLogger(__name__)

CONNECTIONS_MAX = 32
# Of one request, and of all that are read or recorded at one time.
BODY_BYTES_MAX = 8 * 1024 * 1024
BODIES_BYTES_MAX = 8 * 1024 * 1024
# A connection on which nothing comes for so long is closed.
SILENCE_S = 30.0
DRAIN_S = 5.0
# How soon the server notices that it is to end.
_POLL_S = 0.1
_DIGITS_MAX = 12
_SHOWN = 200
_BODILESS = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
_FULL = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class _Room:
    """How much of something is left."""

    def __init__(self, size: int) -> None:
        self._size = self._left = size
        self._changed = threading.Condition()

    def take(self, part: int) -> bool:
        with self._changed:
            enough = part <= self._left
            self._left -= part if enough else 0
            return enough

    def give(self, part: int) -> None:
        with self._changed:
            self._left += part
            self._changed.notify_all()

    def wait_until_whole(self, timeout_s: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._left == self._size, timeout_s)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = CONNECTIONS_MAX

    def __init__(self, address: tuple[str, int], pages: Pages) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.pages = pages
        self.closing = False
        self.bodies = _Room(BODIES_BYTES_MAX)
        self.answering = _Room(CONNECTIONS_MAX)
        self._connections = _Room(CONNECTIONS_MAX)
        super().__init__(address, Handler)

    def server_bind(self) -> None:
        # HTTPServer's own asks the resolver for the host's name, which may take seconds.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]  # str

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._connections.take(1):
            super().process_request(request, client_address)
        else:
            request.sendall(_FULL)
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._connections.give(1)

    def handle_error(self, request: Any, client_address: Any) -> None:
        logger.debug("connection broke request=%r client=%r", request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection, request after request."""

    server: Server
    protocol_version = "HTTP/1.1"
    timeout = SILENCE_S

    def serve(self) -> None:
        self.server.answering.take(1)
        try:
            self._send(self._answer())
        finally:
            self.server.answering.give(1)

    # The base calls a method by the verb's name.
    do_GET = do_HEAD = do_POST = do_PUT = serve  # noqa: N815  # the base's names
    do_PATCH = do_DELETE = do_OPTIONS = serve  # noqa: N815  # the base's names

    def _answer(self) -> Answer:
        try:
            with self._body() as body:
                headers = {name.lower(): value for name, value in self.headers.items()}
                return self.server.pages.answer(Request(self.command, self.path, headers, body))
        except WhiteboxError as error:
            return problem_of(error)
        except Exception:
            # The top of a request: a defect answers 500 and the agent goes on.
            logger.exception("request failed path=%s", self.path[:_SHOWN])
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            return problem("internal", status, "the agent failed at this; its log says where")

    @contextmanager
    def _body(self) -> Iterator[bytes]:
        """The body, while there is room for it."""
        size = self._checked_size()
        if not self.server.bodies.take(size):
            self.close_connection = True
            raise HttpError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "too many requests with large bodies are under way",
                headers=(("Retry-After", "1"),),
            )
        try:
            body = self.rfile.read(size)
            if len(body) < size:
                raise HttpError(HTTPStatus.BAD_REQUEST, "the body is shorter than it says")
            yield body
        finally:
            self.server.bodies.give(size)

    def _checked_size(self) -> int:
        """The size of a body that may be read. After a refusal the connection ends: nobody reads
        the body that may follow.
        """
        closing, self.close_connection = self.close_connection, True
        if not self.path.startswith("/"):
            raise HttpError(HTTPStatus.BAD_REQUEST, "a path is expected", hint="this is no proxy")
        check_host(self.headers.get("Host", ""), self.headers.get("Origin", ""))
        if self.headers.get("Transfer-Encoding"):
            raise HttpError(
                HTTPStatus.LENGTH_REQUIRED, "a body in chunks", hint="send a Content-Length"
            )
        text = self.headers.get("Content-Length", "0").strip()
        if not (text.isascii() and text.isdecimal()):
            raise HttpError(HTTPStatus.BAD_REQUEST, "Content-Length is no number")
        if len(text) > _DIGITS_MAX or int(text) > BODY_BYTES_MAX:
            raise HttpError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"the body has more than {BODY_BYTES_MAX} bytes",
                hint="send fewer rows at once",
            )
        self.close_connection = closing
        return int(text)

    def _send(self, answer: Answer) -> None:
        self.close_connection |= self.server.closing
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if answer.status not in _BODILESS:
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and answer.status not in _BODILESS:
            self.wfile.write(answer.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the base refuses, as a problem."""
        self.close_connection = True
        status = HTTPStatus(code)
        slug = status.phrase.lower().replace(" ", "-")
        self._send(problem(slug, status, message or explain or status.phrase))

    def version_string(self) -> str:
        return "whitebox-agent"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base's name
        logger.debug("http " + format, *args)  # noqa: G003  # the base's format


def check_host(host: str, origin: str) -> None:
    """Raise HttpError unless a request names this machine and comes from no other site's page.

    >>> check_host("localhost:8811", "http://[::1]:3000")
    >>> check_host("evil.example:8811", "")
    Traceback (most recent call last):
        ...
    whitebox_agent.ingest.http.exchange.HttpError: the host 'evil.example' is not this machine
    """
    for name, said, status in (
        ("host", f"//{host}", HTTPStatus.MISDIRECTED_REQUEST),
        ("origin", origin, HTTPStatus.FORBIDDEN),
    ):
        named = _host_of(said)
        if said.strip("/") and not _is_loopback(named):
            raise HttpError(status, f"the {name} {named[:_SHOWN]!r} is not this machine")


def _host_of(address: str) -> str:
    try:
        return urlsplit(address).hostname or address
    except ValueError:
        return address


def _is_loopback(name: str) -> bool:
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


@contextmanager
def serve_http(address: str, pages: Pages) -> Iterator[str]:
    """Serve until the context ends; gives the address with its real port.

    Raises:
        ConfigError: the address is taken.
    """
    place = urlsplit(f"//{address}")
    try:
        server = Server((place.hostname or "", place.port or 0), pages)
    except OSError as error:
        raise ConfigError(
            f"HTTP cannot listen on {address}: {error.strerror}",
            hint="is another agent running? try --http",
        ) from error
    thread = threading.Thread(
        target=server.serve_forever, args=(_POLL_S,), name="whitebox-http", daemon=True
    )
    thread.start()
    try:
        yield f"{address.rpartition(':')[0]}:{server.server_address[1]}"
    finally:
        server.closing = True
        server.shutdown()
        server.server_close()
        server.answering.wait_until_whole(DRAIN_S)
        thread.join()
