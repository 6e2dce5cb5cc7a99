"""README's example does what it says: it is run against a real hub, as a reader would run it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import numpy as np
import pandas as pd

README = Path(__file__).parents[1] / "README.md"
EXAMPLE_LINES_MAX = 10


def test_the_example_registers_a_model_and_its_row_and_label_reach_the_hub(tmp_path: Path) -> None:
    [example] = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    rng = np.random.default_rng(0)
    training = pd.DataFrame(
        {
            "age": rng.normal(40, 10, 2_000).round(),
            "job": rng.choice(["clerk", "nurse"], 2_000),
            "repaid": rng.choice(["no", "yes"], 2_000),
        }
    )
    training.to_csv(tmp_path / "loans.csv", index=False)
    hub = subprocess.Popen(
        [sys.executable, "-m", "whitebox_hub.cli", "serve"],
        cwd=tmp_path,
        env={
            **os.environ,
            "WHITEBOX_HUB_HTTP_ADDRESS": "127.0.0.1:0",
            "WHITEBOX_HUB_GRPC_ADDRESS": "127.0.0.1:0",
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert hub.stdout is not None
        said = dict(word.split("=", 1) for word in hub.stdout.readline().split() if "=" in word)
        here = example.replace("http://127.0.0.1:8800", said["http"])
        here = here.replace("127.0.0.1:8801", said["grpc"])

        subprocess.run([sys.executable, "-c", here], cwd=tmp_path, check=True, timeout=60)

        with urllib.request.urlopen(f"{said['http']}/v1/models/loans", timeout=10) as answer:
            totals = json.load(answer)["totals"]
    finally:
        hub.terminate()
        hub.communicate(timeout=30)
    assert (totals["rows"], totals["labelled_rows"]) == (1, 1)
    assert len([line for line in example.splitlines() if line]) <= EXAMPLE_LINES_MAX
