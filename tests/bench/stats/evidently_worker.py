"""Evidently's side of the statistics bench: its default test of each column of each window.

Runs in the environment of `strangers` and imports nothing of Whitebox. The test is the one that
Evidently itself chooses for a reference of that many rows and a column of that type, with its own
threshold. It is called as the drift report calls it; the report around it takes seconds a window.
"""

from __future__ import annotations

import warnings
from importlib import import_module, metadata
from typing import Any

import numpy as np

from tests.bench.serving import serve

Answer = dict[str, object]


class Evidently:
    """One reference, and what Evidently says of windows of rows."""

    def __init__(self) -> None:
        self._pandas: Any = import_module("pandas")
        self._tests: Any = import_module("evidently.legacy.calculations.stattests")
        self._types: Any = import_module("evidently.legacy.core").ColumnType
        self._columns: list[Any] = []
        self._kinds: list[Any] = []

    def versions(self) -> Answer:
        return {"evidently": metadata.version("evidently")}

    def prepare(self, reference: str, categorical: list[bool], rows: int) -> Answer:
        """Read the reference, float64 of shape [rows, columns]; `rows` are those of a window."""
        del rows
        kinds = self._types
        self._kinds = [kinds.Categorical if c else kinds.Numerical for c in categorical]
        self._columns = [self._pandas.Series(column) for column in np.load(reference).T]
        return {}

    def judge(self, windows: str, columns: list[int]) -> Answer:
        """Scores and verdicts, shape [windows, columns], of float64 [windows, rows, columns]."""
        scores, drifted = [], []
        for window in np.load(windows):
            said = [self._test(c, values) for c, values in zip(columns, window.T, strict=True)]
            scores.append([float(s.drift_score) for s in said])
            drifted.append([bool(s.drifted) for s in said])
        return {"scores": scores, "drifted": drifted}

    def _test(self, column: int, values: Any) -> Any:
        reference, kind = self._columns[column], self._kinds[column]
        live = self._pandas.Series(values)
        return self._tests.get_stattest(reference, live, kind, None)(reference, live, kind, None)


if __name__ == "__main__":
    # What its dependencies deprecate is no news of ours.
    warnings.simplefilter("ignore")
    serve(Evidently())
