"""Taking in one report, bytes to sum, beside whylogs reading a profile and merging it.

Ours is decoded, unpacked with every check, and added, as the hub does before it commits: plain, and
deflated, as agents ship by default. Named figures of time and bytes are of the plain report.
"""

from __future__ import annotations

import numpy as np

from tests.bench.fold import prepare_whylogs
from tests.bench.model import SCORED, Rows, Subject
from tests.bench.plan import Figures, Plan
from tests.bench.report import report_bytes
from tests.bench.rounds import Contestant, interleave, steady
from whitebox_wire import vector
from whitebox_wire.codec import decode_request
from whitebox_wire.layout import Section
from whitebox_wire.packing import unpack
from whitebox_wire.vector import IntVector

ROWS = 1_000
ROUNDS = 21


def measure_merge(plan: Plan) -> Figures:
    subject, rows = Subject.of(SCORED), Rows.of(SCORED, ROWS)
    batch = rows.batch(subject)
    deflated = report_bytes(subject, batch, deflate=True)
    plain = report_bytes(subject, batch, deflate=False)
    _check(subject, subject.fold.features(batch), deflated, plain)
    contestants: dict[str, Contestant] = {
        "merge": _merging(subject, plain),
        "deflated": _merging(subject, deflated),
    }
    with plan.stage("merge reports of 50 features") as told:
        if plan.whylogs is not None:
            prepare_whylogs(plan.whylogs, SCORED, rows)
            worker = plan.whylogs
            contestants["whylogs"] = lambda: float(worker.ask("merge")["ns"])
        times = interleave(contestants, plan.rounds(ROUNDS), told)
    figures = {
        "merge_us": times["merge"].median / 1e3,
        "merge_best_us": times["merge"].best / 1e3,
        "merge_deflated_us": times["deflated"].median / 1e3,
    }
    if whylogs := times.get("whylogs"):
        figures |= {
            "merge_whylogs_us": whylogs.median / 1e3,
            "merge_vs_whylogs": whylogs.median / times["merge"].median,
        }
    return figures


def _merging(subject: Subject, data: bytes) -> Contestant:
    total = vector.zeros(subject.fold.layout, Section.FEATURES)

    def merge() -> None:
        nonlocal total
        total = _added(subject, total, data)

    return steady(merge)


def _added(subject: Subject, total: IntVector, data: bytes) -> IntVector:
    [delta] = decode_request(data).deltas
    size = subject.fold.layout.sizes[delta.key.section]
    return vector.add(total, unpack(delta.vector, size))


def _check(subject: Subject, whole: IntVector, *reports: bytes) -> None:
    """Every report adds what was folded."""
    zeros = vector.zeros(subject.fold.layout, Section.FEATURES)
    for data in reports:
        assert np.array_equal(_added(subject, zeros, data), whole)
