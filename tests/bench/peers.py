"""The peers' environment under build/, made once, and the worker that runs in it.

whylogs 1.6.4 needs numpy < 2 and pandas < 3, so it cannot live where this project does. Its worker
is one process for the whole bench: it draws the same rows from the same seed, and has its turns
between ours. Knows nothing of what is measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "bench-peers"
REQUIREMENTS = ("whylogs==1.6.4", "numpy<2", "pandas<3", "pyarrow")
_BIN = Path(sys.executable).parent
# whylogs must not report its use while it is timed, and no other path may lend it modules.
_ENVIRONMENT = {"WHYLOGS_NO_ANALYTICS": "True", "PYTHONPATH": ""}


class PeersError(Exception):
    """The peers cannot be measured here; the message says why."""


class Worker:
    """A process that answers one line of JSON with another."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process = process
        self._log = log

    def ask(self, do: str, **arguments: object) -> dict[str, Any]:
        """Let the worker do something; PeersError when it could not."""
        asked, answers = self._pipes()
        try:
            asked.write(json.dumps({"do": do, **arguments}) + "\n")
            asked.flush()
        except BrokenPipeError:
            raise PeersError(f"whylogs' worker ended: see {self._log}") from None
        line = answers.readline()
        if not line:
            raise PeersError(f"whylogs' worker ended on {do!r}: see {self._log}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout


@contextmanager
def running_worker() -> Iterator[Worker]:
    """A worker of whylogs while the context lasts; PeersError when it cannot be had here."""
    python = _environment()
    log = FOLDER / "worker.log"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [python, "-m", "tests.bench.whylogs_worker"],
            cwd=ROOT,
            env={**os.environ, **_ENVIRONMENT},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        # Leaving the context closes the worker's input, and with that it ends.
        yield Worker(process, log)


def _environment() -> Path:
    """The Python of the peers' environment, which is made where it is not complete."""
    python, ready = FOLDER / "bin" / "python", FOLDER / "ready"
    wanted = "\n".join((sys.version, *REQUIREMENTS))
    if ready.is_file() and ready.read_text() == wanted:
        return python
    print(f"installing {REQUIREMENTS[0]} into {FOLDER.relative_to(ROOT)}", file=sys.stderr)
    _uv("venv", "--clear", "--python", sys.executable, str(FOLDER))
    _uv("pip", "install", "--python", str(python), *REQUIREMENTS)
    ready.write_text(wanted)
    return python


def _uv(*arguments: str) -> None:
    try:
        subprocess.run([_BIN / "uv", *arguments], check=True, capture_output=True, text=True)
    except OSError as error:
        raise PeersError(f"the peers' environment cannot be made: {error}") from error
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["uv failed"])[-1].strip()
        raise PeersError(f"the peers' environment cannot be made: {last}") from error
