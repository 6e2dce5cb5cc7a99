"""The agent as a process of its own: the in-process agent behind gRPC and HTTP on this machine.

SIGTERM and SIGINT put everything on disk and end the process within a bounded time; SIGHUP reads
the settings and the spec files again, and keeps the old ones when the new ones are wrong.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from whitebox_agent.agent import Agent
from whitebox_agent.config import Config
from whitebox_agent.ingest.vitals import Vitals
from whitebox_agent.memory import give_back
from whitebox_wire.errors import ConfigError, WhiteboxError

logger = logging.getLogger(__name__)

# What was acknowledged is on disk at any moment, so ending late helps nobody.
STOP_S = 30.0
# How long a thread that folds may keep the interpreter from one that answers; Python's own 5 ms
# are several answers long.
SWITCH_S = 0.0001
_EXIT_LATE = 70
# Settings that hold until the next start.
_FIXED = (
    *("store_path", "agent_id", "hub_address", "listen", "http_address", "reflection"),
    *("labels", "queue_rows_max"),
)

Load = Callable[[], Config]


class Settings:
    """The settings that an agent runs by, and how their last reading went."""

    def __init__(self, config: Config, agent: Agent, load: Load) -> None:
        self.config = config
        self._agent = agent
        self._load = load
        self._ok = True
        self._read_ms = _now_ms()

    def reload(self) -> None:
        """Read the settings again and use what may change; when they are wrong, change nothing."""
        try:
            config = self._load()
            self._agent.reload(config)
        except WhiteboxError as error:
            self._ok = False
            logger.error("settings not reloaded, the old ones hold error=%s", error)  # noqa: TRY400  # the error says all
            return
        for key in _FIXED:
            if getattr(config, key) != getattr(self.config, key):
                logger.warning("setting needs a restart key=%s", key)
        self.config, self._ok, self._read_ms = config, True, _now_ms()
        logger.info("settings reloaded models=%s", ",".join(self._agent.models()))

    def vitals(self) -> Vitals:
        """How the agent is now. StoreError when its books cannot be read."""
        agent = self._agent
        return Vitals(
            books=agent.books(),
            queue_rows=agent.queued_rows,
            queue_rows_max=self.config.queue_rows_max,
            store_problem=agent.store_problem,
            hub_problem=agent.problem,
            reload_ok=self._ok,
            reloaded_ms=self._read_ms,
            now_ms=_now_ms(),
        )


@dataclass(frozen=True, slots=True)
class Daemon:
    """A running daemon: its addresses with their real ports, `http` empty when there is none."""

    agent: Agent
    settings: Settings
    listen: tuple[str, ...]
    http: str


@contextmanager
def running(config: Config, load: Load) -> Iterator[Daemon]:
    """A whole daemon while the context lasts; `load` reads its settings again.

    Raises:
        ConfigError: a setting is wrong, an address is taken, or gRPC is not installed.
        StoreError: the store cannot be opened, or another agent uses it.
    """
    try:
        from whitebox_agent.ingest.grpc import serve_grpc
    except ImportError as error:
        raise ConfigError(
            "the daemon needs gRPC", hint="pip install 'whitebox-edge[agent]'"
        ) from error
    with ExitStack() as stack:
        agent = stack.enter_context(Agent(config, at_rest=give_back))
        settings = Settings(config, agent, load)
        http = stack.enter_context(_http(agent, settings)) if config.http_address else ""
        listen = stack.enter_context(
            serve_grpc(
                agent.logbook,
                config.listen,
                lambda: agent.store_problem,
                reflection=config.reflection,
            )
        )
        yield Daemon(agent, settings, listen, http)


@contextmanager
def _http(agent: Agent, settings: Settings) -> Iterator[str]:
    from whitebox_agent.ingest.http import Pages, serve_http

    pages = Pages(
        agent.logbook,
        vitals=settings.vitals,
        store_problem=lambda: agent.store_problem,
        hub=lambda: settings.config.hub_http_address,
    )
    with serve_http(settings.config.http_address, pages) as address:
        yield address


def serve(config: Config, load: Load, ready: Callable[[Daemon], None]) -> None:
    """Run until SIGTERM or SIGINT, then put everything on disk and end."""
    sys.setswitchinterval(SWITCH_S)
    next_signal = _signals(signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    with running(config, load) as daemon:
        ready(daemon)
        tell_systemd("READY=1")
        while next_signal() == signal.SIGHUP:
            tell_systemd(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1_000}")
            daemon.settings.reload()
            tell_systemd("READY=1")
        tell_systemd("STOPPING=1")
        late = threading.Timer(STOP_S, _end_late)
        late.daemon = True
        late.start()
    late.cancel()


def _signals(*numbers: signal.Signals) -> Callable[[], int]:
    """A function that waits for the next of these signals.

    A signal may reach any thread, a library's too, and Python's own handlers run in the main one
    when that happens to wake; a byte in a socket wakes it always.
    """
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    for number in numbers:
        signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(writer.detach())
    return lambda: reader.recv(1)[0]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _end_late() -> None:
    logger.error("not ended after %.0f s: ending now", STOP_S)
    os._exit(_EXIT_LATE)


def tell_systemd(state: str) -> None:
    """What a service of type notify says (see sd_notify); nothing where no systemd listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.connect(address.replace("@", "\0", 1) if address[0] == "@" else address)
            channel.sendall(state.encode())
    except OSError as error:
        logger.warning("systemd not told state=%r error=%s", state, error)
