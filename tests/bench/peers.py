"""The peers' environments under build/, each made once, and the workers that run in them.

whylogs 1.6.4 needs numpy < 2 and pandas < 3, so it cannot live where this project does, and others
are like it. A worker is one process for the whole bench that answers what it is asked, beside or
between our own turns. Knows nothing of what is measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parents[2]
_BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Peers:
    """Packages that share an environment, the worker that runs in it, and its variables."""

    folder: Path
    requirements: tuple[str, ...]
    worker: str
    variables: Mapping[str, str]

    @property
    def name(self) -> str:
        """The worker's name without its module: `whylogs_worker`."""
        return self.worker.rpartition(".")[2]


WHYLOGS = Peers(
    folder=ROOT / "build" / "bench-peers",
    requirements=("whylogs==1.6.4", "numpy<2", "pandas<3", "pyarrow"),
    worker="tests.bench.whylogs_worker",
    # whylogs must not report its use while it is timed.
    variables={"WHYLOGS_NO_ANALYTICS": "True"},
)


class PeersError(Exception):
    """The peers cannot be measured here; the message says why."""


class Worker:
    """A process that answers one line of JSON with another."""

    def __init__(self, name: str, process: subprocess.Popen[str], log: Path) -> None:
        self._name = name
        self._process = process
        self._log = log

    def ask(self, do: str, **arguments: object) -> dict[str, Any]:
        """Let the worker do something; PeersError when it could not."""
        asked, answers = self._pipes()
        try:
            asked.write(json.dumps({"do": do, **arguments}) + "\n")
            asked.flush()
        except BrokenPipeError:
            raise PeersError(f"{self._name} ended: see {self._log}") from None
        line = answers.readline()
        if not line:
            raise PeersError(f"{self._name} ended on {do!r}: see {self._log}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout


@contextmanager
def running_worker(peers: Peers = WHYLOGS) -> Iterator[Worker]:
    """A worker of the peers while the context lasts; PeersError when it cannot be had here."""
    python = environment(peers)
    log = peers.folder / f"{peers.name}.log"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [python, "-m", peers.worker],
            cwd=ROOT,
            # No other path may lend it modules.
            env={**os.environ, **peers.variables, "PYTHONPATH": ""},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        # Leaving the context closes the worker's input, and with that it ends.
        yield Worker(peers.name, process, log)


def environment(peers: Peers) -> Path:
    """The Python of the peers' environment, which is made where it is not complete."""
    python, ready = peers.folder / "bin" / "python", peers.folder / "ready"
    wanted = "\n".join((sys.version, *peers.requirements))
    if ready.is_file() and ready.read_text() == wanted:
        return python
    where = peers.folder.relative_to(ROOT)
    print(f"installing {', '.join(peers.requirements)} into {where}", file=sys.stderr)
    _uv("venv", "--clear", "--python", sys.executable, str(peers.folder))
    _uv("pip", "install", "--python", str(python), *peers.requirements)
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
