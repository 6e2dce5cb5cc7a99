"""What the tests of the tick share: a judge over a store, and windows for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.hub.conftest import HOUR_S, Bench, Clock, Ingest, Rows
from whitebox_hub.loop.judge import Judge, StepCounts
from whitebox_hub.monitor import Monitor, Rule
from whitebox_hub.store import Store, Window
from whitebox_hub.store.contexts import ContextBook
from whitebox_wire.layout import Section
from whitebox_wire.messages import SketchDelta


@dataclass(frozen=True)
class Tick:
    store: Store
    bench: Bench
    ingest: Ingest
    clock: Clock
    contexts: ContextBook

    def step(self, limit: int = 100) -> StepCounts:
        """One step of the tick at the clock's time."""
        return Judge(self.store, self.contexts).step(self.clock(), limit)

    def watch(self, metric: str, **fields: Any) -> Monitor:
        """Store a monitor, calibrated unless the fields say otherwise."""
        given = {"id": metric, "rule": Rule.CALIBRATED, **fields}
        monitor = Monitor(model_id="income", name=metric, metric=metric, **given)
        self.store.records.put_monitor(monitor)
        return monitor

    def features(self, window: int, *, shift: float = 0.0, rows: int = 500) -> SketchDelta:
        drawn = self.bench.rows(rows, seed=window, age_shift=shift)
        return self.bench.delta(self.bench.features(drawn), window=window)

    def labels(self, window: int, rows: Rows) -> SketchDelta:
        return self.bench.delta(self.bench.labels(rows), window=window, section=Section.LABELS)

    def window(self, window: int) -> Window:
        start_s = self.bench.start_s(window)
        return Window("income", self.bench.bundle.digest, 0, start_s, HOUR_S)

    @property
    def told(self) -> list[tuple[str, str | None, int]]:
        """Reason, feature and window of every event."""
        return [
            (
                event.reason.value,
                event.alert.feature,
                (event.alert.window_s - self.bench.start_s()) // HOUR_S,
            )
            for event in self.store.judgements.events(0, 100)
        ]

    def damage(self, window: int) -> None:
        """Overwrite a window's stored vectors."""
        with self.store.sketches._database.writing() as conn:  # type: ignore[attr-defined]  # SQLite's
            conn.execute(
                "UPDATE partials SET vector = x'00' WHERE window_id ="
                " (SELECT id FROM windows WHERE start_s = ?)",
                [self.bench.start_s(window)],
            )


@pytest.fixture
def tick(registered: Store, bench: Bench, ingest: Ingest, clock: Clock) -> Tick:
    contexts = ContextBook(registered.records, 30 * 86_400)
    return Tick(registered, bench, ingest, clock, contexts)
