"""The whole bench: every measurement in turn, then build/bench.json and the table.

Exits 1 when the peers could not be measured (our own figures are written all the same), never
because a goal is missed: the machine may be busy, and the table says it.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.bench.fold import measure_fold
from tests.bench.log import measure_log
from tests.bench.machine import describe_machine, load_1m
from tests.bench.memory import measure_memory
from tests.bench.merge import measure_merge
from tests.bench.peers import ROOT, PeersError, Worker, running_worker
from tests.bench.plan import Figures, Plan
from tests.bench.table import format_table, missed
from tests.bench.window import measure_window

MEASUREMENTS: tuple[Callable[[Plan], Figures], ...] = (
    measure_fold,
    measure_log,
    measure_merge,
    measure_window,
    measure_memory,
)
QUICK = "whylogs was not measured: this is a quick run"


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    output: Path = options.output
    output.parent.mkdir(parents=True, exist_ok=True)
    facts: dict[str, str | float] = {**describe_machine(), "load_1m_before": load_1m()}
    with ExitStack() as stack:
        # Not in /tmp, which may be memory: the store must lie on a disk.
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-", dir=output.parent))
        worker, without = (None, QUICK) if options.quick else _worker(stack)
        if worker is not None:
            facts |= worker.ask("versions")
        figures: Figures = {}
        for measure in MEASUREMENTS:
            figures |= measure(Plan(Path(name), worker, quick=options.quick))
    facts["load_1m_after"] = load_1m()
    rounded = {key: round(figure, 3) for key, figure in figures.items()}
    output.write_text(json.dumps(facts | rounded, indent=2) + "\n", encoding="utf-8")
    print(_report(facts, figures, without, output), flush=True)
    return 1 if without and not options.quick else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure speed and size beside whylogs.")
    parser.add_argument("--quick", action="store_true", help="one round, and without whylogs")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "bench.json")
    return parser


def _worker(stack: ExitStack) -> tuple[Worker | None, str]:
    """A worker of whylogs, or why there is none."""
    try:
        return stack.enter_context(running_worker()), ""
    except PeersError as error:
        print(error, file=sys.stderr)
        return None, f"whylogs was not measured: {error}"


def _report(facts: dict[str, str | float], figures: Figures, without: str, output: Path) -> str:
    """The table with what it was taken on above it, and what is to be said below."""
    told = ("processor", "cores", "python", "numpy", "fold_kernel", "whylogs", "whylogs_numpy")
    lines = [
        ", ".join(f"{name} {facts[name]}" for name in told if name in facts),
        f"load {facts['load_1m_before']:.1f} before, {facts['load_1m_after']:.1f} after",
        "",
        format_table(figures),
        "",
    ]
    late = missed(figures)
    lines += [f"missed: {', '.join(late)}" if late else "every goal that was measured is reached"]
    lines += [without] if without else []
    return "\n".join([*lines, f"figures: {output}"])
