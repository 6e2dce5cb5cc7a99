"""A group of reports to one commit: what counts, what is refused and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from tests.hub.conftest import HOUR_S, Bench
from whitebox_hub.ingest.decide import Decision
from whitebox_hub.ingest.devices import Devices
from whitebox_hub.ingest.group import KnownSpec, Plan, Report, plan, window_of
from whitebox_hub.store import Position, Stream, Window
from whitebox_wire.layout import Section
from whitebox_wire.messages import ExportRequest, RejectReason, SketchDelta
from whitebox_wire.packing import pack
from whitebox_wire.stored import read_vector
from whitebox_wire.vector import CELL_MAX, IntVector

EDGE = Stream("edge-1", 7)


@pytest.fixture
def known(bench: Bench) -> dict[bytes, KnownSpec]:
    return {bench.bundle.digest: bench.known}


def _plan(
    requests: Sequence[ExportRequest],
    known: Mapping[bytes, KnownSpec],
    positions: Mapping[Stream, Position] | None = None,
    peaks: Mapping[tuple[Window, Section], int] | None = None,
    devices: Devices | None = None,
) -> Plan:
    reports = [Report(request, 100) for request in requests]
    return plan(reports, positions or {}, known, peaks or {}, devices or {}, 5_000)


def _features(bench: Bench, seed: int = 0, count: int = 20) -> IntVector:
    return bench.features(bench.rows(count, seed=seed))


def test_deltas_of_one_window_become_one_partial(
    bench: Bench, known: dict[bytes, KnownSpec]
) -> None:
    first, second = _features(bench, 1), _features(bench, 2)
    requests = [
        bench.report([bench.delta(first)]),
        bench.report([bench.delta(second)], agent="edge-2"),
    ]

    done = _plan(requests, known)

    [partial] = done.group.partials
    assert np.array_equal(read_vector(partial.vector)[0], first + second)
    assert (partial.rows, partial.section) == (40, Section.FEATURES)
    assert done.group.due_s == {partial.window: bench.start_s(1) + 60}


def test_a_report_counts_once_in_a_group_that_holds_it_twice(
    bench: Bench, known: dict[bytes, KnownSpec]
) -> None:
    request = bench.report([bench.delta(_features(bench))])

    done = _plan([request, request], known)

    assert done.decisions == (Decision.ACCEPT, Decision.DUPLICATE)
    assert [partial.rows for partial in done.group.partials] == [20]
    assert [position.sequence for position in done.positions] == [1, 1]


def test_sequences_that_follow_each_other_count_in_one_group(
    bench: Bench, known: dict[bytes, KnownSpec]
) -> None:
    deltas = [bench.delta(_features(bench))]
    requests = [bench.report(deltas, sequence=sequence) for sequence in (5, 6, 8, 7)]

    done = _plan(requests, known, {EDGE: Position(4)})

    assert [d.value for d in done.decisions] == ["accept", "accept", "gap", "accept"]
    assert [(r.expected, r.position.sequence) for r in done.group.receipts] == [
        (4, 5),
        (5, 6),
        (6, 7),
    ]
    assert [position.sequence for position in done.positions] == [5, 6, 6, 7]


def test_a_group_of_duplicates_and_gaps_commits_nothing(
    bench: Bench, known: dict[bytes, KnownSpec]
) -> None:
    deltas = [bench.delta(_features(bench))]
    requests = [bench.report(deltas, sequence=sequence) for sequence in (1, 9)]

    done = _plan(requests, known, {EDGE: Position(1)})

    assert (done.group.receipts, done.group.partials, dict(done.group.due_s)) == ((), (), {})


def test_streams_of_one_agent_are_apart_by_epoch(
    bench: Bench, known: dict[bytes, KnownSpec]
) -> None:
    deltas = [bench.delta(_features(bench))]
    requests = [bench.report(deltas, epoch=epoch) for epoch in (1, 2**64 - 1)]

    done = _plan(requests, known)

    assert done.decisions == (Decision.ACCEPT, Decision.ACCEPT)
    assert len({receipt.stream for receipt in done.group.receipts}) == 2


def test_a_receipt_counts_rows_and_labels_of_every_row_alone(
    bench: Bench, known: dict[bytes, KnownSpec]
) -> None:
    rows = bench.rows(20)
    deltas = [
        bench.delta(bench.features(rows)),
        bench.delta(bench.labels(bench.rows(7)), section=Section.LABELS),
    ]

    [receipt] = _plan([bench.report(deltas)], known).group.receipts

    assert (receipt.rows, receipt.labelled_rows, receipt.received_bytes) == (20, 7, 100)
    assert (receipt.seen_ms, receipt.version) == (5_000, "0.1.0")


Spoil = Callable[[SketchDelta, Bench], SketchDelta]


def _key(**changes: object) -> Spoil:
    return lambda delta, _: replace(delta, key=replace(delta.key, **changes))  # type: ignore[arg-type]  # any field


def _vector(change: Callable[[IntVector], None]) -> Spoil:
    def spoil(delta: SketchDelta, bench: Bench) -> SketchDelta:
        vector = _features(bench)
        change(vector)
        return replace(delta, vector=pack(vector, bench.layout.sizes[Section.FEATURES]))

    return spoil


def _grow(vector: IntVector) -> None:
    vector[-1] = CELL_MAX + 1


def _one_row_more(vector: IntVector) -> None:
    vector[0] += 1


REFUSED: dict[str, tuple[Spoil, RejectReason, str]] = {
    "another spec": (_key(spec_digest=b"?" * 32), RejectReason.UNKNOWN_SPEC, "not registered"),
    "another model": (_key(model_id="loans"), RejectReason.MALFORMED, "is not of 'loans'"),
    "a segment too many": (_key(segment=1), RejectReason.MALFORMED, "segment 1; the spec has 0"),
    "a start between windows": (_key(start_s=1_800), RejectReason.MALFORMED, "no window of"),
    "a start before the calendar": (_key(start_s=-(1 << 62)), RejectReason.MALFORMED, "no window"),
    "a start after the calendar": (_key(start_s=1 << 62), RejectReason.MALFORMED, "no window"),
    "a section that is not in the spec": (
        _key(section=Section.EXPLANATIONS),
        RejectReason.MALFORMED,
        "",
    ),
    "a length that is no window": (
        lambda delta, _: replace(delta, length_s=5_400),
        RejectReason.MALFORMED,
        "a window of 5400 s",
    ),
    "a length of nothing": (
        lambda delta, _: replace(delta, length_s=0),
        RejectReason.MALFORMED,
        "a window of 0 s",
    ),
    "a length of years": (
        lambda delta, _: replace(delta, length_s=HOUR_S * 100_000),
        RejectReason.MALFORMED,
        "a window of",
    ),
    "a vector of too few bytes": (
        lambda delta, _: replace(delta, vector=replace(delta.vector, body=delta.vector.body[:-1])),
        RejectReason.MALFORMED,
        "",
    ),
    "a vector of too many bytes": (
        lambda delta, _: replace(delta, vector=replace(delta.vector, body=b"\0" * 9_999)),
        RejectReason.MALFORMED,
        "",
    ),
    "rows that the vector does not count": (
        _vector(_one_row_more),
        RejectReason.MALFORMED,
        "the delta says 20 rows and its vector 21",
    ),
    "a cell beyond its limit": (_vector(_grow), RejectReason.OVERFLOW, "2**62"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_delta_is_refused_by_reason_and_spoils_nothing_else(
    bench: Bench, known: dict[bytes, KnownSpec], case: str
) -> None:
    spoil, reason, message = REFUSED[case]
    good = bench.delta(_features(bench), window=3)
    bad = spoil(bench.delta(_features(bench)), bench)

    done = _plan([bench.report([bad, good])], known)

    [rejection] = done.positions[0].rejections
    assert (rejection.delta, rejection.reason) == (0, reason)
    assert message in rejection.message
    assert [partial.window for partial in done.group.partials] == [window_of(good)]
    assert set(done.group.due_s) == {window_of(good)}
    assert [receipt.rows for receipt in done.group.receipts] == [20]


def test_a_sum_that_would_pass_its_limit_with_what_is_stored_is_refused(
    bench: Bench, known: dict[bytes, KnownSpec]
) -> None:
    delta = bench.delta(_features(bench))
    stored = {(window_of(delta), Section.FEATURES): CELL_MAX}

    done = _plan([bench.report([delta])], known, peaks=stored)

    assert [r.reason for r in done.positions[0].rejections] == [RejectReason.OVERFLOW]
    assert done.group.partials == ()
    assert done.decisions == (Decision.ACCEPT,)


def test_a_window_of_several_granules_is_taken(bench: Bench, known: dict[bytes, KnownSpec]) -> None:
    coarse = replace(bench.delta(_features(bench)), length_s=24 * HOUR_S)

    [partial] = _plan([bench.report([coarse])], known).group.partials

    assert partial.window.length_s == 24 * HOUR_S


def test_a_report_without_deltas_moves_its_stream(
    bench: Bench, known: dict[bytes, KnownSpec]
) -> None:
    done = _plan([bench.report([])], known)

    assert done.decisions == (Decision.ACCEPT,)
    assert done.group.partials == ()
