"""Make `evidently.json`: what Evidently's drift report says of `frames`, by its defaults.

Runs in the environment that `make bench-stats` makes for strangers (`build/bench-strangers`); the
scores and methods are those of the report, the verdicts those of its tests, and the report's count
of drifted columns must agree with them or nothing is written.

Run: build/bench-strangers/bin/python -m tests.hub.statistics.golden.make_evidently
"""

from __future__ import annotations

import json
import warnings
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

from tests.hub.statistics.golden.frames import Comparison, comparisons

OUT = Path(__file__).with_name("evidently.json")


def said_of(comparison: Comparison) -> dict[str, Any]:
    """Method, threshold, score and verdict by column; how many drifted."""
    evidently: Any = import_module("evidently")
    presets: Any = import_module("evidently.presets")
    definition = evidently.DataDefinition(
        numerical_columns=list(comparison.numeric), categorical_columns=list(comparison.categorical)
    )
    frames = [
        evidently.Dataset.from_pandas(frame.reset_index(drop=True), data_definition=definition)
        for frame in (comparison.current, comparison.reference)
    ]
    report = evidently.Report([presets.DataDriftPreset()]).run(*frames).dict()
    counted, *columns = report["metrics"]
    said = {}
    for metric in columns:
        config, score = metric["config"], float(metric["value"])
        name, method, threshold = config["column"], config["method"], config["threshold"]
        drifted = score < threshold if method.endswith("p_value") else score >= threshold
        said[name] = {
            "method": method,
            "threshold": threshold,
            "score": round(score, 9),
            "drifted": drifted,
        }
    if sum(column["drifted"] for column in said.values()) != counted["value"]["count"]:
        raise ValueError(f"{comparison.name}: the report counts other columns as drifted")
    return {"drifted": int(counted["value"]["count"]), "columns": said}


def main() -> None:
    warnings.simplefilter("ignore")
    names = ("evidently", "numpy", "pandas", "scipy")
    document = {
        "versions": {name: metadata.version(name) for name in names},
        "comparisons": {c.name: said_of(c) for c in comparisons()},
    }
    OUT.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
