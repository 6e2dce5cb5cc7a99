"""The first look at a whole data set: every column scanned, and a regression's errors."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from whitebox_agent.profile.progress import Meter
from whitebox_agent.profile.request import Request
from whitebox_agent.profile.sample import Sample
from whitebox_agent.profile.scan import ColumnScan
from whitebox_agent.profile.source import Source
from whitebox_agent.table import Table, numbers
from whitebox_wire.errors import DataError
from whitebox_wire.messages import Dataset
from whitebox_wire.vector import FloatArray

# Numbers kept of a column: two standard errors of a quantile's share are then 0.001.
SAMPLE_MAX = 1_000_000
# Numbers kept of all columns together, 128 MiB (320 MiB with their ranks while some are dropped).
SAMPLES_MAX = 1 << 24


@dataclass(frozen=True, slots=True)
class DataScan:
    """`names` are all columns in order of appearance; `columns` are those that were scanned."""

    rows: int
    names: tuple[str, ...]
    columns: Mapping[str, ColumnScan]
    errors: Sample


def scan_rows(source: Source, dataset: Dataset, request: Request, meter: Meter) -> DataScan:
    """Look at every row of a data set.

    Raises:
        DataError: it is empty, or has no target or score column.
    """
    what = f"the {dataset.value} set"
    names: dict[str, None] = {}
    scans: dict[str, ColumnScan] = {}
    errors = Sample(SAMPLE_MAX)
    rows, sample_max = 0, SAMPLE_MAX
    meter.begin(f"reading {what}", source.rows)
    for table in source.chunks():
        if table.rows and not rows:
            _check_columns(request, table.columns, what)
            sample_max = min(SAMPLE_MAX, SAMPLES_MAX // len(table.columns))
        rows += table.rows
        names.update(dict.fromkeys(table.columns))
        for name, cells in table.columns.items():
            if name in request.exclude:
                continue
            if name not in scans:
                wanted = request.types.get(name)
                scans[name] = ColumnScan(sample_max, categorical=wanted == "categorical")
            scans[name].add(cells)
        if request.regression:
            errors.add(_absolute_errors(table, request))
        meter.add(table.rows)
    if not rows:
        raise DataError(f"{what} is empty", hint="a spec is made from at least one row")
    return DataScan(rows, tuple(names), scans, errors)


def _check_columns(request: Request, columns: Collection[str], what: str) -> None:
    for role, name in (("target", request.target), *(("score", s) for s in request.scores)):
        if name not in columns:
            some = ", ".join(sorted(columns)[:20])
            raise DataError(f"{what} has no {role} column {name!r}", hint=f"it has: {some}")


def _absolute_errors(table: Table, request: Request) -> FloatArray:
    """|prediction - target| of the rows that have both."""
    prediction, target = (table.columns.get(n) for n in (request.prediction, request.target))
    if prediction is None or target is None:
        return np.empty(0)
    with np.errstate(invalid="ignore", over="ignore"):
        sizes = np.abs(numbers(prediction) - numbers(target))
    found: FloatArray = sizes[np.isfinite(sizes)]
    return found
