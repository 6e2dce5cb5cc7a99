"""The command `whitebox-agent` on a device whose clock is set while it runs.

`python shifted.py FILE ARGUMENTS...`: the device's clock is off by the milliseconds in FILE, which
is read again and again. The product has no such hook; this process replaces its reading of the
system's clock.
"""

from __future__ import annotations

import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from whitebox_agent import agent
from whitebox_agent.cli import main

POLL_S = 0.05


class Shift:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._ms = 0
        self._read()
        threading.Thread(target=self._follow, daemon=True).start()

    def _read(self) -> None:
        with suppress(OSError, ValueError):
            self._ms = int(self._path.read_text())

    def _follow(self) -> None:
        while True:
            time.sleep(POLL_S)
            self._read()

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self._ms


if __name__ == "__main__":
    agent.device_ms = Shift(Path(sys.argv[1])).now_ms
    sys.exit(main(sys.argv[2:]))
