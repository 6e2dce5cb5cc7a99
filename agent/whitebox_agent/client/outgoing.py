"""Rows between the threads that log them and the conversation with the agent.

Logging never waits: what does not fit is shed and counted. Every row that was logged is, at every
moment, in exactly one of the places that `Counts` names. Knows nothing of gRPC.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from whitebox_agent.client.parcels import Entry, Parcel, Unsendable
from whitebox_wire.messages import RecordAnswer, RecordFailure

# Requests that are sent and not answered: as many as the agent takes of one stream.
IN_FLIGHT_MAX = 16
# Status codes with which the agent says that it can record nothing now: RESOURCE_EXHAUSTED and
# UNAVAILABLE.
_LATER = (8, 14)
_RETRY_S = 0.2

MakeParcels = Callable[[Sequence[Entry]], Iterable[Parcel | Unsendable]]


@dataclass(frozen=True, slots=True)
class Counts:
    """Where the logged rows are, labels included: logged is the sum of the others.

    `acknowledged`: the agent has them. `pending`: they wait, or are on their way. `shed`: there was
    no room to keep them. `refused`: the agent says that they are wrong. `unconfirmed`: the agent
    went away before it answered; it may have them, so they are not sent again.
    """

    logged: int = 0
    acknowledged: int = 0
    pending: int = 0
    shed: int = 0
    refused: int = 0
    unconfirmed: int = 0

    @property
    def balances(self) -> bool:
        settled = self.acknowledged + self.shed + self.refused + self.unconfirmed
        return self.logged == self.pending + settled


class Outgoing:
    def __init__(self, rows_max: int, batch_rows: int, linger_s: float, make: MakeParcels) -> None:
        """Hold at most `rows_max` rows. Wait up to `linger_s` for `batch_rows` of them."""
        self._rows_max = rows_max
        self._batch_rows = batch_rows
        self._linger_s = linger_s
        self._make = make
        self._changed = threading.Condition()
        self._entries: deque[Entry] = deque()
        self._entry_rows = 0
        self._ready: deque[Parcel] = deque()
        self._in_flight: deque[Parcel] = deque()
        self._making = 0
        self._number = 0
        self._flushing = 0
        self._not_before_s = 0.0
        # The conversation that may take rows now; 0 between two of them.
        self._talking = 0
        self._conversations = 0
        self._closed = False
        self._logged = self._pending = 0
        self._settled = dict.fromkeys(("acknowledged", "shed", "refused", "unconfirmed"), 0)
        self.problem = ""

    # What callers do.

    def put(self, call: Entry) -> bool:
        """Keep the rows of one call, all or, where this is False, none."""
        rows = call.rows
        with self._changed:
            self._logged += rows
            # Nothing pending takes any one call: its rows are in memory already.
            full = self._pending > 0 and self._pending + rows > self._rows_max
            if full or self._closed:
                self._settled["shed"] += rows
                return False
            self._pending += rows
            self._number += 1
            call.number = self._number
            self._entries.append(call)
            self._entry_rows += rows
            if len(self._entries) == 1 or self._entry_rows >= self._batch_rows:
                self._changed.notify_all()
        return True

    def counts(self) -> Counts:
        with self._changed:
            return Counts(self._logged, pending=self._pending, **self._settled)

    def flush(self, timeout_s: float) -> bool:
        """Wait until nothing of what was logged so far is pending; False when it took longer."""
        with self._changed:
            number = self._number
            self._flushing += 1
            self._changed.notify_all()
            done = self._changed.wait_for(lambda: self._oldest() > number, timeout_s)
            self._flushing -= 1
        return done

    def close(self) -> None:
        """Take no more, and end the conversation; what is pending will not be sent."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    # What the conversation does.

    def wait_for_work(self) -> int:
        """Wait until there is something to say, and the time to say it. Begins a conversation, and
        gives its number; 0 when closed.
        """
        with self._changed:
            while not self._closed:
                pause_s = self._not_before_s - time.monotonic()
                if pause_s <= 0 and (self._entries or self._ready):
                    self._conversations += 1
                    self._talking = self._conversations
                    return self._talking
                self._changed.wait(pause_s if pause_s > 0 else None)
        return 0

    def next(self, conversation: int, idle_s: float) -> Parcel | None:
        """What to send next. None when there has been nothing for `idle_s`, or the conversation has
        ended; whoever sends for it may notice late, when there is another one.
        """
        while True:
            with self._changed:
                if not self._wait_for_turn(conversation, idle_s):
                    return None
                if self._ready:
                    parcel = self._ready.popleft()
                    self._in_flight.append(parcel)
                    return parcel
                entries = self._gathered()
            made = self._made(entries)
            with self._changed:
                self._making = 0
                self._ready += [item for item in made if isinstance(item, Parcel)]
                for item in made:
                    if isinstance(item, Unsendable):
                        self._settle(item.rows, "refused")
                        self.problem = item.reason

    def _made(self, entries: Sequence[Entry]) -> Sequence[Parcel | Unsendable]:
        try:
            return list(self._make(entries))
        except Exception as error:  # noqa: BLE001  # the thread's top: the others' rows go on
            return [Unsendable(sum(entry.rows for entry in entries), repr(error))]

    def _wait_for_turn(self, conversation: int, idle_s: float) -> bool:
        """Wait until something may be sent; False when nothing will be."""

        def may_send() -> bool:
            if self._talking != conversation or self._closed:
                return True
            work = self._entries or self._ready
            free = len(self._in_flight) < IN_FLIGHT_MAX
            return bool(work and free and time.monotonic() >= self._not_before_s)

        end_s = time.monotonic() + idle_s
        while not may_send():
            now_s = time.monotonic()
            if now_s >= end_s and not self._in_flight and not self._entries and not self._ready:
                return False
            until_s = self._not_before_s if self._not_before_s > now_s else max(end_s, now_s + 0.1)
            self._changed.wait(until_s - now_s)
        return self._talking == conversation and not self._closed

    def _gathered(self) -> list[Entry]:
        """The oldest calls, after a moment in which others may join them."""

        def enough() -> bool:
            return self._entry_rows >= self._batch_rows or self._flushing > 0 or self._closed

        self._changed.wait_for(enough, self._linger_s)
        taken: list[Entry] = []
        rows = 0
        while self._entries and (not taken or rows + self._entries[0].rows <= self._batch_rows):
            entry = self._entries.popleft()
            rows += entry.rows
            taken.append(entry)
        self._entry_rows -= rows
        self._making = taken[0].number if taken else 0
        return taken

    def settle(self, outcome: RecordAnswer | RecordFailure) -> bool:
        """What became of the oldest that was sent; False when the agent can record nothing now."""
        with self._changed:
            parcel = self._in_flight.popleft()
            if isinstance(outcome, RecordAnswer):
                self._settle(parcel.rows, "acknowledged")
                self.problem = ""
                return True
            self.problem = outcome.message
            if outcome.code in _LATER:
                self._ready.append(parcel)
                self._not_before_s = time.monotonic() + _RETRY_S
                return False
            self._settle(parcel.rows, "unconfirmed" if outcome.uncertain else "refused")
            return True

    def part(self, *, complete: bool, pause_s: float, problem: str = "") -> None:
        """The conversation is over. When it is `complete`, the agent has answered all it recorded,
        and what it did not answer is sent again; else nobody knows. Go on after `pause_s`.
        """
        with self._changed:
            self._talking = 0
            self._not_before_s = time.monotonic() + pause_s
            if complete:
                self._ready.extendleft(reversed(self._in_flight))
            else:
                lost = sum(parcel.rows for parcel in self._in_flight)
                self._settle(lost, "unconfirmed")
                self.problem = problem
            self._in_flight.clear()
            self._changed.notify_all()

    def abandon(self) -> None:
        """Nothing more will be sent: what is pending is shed."""
        with self._changed:
            self._settle(self._pending, "shed")
            self._entries.clear()
            self._ready.clear()

    def _settle(self, rows: int, place: str) -> None:
        """Rows are no longer pending."""
        self._pending -= rows
        self._settled[place] += rows
        self._changed.notify_all()

    def _oldest(self) -> int:
        """The number of the oldest call that is pending; beyond all when none is."""
        numbers = [parcel.number for parcel in (*self._in_flight, *self._ready)]
        numbers += [self._making] if self._making else []
        numbers += [self._entries[0].number] if self._entries else []
        return min(numbers, default=self._number + 1)
