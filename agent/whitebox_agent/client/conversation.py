"""The thread that talks to the agent: connects, sends, hears the answers, and begins again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from whitebox_agent.backoff import delay_s
from whitebox_agent.client import AgentGoneError, Line
from whitebox_agent.client.outgoing import Outgoing
from whitebox_wire.codec import decode_stream_response
from whitebox_wire.errors import MalformedError

logger = logging.getLogger(__name__)

CONNECT_S = 1.0
# A line on which nothing is said is given up, so that it takes no room at the agent.
IDLE_S = 10.0
# The agent is on this device: it is asked again sooner than a hub would be.
PAUSE_MAX_S = 5.0


class Conversation(threading.Thread):
    def __init__(self, outgoing: Outgoing, line: Line, random: Callable[[], float]) -> None:
        super().__init__(name="whitebox-sidecar", daemon=True)
        self._outgoing = outgoing
        self._line = line
        self._random = random
        self._failures = 0

    def run(self) -> None:
        """Talk whenever there is something to say, until the rows' side is closed."""
        while number := self._outgoing.wait_for_work():
            self._try_to_talk(number)
        self._outgoing.abandon()
        self._line.close()

    def _try_to_talk(self, number: int) -> None:
        try:
            self._talk(number)
        except (AgentGoneError, MalformedError) as error:
            self._part(str(error))
        except Exception as error:
            # The thread's top: whatever it is, the next try may go well.
            logger.exception("cannot talk to the agent")
            self._part(repr(error))
        else:
            self._outgoing.part(complete=True, pause_s=0.0)

    def _talk(self, number: int) -> None:
        self._line.connect(CONNECT_S)

        def requests() -> bytes | None:
            parcel = self._outgoing.next(number, IDLE_S)
            return None if parcel is None else parcel.data

        for answer in self._line.talk(iter(requests, None)):
            self._outgoing.settle(decode_stream_response(answer))
            if self._failures:
                logger.info("agent reached again")
                self._failures = 0

    def _part(self, problem: str) -> None:
        if not self._failures:
            logger.warning("agent not reached error=%s", problem)
        self._failures += 1
        pause_s = min(delay_s(self._failures, self._random), PAUSE_MAX_S)
        self._outgoing.part(complete=False, pause_s=pause_s, problem=problem)
