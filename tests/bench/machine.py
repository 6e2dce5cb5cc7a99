"""What the figures were taken on: they mean nothing without it."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.peers import ROOT
from whitebox_agent.fold.numeric import faster_kernel

_PACKAGES = ("whitebox-edge", "numpy", "pandas", "pyarrow", "protobuf", "grpcio")


def describe_machine() -> dict[str, str | int]:
    """Processor, versions, and the kernel that the fold chose, by flat keys."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        **{name.replace("-", "_"): metadata.version(name) for name in _PACKAGES},
        "numpy_simd": " ".join(_simd()),
        "fold_kernel": faster_kernel(),
        "commit": _commit(),
    }


def load_1m() -> float:
    """How many processes wanted to run in the last minute: above the bench's own 1, others did."""
    return os.getloadavg()[0]


def _processor() -> str:
    if sys.platform == "linux":
        text = Path("/proc/cpuinfo").read_text()
        found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
        if found:
            return found[1]
    return platform.processor() or "unknown"


def _simd() -> list[str]:
    """What numpy found of the instruction sets it can use, the plainest first."""
    config: Any = np.show_config(mode="dicts")
    extensions = config.get("SIMD Extensions", {})
    return [*extensions.get("baseline", ()), *extensions.get("found", ())]


def _commit() -> str:
    """The commit that is checked out; empty outside a repository."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
