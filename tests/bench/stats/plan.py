"""What every experiment is given: how thorough to be, beside whom, and who does our own work.

Experiments hand work to the pool, and rows to the strangers from threads meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from tests.bench.progress import progress
from tests.bench.stats.strangers import Stranger

T = TypeVar("T")
Result = TypeVar("Result")

Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of text under a title, with what must be known to read it."""

    title: str
    note: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """The table as the guide has it.

        >>> print(Table("t", "n", ("a", "b"), (("x", "1"),)).markdown().splitlines()[-1])
        | x | 1 |
        """
        lines = [f"### {self.title}", "", self.note, ""]
        lines.append(f"| {' | '.join(self.headings)} |")
        lines.append("|---" + "|---:" * (len(self.headings) - 1) + "|")
        lines += [f"| {' | '.join(row)} |" for row in self.rows]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an experiment found: figures for machines, tables for people."""

    figures: Figures
    tables: tuple[Table, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """`strangers` is empty where they are not measured; `quick` asks for the least of everything.

    `datasets` is the folder of NannyML's data sets, where its wheel is installed.
    """

    pool: Executor
    strangers: tuple[Stranger, ...] = ()
    datasets: Path | None = None
    quick: bool = False
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2))

    def few(self, thorough: int, quick: int) -> int:
        """How many of something to take."""
        return quick if self.quick else thorough

    def beside(
        self, ask: Callable[[Stranger], Result], of: str | None = None
    ) -> dict[str, Future[Result]]:
        """Ask every stranger, or the one of a name, in a thread; answers by name."""
        asked = [s for s in self.strangers if of in (None, s.name)]
        return {s.name: self.threads.submit(ask, s) for s in asked}

    def work(
        self, stage: str, function: Callable[[T], Result], tasks: Iterable[T]
    ) -> Iterator[Result]:
        """What a function of a module gives for each task, in their order, with progress."""
        tasks = list(tasks)
        with progress(stage) as told:
            for done, result in enumerate(self.pool.map(function, tasks), 1):
                told(done, len(tasks))
                yield result
