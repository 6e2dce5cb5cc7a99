"""The strangers whom the statistics are compared with, and rows handed to them.

Evidently and NannyML live in one environment under build/, as NannyML 0.13.1 needs numpy < 2 and
pandas < 3; each has a worker of its own, so that both run at once. They get the very rows that we
judge, as .npy files, and answer with scores and verdicts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.bench.peers import ROOT, Peers, Worker, running_worker
from whitebox_wire.vector import FloatArray

_FOLDER = ROOT / "build" / "bench-strangers"
_REQUIREMENTS = ("evidently==0.7.23", "nannyml==0.13.1", "numpy<2", "pandas<3", "pyarrow<20")
# Nobody is to report their use from here, and one thread each leaves a core to the other.
_VARIABLES = {
    "DO_NOT_TRACK": "1",
    "NML_DISABLE_USAGE_LOGGING": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
EVIDENTLY, NANNYML = (
    Peers(_FOLDER, _REQUIREMENTS, f"tests.bench.stats.{name}_worker", _VARIABLES)
    for name in ("evidently", "nannyml")
)


@dataclass(frozen=True, slots=True)
class Said:
    """What a stranger says of windows: scores (higher is worse) and its own verdicts.

    Both have the shape [windows, columns].
    """

    scores: FloatArray
    drifted: npt.NDArray[np.bool_]


class Stranger:
    """One of them, asked through files in a folder."""

    def __init__(self, name: str, worker: Worker, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self._worker = worker

    def prepare(self, reference: FloatArray, categorical: Sequence[bool], rows: int) -> None:
        """Give it a reference, shape [rows, columns], and the rows of a window to come."""
        path = self._write("reference", reference)
        self._worker.ask("prepare", reference=path, categorical=list(categorical), rows=rows)

    def judge(self, windows: FloatArray, columns: Sequence[int] | None = None) -> Said:
        """Let it judge windows, shape [windows, rows, columns], of some columns or of all."""
        places = list(range(windows.shape[2]) if columns is None else columns)
        path = self._write("windows", windows)
        said = self._worker.ask("judge", windows=path, columns=places)
        return Said(np.array(said["scores"]), np.array(said["drifted"], np.bool_))

    def versions(self) -> dict[str, str]:
        """Its version by its name."""
        return self._worker.ask("versions")

    def ask(self, do: str, **arguments: object) -> dict[str, Any]:
        """Let it do what its worker alone can do."""
        return self._worker.ask(do, **arguments)

    def datasets(self) -> Path:
        """The folder of the data sets that its wheel packs; NannyML alone has one."""
        return Path(self._worker.ask("datasets")["folder"])

    def _write(self, what: str, rows: FloatArray) -> str:
        path = self.folder / f"{self.name}-{what}.npy"
        np.save(path, rows)
        return str(path)


@contextmanager
def running(peers: Peers, name: str, folder: Path) -> Iterator[Stranger]:
    """A stranger while the context lasts; PeersError when it cannot be had here."""
    with running_worker(peers) as worker:
        yield Stranger(name, worker, folder)
