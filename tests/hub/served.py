"""A whole hub in a thread of the test's process, its clock, and a client of its REST."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
from dataclasses import dataclass, field
from typing import Any

from whitebox_hub.app import Addresses, running
from whitebox_hub.config import Config

START_MS = 1_767_225_600_000
HOUR_MS = 3_600_000


@dataclass
class Clock:
    """A clock that stands still until somebody sets it; it starts on 2026-02-11."""

    ms: int = START_MS + 1_000 * HOUR_MS

    def __call__(self) -> int:
        return self.ms


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; `document` is its JSON, or its bytes."""

    status: int
    headers: dict[str, str]
    document: Any


@dataclass
class Hub:
    """A whole hub that runs in a thread of this process, and a client of its REST."""

    config: Config
    clock: Clock
    addresses: Addresses | None = None
    _started: threading.Event = field(default_factory=threading.Event)
    _loop: asyncio.AbstractEventLoop | None = None
    _stopping: asyncio.Event | None = None

    def run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._stopping, self._loop = asyncio.Event(), asyncio.get_running_loop()
        try:
            async with running(self.config, self.clock) as self.addresses:
                self._started.set()
                await self._stopping.wait()
        finally:
            self._started.set()

    def wait(self) -> None:
        assert self._started.wait(30)
        assert self.addresses is not None

    def stop(self) -> None:
        if self._loop and self._stopping and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stopping.set)

    @property
    def grpc(self) -> str:
        assert self.addresses is not None
        return self.addresses.grpc

    def call(self, method: str, path: str, body: object = None) -> Answer:
        """One request; a body that is not bytes is sent as JSON."""
        assert self.addresses is not None
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        connection = http.client.HTTPConnection(self.addresses.http.removeprefix("http://"))
        try:
            connection.request(method, path, data)
            response = connection.getresponse()
            content, headers = response.read(), dict(response.getheaders())
        finally:
            connection.close()
        said = json.loads(content) if "json" in headers.get("Content-Type", "") else content
        return Answer(response.status, headers, said)

    def get(self, path: str) -> Any:
        """The document of an answer that must be good."""
        answer = self.call("GET", path)
        assert answer.status == 200, answer
        return answer.document

    def refused(self, method: str, path: str, body: object = None) -> tuple[int, str]:
        """Status and detail of an answer that must be a problem."""
        answer = self.call(method, path, body)
        assert answer.headers["Content-Type"].startswith("application/problem+json"), answer
        assert set(answer.document) == {"type", "title", "status", "detail", "hint"}
        assert answer.document["status"] == answer.status
        return answer.status, answer.document["detail"]
