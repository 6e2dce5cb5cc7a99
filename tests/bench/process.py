"""A command of this project as a process of its own, from its ready line to SIGTERM."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_BIN = Path(sys.executable).parent
_KIB_PER_MIB = 1024
# Whoever has settings in the environment is measured with the defaults all the same. Compiling
# modules at every start, as Python does when it may not write them, leaves memory behind.
_LEFT_OUT = ("WHITEBOX_AGENT_", "WHITEBOX_HUB_", "PYTHONDONTWRITEBYTECODE")


@dataclass(frozen=True, slots=True)
class Daemon:
    """A running process and what it said when it was ready."""

    pid: int
    ready: str

    def said(self, key: str) -> str:
        """A value of the ready line, such as an address with its real port."""
        found = re.search(rf"\b{key}=(\S+)", self.ready)
        assert found, f"no {key} in {self.ready!r}"
        return found[1]

    def memory_mib(self, field: str) -> float:
        """A size that the kernel tells of the process, such as VmRSS; Linux only."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(rf"^{field}:\s+(\d+) kB$", status, re.MULTILINE)
        assert found, f"no {field} of process {self.pid}"
        return int(found[1]) / _KIB_PER_MIB


@contextmanager
def running(
    command: Sequence[str], folder: Path, settings: Mapping[str, str] | None = None
) -> Iterator[Daemon]:
    """The command while the context lasts, in `folder`, where its log is written.

    `settings` are variables of its environment, beside which the defaults hold.

    Raises:
        RuntimeError: it ended before it was ready; the message ends with the last of its log.
    """
    log = folder / f"{command[0]}.log"
    environment = {n: value for n, value in os.environ.items() if not n.startswith(_LEFT_OUT)}
    with (
        log.open("a+") as errors,
        subprocess.Popen(
            [_BIN / command[0], *command[1:]],
            cwd=folder,
            env={**environment, **(settings or {})},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            ready = process.stdout.readline()
            if not ready:
                raise RuntimeError(f"{command[0]} did not start: {log.read_text()[-1_000:]}")
            yield Daemon(process.pid, ready)
        finally:
            process.terminate()
