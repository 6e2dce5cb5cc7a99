"""A group of reports to one commit: which count, which deltas are refused, what the windows gain.

Pure. Deltas are unpacked one window at a time, so a group needs the memory of its packed form, of
one vector, however much a hostile report inflates to, and of one window's devices by group. A
refused delta is named in the answer and spoils nothing else of its report.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from whitebox_hub.ingest.decide import Decision, decide
from whitebox_hub.ingest.devices import Devices, WindowDevices, device_keys
from whitebox_hub.monitor.baseline import Baseline
from whitebox_hub.store import DeviceKey, Group, Partial, Position, Receipt, Stream, Window
from whitebox_wire import vector
from whitebox_wire.errors import MalformedError, MergeError, WhiteboxError
from whitebox_wire.layout import Layout, Section
from whitebox_wire.messages import ExportRequest, Rejection, RejectReason, SketchDelta
from whitebox_wire.packing import unpack
from whitebox_wire.spec import ModelSpec
from whitebox_wire.stored import peak, vector_bytes
from whitebox_wire.vector import IntVector

# What a calendar can show: the years 1 to 9999.
START_S_MIN, START_S_MAX = -62_135_596_800, 253_000_000_000
WINDOW_LENGTH_S_MAX = 366 * 86_400

Peaks = Mapping[tuple[Window, Section], int]


class UnknownSpecError(WhiteboxError):
    """A delta's spec is not registered here."""


_REASONS = {
    UnknownSpecError: RejectReason.UNKNOWN_SPEC,
    MalformedError: RejectReason.MALFORMED,
    MergeError: RejectReason.OVERFLOW,
}


@dataclass(frozen=True, slots=True)
class KnownSpec:
    """`baseline` is what devices are compared with, None where there is no reference."""

    spec: ModelSpec
    layout: Layout
    baseline: Baseline | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A decoded request and its size on the wire."""

    request: ExportRequest
    wire_bytes: int

    @property
    def stream(self) -> Stream:
        return Stream(self.request.agent_id, self.request.epoch)

    @property
    def device_keys(self) -> list[DeviceKey]:
        """What is compared of the report (see devices.py)."""
        features = (d for d in self.request.deltas if d.key.section is Section.FEATURES)
        return device_keys(self.request.agent_id, map(window_of, features))


@dataclass(frozen=True, slots=True)
class Plan:
    """What to commit; for each report what was decided, and where its stream stands then."""

    group: Group
    decisions: tuple[Decision, ...]
    positions: tuple[Position, ...]


@dataclass(slots=True)
class _Gain:
    """What one counted report adds, and what of it is refused."""

    agent_id: str
    rejections: list[Rejection] = field(default_factory=list)
    rows: int = 0
    labelled_rows: int = 0


def window_of(delta: SketchDelta) -> Window:
    key = delta.key
    return Window(key.model_id, key.spec_digest, key.segment, key.start_s, delta.length_s)


def plan(
    reports: Sequence[Report],
    positions: Mapping[Stream, Position],
    specs: Mapping[bytes, KnownSpec],
    peaks: Peaks,
    devices: Devices,
    now_ms: int,
) -> Plan:
    """Decide a group, given where its streams stand, what its windows hold, and what is known of
    its devices in them.
    """
    decisions = _decide(reports, positions)
    accepted = [i for i, decision in enumerate(decisions) if decision is Decision.ACCEPT]
    gains = {i: _Gain(reports[i].request.agent_id) for i in accepted}
    keys: dict[Window, list[DeviceKey]] = {}
    for key in (key for i in accepted for key in reports[i].device_keys):
        keys.setdefault(key.window, []).append(key)
    deltas: dict[tuple[Window, Section], list[tuple[int, int]]] = {}
    for i in gains:
        for j, delta in enumerate(reports[i].request.deltas):
            deltas.setdefault((window_of(delta), delta.key.section), []).append((i, j))
    partials, compared, due_s = [], [], {}
    for (window, section), places in deltas.items():
        known = specs.get(window.digest)
        asked = [(gains[i], j, reports[i].request.deltas[j]) for i, j in places]
        among = _devices(section, known, keys.get(window, ()), devices)
        peak_before = peaks.get((window, section), 0)
        partial = _add_up(window, section, asked, known, peak_before, among)
        if partial is not None and known is not None:
            partials.append(partial)
            due_s[window] = window.end_s + known.spec.window.lateness_s
        compared += among.measured() if among else []
    receipts, after = _receipts(reports, decisions, positions, gains, now_ms)
    group = Group(receipts, tuple(partials), due_s, tuple(compared))
    return Plan(group, decisions, after)


def _devices(
    section: Section,
    known: KnownSpec | None,
    keys: Collection[DeviceKey],
    before: Devices,
) -> WindowDevices | None:
    """Who compares a window's devices; None where nothing is compared."""
    if section is not Section.FEATURES or not keys or known is None or known.baseline is None:
        return None
    return WindowDevices(known.spec, known.baseline, keys, before)


