"""The whole statistics bench: every experiment in turn, then build/stats.json and the tables.

Exits 1 when the strangers could not be measured (our own figures are written all the same), never
because a goal is missed: the lines at the end say it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path

from tests.bench.machine import describe_machine
from tests.bench.peers import ROOT, PeersError
from tests.bench.stats import strangers
from tests.bench.stats.binned import measure_binned
from tests.bench.stats.car_loan import measure_car_loan
from tests.bench.stats.cbpe import measure_cbpe
from tests.bench.stats.delay import measure_delay
from tests.bench.stats.goals import verdicts
from tests.bench.stats.plan import Figures, Outcome, Plan, Table
from tests.bench.stats.quiet import measure_quiet
from tests.bench.stats.tail import measure_tail
from tests.bench.stats.type_one import measure_type_one

EXPERIMENTS: tuple[Callable[[Plan], Outcome], ...] = (
    measure_type_one,
    measure_tail,
    measure_quiet,
    measure_delay,
    measure_binned,
    measure_car_loan,
    measure_cbpe,
)
QUICK = "Evidently and NannyML were not measured: this is a quick run"


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    output: Path = options.output
    output.parent.mkdir(parents=True, exist_ok=True)
    facts: dict[str, str | int] = dict(describe_machine())
    figures: Figures = {}
    tables: list[Table] = []
    with ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="stats-", dir=output.parent))
        asked, without = ([], QUICK) if options.quick else _strangers(stack, Path(name))
        for stranger in asked:
            facts |= stranger.versions()
        datasets = asked[-1].datasets() if asked else None
        workers = stack.enter_context(_workers(quick=options.quick))
        plan = Plan(workers, tuple(asked), datasets, quick=options.quick)
        stack.enter_context(plan.threads)
        for measure in EXPERIMENTS:
            outcome = measure(plan)
            figures |= outcome.figures
            tables += outcome.tables
    rounded = {key: round(figure, 6) for key, figure in figures.items()}
    output.write_text(json.dumps(facts | rounded, indent=2) + "\n", encoding="utf-8")
    print("\n\n".join(table.markdown() for table in tables), end="\n\n")
    # So few draws say nothing of a goal.
    said = [] if options.quick else verdicts(figures)
    print("\n".join([*said, *([without] if without else []), f"figures: {output}"]))
    return 1 if without and not options.quick else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure statistics beside Evidently and NannyML.")
    parser.add_argument("--quick", action="store_true", help="a few seconds, and without them")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "stats.json")
    return parser


def _workers(*, quick: bool) -> Executor:
    """A process for every core; for a quick run a thread, which need not start."""
    if quick:
        return ThreadPoolExecutor(1)
    # Fresh processes: a fork of one that has threads may hang.
    return ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn"))


def _strangers(stack: ExitStack, folder: Path) -> tuple[list[strangers.Stranger], str]:
    """The strangers, or why there are none."""
    # NannyML last: it has the data sets.
    known = {"Evidently": strangers.EVIDENTLY, "NannyML": strangers.NANNYML}
    try:
        return [
            stack.enter_context(strangers.running(peers, name, folder))
            for name, peers in known.items()
        ], ""
    except PeersError as error:
        print(error, file=sys.stderr)
        return [], f"Evidently and NannyML were not measured: {error}"
