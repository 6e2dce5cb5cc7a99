"""The bench runs and writes every figure it promises; what the figures are is nobody's test."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

RUN = Path(__file__).parent / "run.py"
KEYS = {
    *("fold_ns_1000", "fold_ns_10000", "fold_ns_100000", "fold_vs_floor_10000"),
    *("mixed_ns_10000", "mixed_frame_ns_10000"),
    *("log_us", "log_p50_us", "log_p99_us", "merge_us"),
    *("window_bytes", "parquet_window_bytes", "json_window_bytes"),
    *("idle_rss_mib", "idle_with_hub_rss_mib"),
}


def test_a_quick_bench_writes_every_figure_of_ours_and_says_what_it_left_out(
    tmp_path: Path,
) -> None:
    output = tmp_path / "bench.json"

    done = subprocess.run(
        [sys.executable, RUN, "--quick", "--output", output],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    figures = json.loads(output.read_text())
    assert figures.keys() >= KEYS
    assert all(math.isfinite(figures[key]) and figures[key] > 0 for key in KEYS)
    assert not [key for key in figures if "whylogs" in key]
    assert "whylogs was not measured" in done.stdout
