"""The statistics bench runs and writes every figure of ours; what they are is nobody's test."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

RUN = Path(__file__).parent / "run.py"
KEYS = {
    *("type1_worst_ratio", "type1_least_ratio", "type1_not_judged_share"),
    *("tail_data_drift_ratio_at_0.01", "tail_wasserstein_ratio_at_2e-05"),
    *("quiet_alarms_30d", "quiet_alarms_30d_worst"),
    *("delay_windows_010std", "delay_windows_025std", "delay_windows_050std"),
    *("ks_max_error", "w1_max_error", "psi_max_error", "auroc_max_error"),
    *("car_loan_alarms_before", "car_loan_delay_windows"),
}


def test_a_quick_bench_writes_every_figure_of_ours_and_says_what_it_left_out(
    tmp_path: Path,
) -> None:
    output = tmp_path / "stats.json"

    done = subprocess.run(
        [sys.executable, RUN, "--quick", "--output", output],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    figures = json.loads(output.read_text())
    assert figures.keys() >= KEYS
    assert all(math.isfinite(figures[key]) and figures[key] >= 0 for key in KEYS)
    assert not [key for key in figures if "evidently" in key or "nannyml" in key]
    assert "Evidently and NannyML were not measured" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["stats.json"]