def _decide(
    reports: Sequence[Report], positions: Mapping[Stream, Position]
) -> tuple[Decision, ...]:
    last = {stream: position.sequence for stream, position in positions.items()}
    decisions = []
    for report in reports:
        sequence = report.request.sequence
        decision = decide(last.get(report.stream, 0), sequence)
        if decision is Decision.ACCEPT:
            last[report.stream] = sequence
        decisions.append(decision)
    return tuple(decisions)


def _add_up(
    window: Window,
    section: Section,
    asked: Sequence[tuple[_Gain, int, SketchDelta]],
    known: KnownSpec | None,
    stored_peak: int,
    devices: WindowDevices | None,
) -> Partial | None:
    """One section's sum over the deltas that pass; None when none does. Devices add theirs."""
    total: IntVector | None = None
    rows = 0
    for gain, place, delta in asked:
        try:
            own = _checked(delta, known)
            added = own if total is None else vector.add(total, own)
            if stored_peak + peak(added) > vector.CELL_MAX:
                raise MergeError("the window's sum would pass 2**62")
        except tuple(_REASONS) as error:
            reason = next(r for kind, r in _REASONS.items() if isinstance(error, kind))
            gain.rejections.append(Rejection(place, reason, str(error)))
            continue
        total = added
        rows += delta.rows
        if devices is not None:
            devices.add(gain.agent_id, delta.rows, own)
        if delta.key.segment == 0 and section is Section.FEATURES:
            gain.rows += delta.rows
        if delta.key.segment == 0 and section is Section.LABELS:
            gain.labelled_rows += delta.rows
    if total is None or known is None:
        return None
    data = vector_bytes(total, known.layout.sizes[section])
    return Partial(window, section, rows, peak(total), data)


def _checked(delta: SketchDelta, known: KnownSpec | None) -> IntVector:
    """A delta's vector, if the delta fits its spec."""
    key = delta.key
    if known is None:
        raise UnknownSpecError(
            f"spec {key.spec_digest.hex()[:12]} of model {key.model_id!r} is not registered",
            hint="post its bundle to /v1/specs",
        )
    spec = known.spec
    if key.model_id != spec.model_id:
        raise MalformedError(f"spec {key.spec_digest.hex()[:12]} is not of {key.model_id!r}")
    if key.segment > len(spec.segments):
        raise MalformedError(f"segment {key.segment}; the spec has {len(spec.segments)}")
    granularity = spec.window.granularity_s
    if delta.length_s % granularity or not granularity <= delta.length_s <= WINDOW_LENGTH_S_MAX:
        raise MalformedError(f"a window of {delta.length_s} s; the spec's is {granularity} s")
    inside = START_S_MIN <= key.start_s < START_S_MAX
    if not inside or spec.window.start(key.start_s) != key.start_s:
        raise MalformedError(f"no window of {granularity} s begins at {key.start_s} s")
    added = unpack(delta.vector, known.layout.sizes[key.section])
    vector.check_bounds(added)
    place = known.layout.rows_place(key.section)
    if place is None:
        raise MalformedError(f"the spec has no {key.section.value}")
    counted = int(added[place])
    if counted != delta.rows:
        raise MalformedError(f"the delta says {delta.rows} rows and its vector {counted}")
    return added


def _receipts(
    reports: Sequence[Report],
    decisions: Sequence[Decision],
    positions: Mapping[Stream, Position],
    gains: Mapping[int, _Gain],
    now_ms: int,
) -> tuple[tuple[Receipt, ...], tuple[Position, ...]]:
    """The ledger's steps in order, and where each report's stream stands after it."""
    current = dict(positions)
    receipts = []
    after = []
    for i, report in enumerate(reports):
        stream, request = report.stream, report.request
        before = current.get(stream, Position())
        if decisions[i] is Decision.ACCEPT:
            rejections = sorted(gains[i].rejections, key=lambda rejection: rejection.delta)
            current[stream] = Position(request.sequence, tuple(rejections))
            receipt = Receipt(
                stream=stream,
                expected=before.sequence,
                position=current[stream],
                seen_ms=now_ms,
                version=request.agent_version,
                ledgers=request.ledgers,
                rows=gains[i].rows,
                labelled_rows=gains[i].labelled_rows,
                received_bytes=report.wire_bytes,
            )
            receipts.append(receipt)
        after.append(current.get(stream, before))
    return tuple(receipts), tuple(after)
