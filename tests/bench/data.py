"""The rows that everybody is measured on, drawn anew from a seed wherever they are needed.

Runs in the peers' environment as in ours, so it imports numpy alone. A digest of what was drawn
tells whether two environments have the same rows: numpy does not promise that for all versions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Texts = list[str | None]
Drawn = Mapping[str, Floats | Texts]

MISSING_SHARE = 0.02
VOCABULARY = tuple(f"category-{place:02d}" for place in range(20))


def draw(rows: int, floats: int, texts: int = 0, *, seed: int = 0) -> dict[str, Floats | Texts]:
    """Columns by name: `floats` of numbers (float64, NaN where missing), then `texts` of words.

    The numbers follow five laws in turn: normal, log-normal, exponential, gamma and uniform. A
    word is the rarer the later it stands in the vocabulary.

    >>> [len(column) for column in draw(10, 1, 1).values()]
    [10, 10]
    """
    rng = np.random.default_rng(seed)
    laws = (
        lambda: rng.normal(0.0, 1.0, rows),
        lambda: rng.lognormal(0.0, 1.0, rows),
        lambda: rng.exponential(1.0, rows),
        lambda: rng.gamma(2.0, 1.0, rows),
        lambda: rng.uniform(0.0, 1.0, rows),
    )
    drawn: dict[str, Floats | Texts] = {}
    for place in range(floats):
        column = laws[place % len(laws)]()
        column[rng.uniform(size=rows) < MISSING_SHARE] = np.nan
        drawn[f"number_{place:02d}"] = column
    weights = 0.8 ** np.arange(len(VOCABULARY))
    for place in range(texts):
        codes = rng.choice(len(VOCABULARY), rows, p=weights / weights.sum())
        missing = rng.uniform(size=rows) < MISSING_SHARE
        drawn[f"text_{place:02d}"] = [
            None if gone else VOCABULARY[code]
            for code, gone in zip(codes.tolist(), missing.tolist(), strict=True)
        ]
    return drawn


def dicts(columns: Drawn) -> list[dict[str, object]]:
    """The rows as a serving process has them: one dict each, None where a value is missing."""
    cells = [
        [None if value != value else value for value in column]  # noqa: PLR0124  # only NaN differs
        for column in (c if isinstance(c, list) else c.tolist() for c in columns.values())
    ]
    return [dict(zip(columns, row, strict=True)) for row in zip(*cells, strict=True)]


def digest(columns: Drawn) -> str:
    """SHA-256 of every cell, as hexadecimal."""
    found = hashlib.sha256()
    for name, column in columns.items():
        found.update(name.encode())
        found.update(repr(column).encode() if isinstance(column, list) else column.tobytes())
    return found.hexdigest()
