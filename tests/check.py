"""`make check`: every check that needs no running product, as many at once as there are cores.

Runs all of them whatever fails, prints one line a check in this order, and shows the output of
those that failed. Exits 1 when one failed. Knows nothing of what the checks look at: their
settings are in pyproject.toml and proto/buf.yaml.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
# The command of each check; its first word is a program of this environment.
CHECKS = {
    "format": "ruff format --check",
    "lint": "ruff check",
    "types": "mypy",
    "imports": "lint-imports",
    "generated code": "python proto/generate.py --check",
    "messages": "buf lint proto",
    "tidy": "pytest -q tests/test_tidy.py",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one check; `seconds` is its wall time beside the others."""

    passed: bool
    seconds: float
    output: str


def run(command: str) -> Outcome:
    program, *arguments = command.split()
    start = time.monotonic()
    done = subprocess.run(
        [BIN / program, *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Outcome(done.returncode == 0, time.monotonic() - start, done.stdout)


def main() -> int:
    failed: list[str] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = pool.map(run, CHECKS.values())
        for (name, command), outcome in zip(CHECKS.items(), outcomes, strict=True):
            word = "ok" if outcome.passed else "failed"
            print(f"{name:<15} {word:<7} {outcome.seconds:5.1f} s  {command}", flush=True)
            if not outcome.passed:
                failed.append(name)
                print(outcome.output, flush=True)
    print(f"failed: {', '.join(failed)}" if failed else f"all {len(CHECKS)} checks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
