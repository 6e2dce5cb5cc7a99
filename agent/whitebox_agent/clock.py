"""What time it is, though the device's clock lies. Pure: where time comes from is an argument.

The hub tells its time with every answer. From the first answer on, time is the hub's plus what a
steady clock has counted since: the device's own may be wrong by years, be set, or stand still, and
nothing changes. Before that there is only the device's own. Of an answer that took long little is
learnt: half of the time it took is how wrong it may be.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Times = TypeVar("Times", int, npt.NDArray[np.int64])

# Of a difference beyond the noise, so much is taken over with each answer.
GAIN = 0.25
# A difference that no drift explains: somebody set the hub's clock, or it was a single bad answer.
STEP_MS = 10_000
# After so many answers in a row that agree, the former.
STEPS_AGREEING = 3
# A time that a caller gives and that is so near to the device's clock was read from it.
DEVICE_TIME_MS = 15 * 60_000


class Clock:
    def __init__(
        self,
        device_ms: Callable[[], int],
        steady_ms: Callable[[], int],
        *,
        trust_given: bool = False,
    ) -> None:
        """`device_ms` is since 1970, `steady_ms` since whenever and never set.

        With `trust_given` the times that callers give are never corrected.
        """
        self._device_ms = device_ms
        self.steady_ms = steady_ms
        self._trust_given = trust_given
        # The hub's time when the steady clock was 0; None as long as no hub has answered.
        self._zero_ms: float | None = None
        self._steps = 0

    def now_ms(self) -> int:
        """Milliseconds since 1970, as right as can be known.

        >>> clock = Clock(lambda: 5, lambda: 70)
        >>> clock.now_ms(), clock.offset_ms
        (5, 0)
        >>> clock.learn(1_000_000, 50, 70)
        >>> clock.now_ms(), clock.offset_ms
        (1000010, 1000005)
        """
        zero_ms = self._zero_ms
        return self._device_ms() if zero_ms is None else int(zero_ms + self.steady_ms())

    @property
    def offset_ms(self) -> int:
        """What is added to the device's clock."""
        return self.now_ms() - self._device_ms()

    def learn(self, server_ms: int, sent_ms: int, received_ms: int) -> None:
        """Take an answer into account that says `server_ms`; the other two are steady times."""
        if server_ms <= 0:
            return
        noise_ms = (received_ms - sent_ms) / 2
        zero_ms = server_ms + noise_ms - received_ms
        if self._zero_ms is None:
            self._zero_ms = zero_ms
            return
        away_ms = zero_ms - self._zero_ms
        if abs(away_ms) <= noise_ms:
            self._steps = 0
        elif abs(away_ms) <= STEP_MS + noise_ms:
            self._steps = 0
            self._zero_ms += GAIN * away_ms
        else:
            self._steps += 1
            if self._steps >= STEPS_AGREEING:
                self._steps, self._zero_ms = 0, zero_ms

    def placed(self, times_ms: Times) -> Times:
        """Times that a caller gave, those of them corrected that come from this device's clock.

        `times_ms` is one time or int64 of shape [rows].
        """
        if self._zero_ms is None or self._trust_given:
            return times_ms
        offset_ms = self.offset_ms
        own = abs(times_ms - self._device_ms()) <= DEVICE_TIME_MS
        return times_ms + own * offset_ms
