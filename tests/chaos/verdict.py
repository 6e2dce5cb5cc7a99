"""What must be so after a round of chaos, whatever happened in it.

Every window of the hub's holds, bit for bit, what one pass over its call's rows gives, or nothing.
Nothing is allowed where the call was not acknowledged, and where the store was damaged and the
ledger counts as many rows as lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tests.chaos.model import FIRST_S, HOUR_S, SPEC, Call
from tests.chaos.world import Client
from whitebox_agent.buffer import Books
from whitebox_hub.store.sqlite import open_sqlite
from whitebox_wire.layout import Section
from whitebox_wire.messages import DropReason, RowLedger
from whitebox_wire.vector import IntVector

_WINDOWS_MAX = 1_000_000
_STREAMS = {Section.FEATURES: "inferences", Section.LABELS: "labels"}


def hub_sums(store: Path) -> Mapping[int, Mapping[Section, IntVector]]:
    """What the hub holds, by the number of the call."""
    with open_sqlite(str(store)) as opened:
        windows = opened.sketches.windows(SPEC.model_id, 0, _WINDOWS_MAX)
        return {
            (window.start_s - FIRST_S) // HOUR_S: opened.sketches.vectors(window)
            for window in windows
        }


def check(client: Client, store: Path, books: Books, *, damaged: bool) -> str:
    """Compare; AssertionError when anything is not as promised. Gives a line of figures."""
    sums = hub_sums(store)
    calls = {number: Call(client.seed, number) for number in range(client.number)}
    assert sums.keys() <= calls.keys(), "rows nobody logged"
    for number, found in sums.items():
        wanted = calls[number].folded()
        for section, vector in found.items():
            assert np.array_equal(vector, wanted[section]), f"call {number}: {section.value}"
    [ledger] = books.ledgers
    missing = _missing(client, sums, calls)
    for section, name in _STREAMS.items():
        rows: RowLedger = getattr(ledger, name)
        assert rows.balances, f"{name} do not balance: {rows}"
        lost = rows.dropped.get(DropReason.CORRUPTION, 0)
        assert damaged or not lost, f"{lost} {name} lost without damage"
        if section is Section.FEATURES or not damaged:
            assert missing[section] <= lost, f"{missing[section]} acknowledged {name} are missing"
        arrived = sum(
            calls[number].batch.rows for number, found in sums.items() if section in found
        )
        assert arrived >= rows.acknowledged, f"{rows.acknowledged - arrived} {name} of nowhere"
    return (
        f"calls={client.number} acknowledged={len(client.acknowledged)}"
        f" arrived={len(sums)} rows={ledger.inferences.recorded}"
        f" lost={sum(ledger.inferences.dropped.values())}"
    )


def _missing(
    client: Client, sums: Mapping[int, Mapping[Section, IntVector]], calls: Mapping[int, Call]
) -> dict[Section, int]:
    """The acknowledged rows that are not in the hub's sums."""
    told = {Section.FEATURES: client.acknowledged, Section.LABELS: client.labelled}
    return {
        section: sum(calls[n].batch.rows for n in numbers if section not in sums.get(n, {}))
        for section, numbers in told.items()
    }
