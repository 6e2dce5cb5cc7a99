"""The agent as a process of its own: the in-process agent behind the InferenceLog service."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from whitebox_agent.agent import Agent
from whitebox_agent.config import Config
from whitebox_wire.errors import ConfigError


@contextmanager
def running(config: Config) -> Iterator[tuple[Agent, tuple[str, ...]]]:
    """A whole daemon while the context lasts; gives the agent and where it listens.

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
    with (
        Agent(config) as agent,
        serve_grpc(
            agent.logbook,
            config.listen,
            lambda: agent.store_problem,
            reflection=config.reflection,
        ) as addresses,
    ):
        yield agent, addresses


def serve(config: Config, ready: Callable[[Sequence[str]], None]) -> None:
    """Run until SIGTERM or SIGINT, then put everything on disk and end."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with running(config) as (_, addresses):
        ready(addresses)
        stop.wait()
