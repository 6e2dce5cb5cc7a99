"""Folding many rows at once, beside the memory floor and whylogs: nanoseconds a feature's value.

Of ours there are the fold alone (columns are numpy arrays already, as in the named figures), the
same with a score to fold for every row, and the whole way from a DataFrame through reading and
encoding, which is what whylogs is given. The floor is `np.sum` over the same numeric columns: what
it takes to read the values once.
"""

from __future__ import annotations

import numpy as np

from tests.bench.data import digest
from tests.bench.model import FLOATS, LIVE_SEED, MIXED, SCORED, Rows, Shape, Subject, encoded
from tests.bench.peers import PeersError, Worker
from tests.bench.plan import Figures, Plan
from tests.bench.rounds import Contestant, Times, interleave, steady
from whitebox_agent.table import read_table
from whitebox_wire.messages import InferenceBatch
from whitebox_wire.vector import IntVector

# Rows, and the rounds that whylogs' seconds allow.
SIZES = {1_000: 15, 10_000: 7, 100_000: 3}
MIXED_ROWS, MIXED_ROUNDS = 10_000, 5


def measure_fold(plan: Plan) -> Figures:
    """The figures of both frames; all data are the same in every contestant's turn."""
    figures: Figures = {}
    floats, scored, mixed = Subject.of(FLOATS), Subject.of(SCORED), Subject.of(MIXED)
    for rows, rounds in SIZES.items():
        with plan.stage(f"fold {rows:,} rows x 50 floats") as told:
            contestants = _contestants(plan, floats, rows) | _scored(scored, rows)
            times = interleave(contestants, plan.rounds(rounds), told)
        figures |= _figures(times, "fold", f"_{rows}", rows * FLOATS.features)
        figures[f"fold_scored_ns_{rows}"] = times["scored"].median / (rows * FLOATS.features)
    with plan.stage(f"fold {MIXED_ROWS:,} rows x 40 floats, 10 texts") as told:
        times = interleave(_contestants(plan, mixed, MIXED_ROWS), plan.rounds(MIXED_ROUNDS), told)
    return figures | _figures(times, "mixed", f"_{MIXED_ROWS}", MIXED_ROWS * MIXED.features)


def _contestants(plan: Plan, subject: Subject, rows: int) -> dict[str, Contestant]:
    drawn = Rows.of(subject.shape, rows)
    batch, frame = drawn.batch(subject), drawn.frame()
    numbers = [column for column in drawn.features.values() if isinstance(column, np.ndarray)]

    def whole_way() -> IntVector:
        return subject.fold.features(encoded(subject, read_table(frame)))

    _check(subject, batch, whole_way())
    contestants = {
        "fold": steady(lambda: subject.fold.features(batch)),
        "frame": steady(whole_way),
        "floor": steady(lambda: [np.sum(column) for column in numbers]),
    }
    if plan.whylogs is not None:
        prepare_whylogs(plan.whylogs, subject.shape, drawn)
        worker = plan.whylogs
        contestants["whylogs"] = lambda: float(worker.ask("fold")["ns"])
    return contestants


def _scored(subject: Subject, rows: int) -> dict[str, Contestant]:
    batch = Rows.of(subject.shape, rows).batch(subject)
    return {"scored": steady(lambda: subject.fold.features(batch))}


def prepare_whylogs(worker: Worker, shape: Shape, rows: Rows) -> int:
    """Let whylogs draw the same rows; the bytes of its serialised profile of them.

    Raises:
        PeersError: its numpy draws other rows than ours.
    """
    answer = worker.ask(
        "prepare", rows=rows.scores.size, floats=shape.floats, texts=shape.texts, seed=LIVE_SEED
    )
    if answer["digest"] != digest(rows.features):
        raise PeersError("the peers' numpy draws other rows than ours from the same seed")
    return int(answer["bytes"])


def _check(subject: Subject, batch: InferenceBatch, by_frame: IntVector) -> None:
    """Both ways fold every row, into the same vector."""
    by_batch = subject.fold.features(batch)
    assert by_batch[subject.fold.layout.rows] == batch.rows
    assert np.array_equal(by_batch, by_frame)


def _figures(times: dict[str, Times], name: str, size: str, values: int) -> Figures:
    """Medians (and our best) by value; `vs_floor` counts floors, `vs_whylogs` how often faster."""
    fold, floor = times["fold"], times["floor"]
    figures = {
        f"{name}_ns{size}": fold.median / values,
        f"{name}_best_ns{size}": fold.best / values,
        f"{name}_frame_ns{size}": times["frame"].median / values,
        f"{name}_floor_ns{size}": floor.median / values,
        f"{name}_vs_floor{size}": fold.median / floor.median,
    }
    if whylogs := times.get("whylogs"):
        figures |= {
            f"{name}_whylogs_ns{size}": whylogs.median / values,
            f"{name}_vs_whylogs{size}": whylogs.median / fold.median,
            f"{name}_frame_vs_whylogs{size}": whylogs.median / times["frame"].median,
        }
    return figures
