"""The second look, at rows with labels: a fair sample of a data set, read as an agent reads rows.

Needed before the references are counted, since what is learnt here is part of the spec. Which rows
are taken depends on their places alone.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from whitebox_agent.fold.batch import take_column, take_rows
from whitebox_agent.profile.progress import Meter
from whitebox_agent.profile.sample import place_ranks
from whitebox_agent.profile.source import Source
from whitebox_agent.table import Encoder
from whitebox_wire.messages import Column, InferenceBatch
from whitebox_wire.spec import ModelSpec

# Cells that a sample may hold: 128 MiB of numbers.
SAMPLE_CELLS_MAX = 1 << 24
_RANKS = 1 << 64


def labelled_rows(
    source: Source, spec: ModelSpec, rows_max: int, meter: Meter
) -> Iterator[tuple[InferenceBatch, Column]]:
    """About `rows_max` rows and their targets (all of them where there are fewer), in order.

    The source must have been read once, so that its rows are counted.
    """
    encoder = Encoder(spec, b"")
    meter.begin("reading labels", source.rows)
    rows = source.rows or 1
    limit = np.uint64(min(_RANKS * rows_max // rows, _RANKS - 1))
    start = 0
    for table in source.chunks():
        chosen = np.flatnonzero(place_ranks(start, table.rows) <= limit)
        start += table.rows
        batch = encoder.batch(table, received_ms=0)
        yield take_rows(batch, chosen), take_column(encoder.targets(table), chosen)
        meter.add(table.rows)
