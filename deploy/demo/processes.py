"""The demo's child processes: started with a log each, listened to, and none left behind.

Children are in sessions of their own, so a Ctrl-C reaches only their parent, which ends them. Their
ids are in a file from the start: a run that was killed, or that keeps them, can be ended by anybody
with `kill $(cat FILE)`, and the next run in the folder does it first. Knows nothing of what the
children do.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parents[2]
PIDS = "pids"
END_TIMEOUT_S = 15.0
LOG_TAIL_LINES = 15


class ChildDiedError(Exception):
    """A child ended before its time."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a child said on standard output; None when it said its last."""

    child: str
    text: str | None


class Crew:
    """The children of one run. Leaving the context ends them, unless `keep` was called."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._children: dict[str, subprocess.Popen[str]] = {}
        self._lines: queue.SimpleQueue[Line] = queue.SimpleQueue()
        self._kept = False

    def start(self, name: str, module: str, *arguments: object) -> None:
        """Run a module with this Python; its standard error goes to NAME.log."""
        command = [sys.executable, "-m", module, *map(str, arguments)]
        with self.log(name).open("w", encoding="utf-8") as log:
            child = subprocess.Popen(
                command,
                cwd=ROOT,
                env=_environment(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        self._children[name] = child
        pids = " ".join(str(child.pid) for child in self._children.values())
        (self._folder / PIDS).write_text(f"{pids}\n", encoding="utf-8")
        threading.Thread(target=self._listen, args=(name, child), daemon=True).start()

    def log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def next_line(self, timeout_s: float) -> Line | None:
        """The next line of any child, or None after so long.

        Raises:
            ChildDiedError: a child has ended.
        """
        try:
            line = self._lines.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if line.text is None:
            self._children[line.child].wait(END_TIMEOUT_S)
            raise ChildDiedError(f"{line.child} has ended")
        return line

    def keep(self) -> None:
        """Leave the children running after this process."""
        self._kept = True

    def obituaries(self) -> list[str]:
        """Of each child that has ended: how, and the end of its log."""
        ended = {name: child.poll() for name, child in self._children.items()}
        return [self._obituary(name, code) for name, code in ended.items() if code is not None]

    def end(self) -> None:
        """End every child and wait for it."""
        children = self._children.values()
        try:
            for child in children:
                child.terminate()
            deadline_s = time.monotonic() + END_TIMEOUT_S
            for child in children:
                # One that takes longer is killed.
                with suppress(subprocess.TimeoutExpired):
                    child.wait(max(deadline_s - time.monotonic(), 0.0))
        finally:
            for child in children:
                child.kill()
                child.wait()
            (self._folder / PIDS).unlink(missing_ok=True)

    def _listen(self, name: str, child: subprocess.Popen[str]) -> None:
        assert child.stdout is not None  # it was asked for
        for text in child.stdout:
            self._lines.put(Line(name, text.rstrip("\n")))
        self._lines.put(Line(name, None))

    def _obituary(self, name: str, code: int) -> str:
        log = self.log(name)
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_TAIL_LINES:]
        how = f"was ended by signal {-code}" if code < 0 else f"ended with status {code}"
        said = "\n".join(f"    {line}" for line in tail) or "    (nothing)"
        return f"{name} {how}; the end of {log}:\n{said}"

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._kept:
            self.end()


def end_kept(folder: Path) -> int:
    """End what an earlier run in this folder left running; how many processes that were.

    Raises:
        TimeoutError: one does not end.
    """
    try:
        pids = [int(pid) for pid in (folder / PIDS).read_text(encoding="utf-8").split()]
    except (OSError, ValueError):
        return 0
    kept = [pid for pid in pids if _is_of(pid, folder)]
    for pid in kept:
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + END_TIMEOUT_S
    while any(_is_of(pid, folder) for pid in kept):
        if time.monotonic() > deadline:
            raise TimeoutError(f"an earlier demo does not end; try: kill -9 {_words(kept)}")
        time.sleep(0.05)
    (folder / PIDS).unlink()
    return len(kept)


def _is_of(pid: int, folder: Path) -> bool:
    """Whether a process lives and works in the folder: ids are used again by others."""
    if sys.platform == "linux":
        try:
            command = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return False
    else:
        shown = subprocess.run(
            ["ps", "-o", "command=", "-p", str(pid)],  # noqa: S607  # every such system has one
            capture_output=True,
            text=True,
            check=False,
        )
        command = shown.stdout
    return f"{folder}/" in command


def _words(pids: Iterable[int]) -> str:
    return " ".join(map(str, pids))


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Ours without settings for other agents and hubs."""
    return {name: text for name, text in environment.items() if not name.startswith("WHITEBOX_")}
