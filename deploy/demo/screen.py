"""The demo's progress: a line a step, and one line that is drawn again and again between them.

On a terminal the moving line overwrites itself; elsewhere (a log, a pipe) it is a plain line every
few seconds.
"""

from __future__ import annotations

import shutil
import sys
import time

PLAIN_INTERVAL_S = 2.0
MOVING_INTERVAL_S = 0.1
NAME_COLUMNS = 12


class Screen:
    """Writes to standard output; `seconds` is the time since it was made."""

    def __init__(self) -> None:
        self._start_s = self._step_s = time.monotonic()
        self._moving = sys.stdout.isatty()
        self._shown_s = 0.0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start_s

    def say(self, text: str = "") -> None:
        """Lines that stay."""
        clear = "\r\x1b[K" if self._moving else ""
        print(f"{clear}{text}", flush=True)

    def done(self, name: str, text: str) -> None:
        """A step is done: what came of it and how long it took."""
        now_s = time.monotonic()
        took = f"{now_s - self._step_s:.1f} s"
        self._step_s = now_s
        self.say(f"  {name:{NAME_COLUMNS}}{text:78}{took:>7}")

    def more(self, text: str) -> None:
        """Another line on the step before."""
        self.say(f"  {'':{NAME_COLUMNS}}{text}")

    def moving(self, text: str) -> None:
        """Where the step under way is."""
        now_s = time.monotonic()
        interval_s = MOVING_INTERVAL_S if self._moving else PLAIN_INTERVAL_S
        if now_s - self._shown_s < interval_s:
            return
        self._shown_s = now_s
        line = f"  {'':{NAME_COLUMNS}}{text}"
        if self._moving:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\x1b[K{line[:width]}", end="", flush=True)
        else:
            print(line, flush=True)
