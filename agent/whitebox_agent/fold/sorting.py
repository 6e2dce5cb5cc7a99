"""Counting cells by sorting: fast wherever numpy sorts with SIMD, for any edges.

NaN sorts to the end and infinities to both ends, so one search of a column's marks in its sorted
values counts cells, missing and invalid values together. Values in the outermost cells stand in
one run at either end: only they can lie beyond the edges, and only they need clipping.
"""

from __future__ import annotations

import numpy as np

from whitebox_agent.fold.columns import TERM_MAX, NumericColumns, Tally, add_moments, excess
from whitebox_wire.vector import FloatArray


def add_by_sorting(values: FloatArray, columns: NumericColumns, part: slice, tally: Tally) -> None:
    """Add a block (float64, shape [columns of part, rows]) to a tally; overwrites `values`."""
    values.sort(axis=1)
    found = [values[i].searchsorted(marks) for i, marks in enumerate(columns.marks[part])]
    terms = columns.to_terms(values, part)
    rows, sums = terms.shape[1], tally.sums[part]
    missing, invalid = [], []
    for i, places in enumerate(found):
        cells = tally.cells[part.start + i, : places.size - 2]
        cells += places[1:-1] - places[:-2]
        first, low = int(places[0]), int(places[1])
        high, last, numbers = places[-3:].tolist()
        missing.append(rows - numbers)
        invalid.append(first + numbers - last)
        row = terms[i]
        row[:first] = 0.0
        row[last:] = 0.0
        if first < low:
            below = excess(columns.lowest[part][i] - row[first:low])
            sums[i, 2] += int(below.sum())
            np.maximum(row[first:low], -TERM_MAX, out=row[first:low])
        if high < last:
            beyond = excess(row[high:last] - columns.highest[part][i])
            sums[i, 3] += int(beyond.sum())
            np.minimum(row[high:last], TERM_MAX, out=row[high:last])
        if columns.wide[part.start + i]:
            np.clip(row, -TERM_MAX, TERM_MAX, out=row)
    tally.missing[part] += missing
    tally.invalid[part] += invalid
    add_moments(terms, sums)
