"""One step of the tick: judge due windows, let alerts follow, write what was decided.

Blocks; the ticker calls it in a thread. All windows of one model and segment in a step are one
judgement, written whole. A window that cannot be judged (damaged, or a defect) is logged, counted
and left until it is touched again, so it never holds up the others. When the store fails nothing
is marked as judged.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from whitebox_hub.alert import Judged, Place
from whitebox_hub.alert.follow import (
    HISTORY_WINDOWS_MAX,
    Outcome,
    follow,
    in_order,
    matters,
    withdraw,
)
from whitebox_hub.loop.devices import device_verdicts
from whitebox_hub.loop.words import Words
from whitebox_hub.monitor import Finding, Monitor, WindowVectors
from whitebox_hub.monitor.evaluate import evaluate
from whitebox_hub.store import (
    DeviceVerdict,
    DueWindow,
    Evaluation,
    Judgement,
    Store,
    StoreError,
    Window,
)
from whitebox_hub.store.contexts import ContextBook
from whitebox_wire.spec import FEATURES_MAX

logger = logging.getLogger(__name__)

MONITORS_PER_MODEL_MAX = 1_000


@dataclass(slots=True)
class StepCounts:
    """What a step did. `windows` are marked as judged; those `failed` among them could not be."""

    windows: int = 0
    failed: int = 0
    events: int = 0
    postponed: int = 0


@dataclass(frozen=True, slots=True)
class _Group:
    """Due windows of one model and segment."""

    model_id: str
    segment: int
    due: list[DueWindow] = field(default_factory=list)

    @property
    def windows(self) -> list[Window]:
        return sorted((due.window for due in self.due), key=_place)


class Judge:
    def __init__(self, store: Store, contexts: ContextBook) -> None:
        self._store = store
        self._contexts = contexts

    def step(self, now_ms: int, limit: int) -> StepCounts:
        """Judge at most `limit` windows.

        Raises:
            StoreError: which windows are due cannot be read.
        """
        groups: dict[tuple[str, int], _Group] = {}
        for due in self._store.judgements.due(now_ms // 1_000, limit):
            key = (due.window.model_id, due.window.segment)
            groups.setdefault(key, _Group(*key)).due.append(due)
        counts = StepCounts()
        for group in groups.values():
            self._settle(group, counts, now_ms)
        return counts

    def _settle(self, group: _Group, counts: StepCounts, now_ms: int) -> None:
        failed = counts.failed
        try:
            judgement = self._judgement(group, counts, now_ms)
            self._store.judgements.record(judgement)
        except StoreError as error:
            counts.failed = failed
            counts.postponed += len(group.due)
            logger.warning("windows postponed model=%s error=%s", group.model_id, error)
            return
        except Exception:
            # A defect must not stop the tick, nor come back with the same windows for ever.
            logger.exception(
                "windows not judged model=%s segment=%d", group.model_id, group.segment
            )
            counts.failed = failed + len(group.due)
            judgement = Judgement(tuple(group.due), judged_ms=now_ms)
            self._store.judgements.record(judgement)
        counts.windows += len(group.due)
        counts.events += len(judgement.events)

    def _judgement(self, group: _Group, counts: StepCounts, now_ms: int) -> Judgement:
        watching = self._store.records.monitors(group.model_id, "", MONITORS_PER_MODEL_MAX)
        monitors = {m.id: m for m in watching if m.segment == group.segment}
        active = [monitor for monitor in monitors.values() if monitor.active]
        changed, mattering = self._changed(group, active, counts)
        words = Words(self._store, self._contexts, group.windows)
        outcomes = [
            self._follow(monitors[monitor_id], changed[monitor_id], words, now_ms)
            for monitor_id in mattering
        ]
        for monitor in monitors.values():
            if not monitor.active:
                alerts = self._store.judgements.alerts(monitor_id=monitor.id, limit=FEATURES_MAX)
                outcomes.append(withdraw(alerts, now_ms))
        events = [event for outcome in outcomes for event in outcome.events]
        return Judgement(
            windows=tuple(group.due),
            evaluations=tuple(e for evaluations in changed.values() for e in evaluations),
            alerts=tuple(alert for outcome in outcomes for alert in outcome.alerts),
            events=tuple(sorted(events, key=lambda event: event.alert.window_s)),
            verdicts=tuple(v for window in group.windows for v in self._verdicts(window)),
            judged_ms=now_ms,
        )

    def _verdicts(self, window: Window) -> tuple[DeviceVerdict, ...]:
        """How the window's devices stand; nothing where that cannot be said."""
        context = self._contexts.of(window.digest)
        try:
            return device_verdicts(self._store, context, window) if context else ()
        except StoreError:
            raise
        except Exception:
            # What is said of devices must not hold up what is said of the model.
            logger.exception(
                "devices not compared model=%s start_s=%d", window.model_id, window.start_s
            )
            return ()

    def _changed(
        self, group: _Group, monitors: Sequence[Monitor], counts: StepCounts
    ) -> tuple[dict[str, list[Evaluation]], list[str]]:
        """By monitor what is not as it was found before; the monitors whose alerts may change."""
        changed: dict[str, list[Evaluation]] = {}
        mattering: dict[str, None] = {}
        for window in group.windows:
            found = self._found(window, monitors, counts)
            before = {e.monitor_id: e for e in self._store.judgements.evaluations(window)}
            for evaluation in found:
                name, known = evaluation.monitor_id, before.get(evaluation.monitor_id)
                if evaluation != known:
                    changed.setdefault(name, []).append(evaluation)
                if known is None or matters(known.findings, evaluation.findings):
                    mattering[name] = None
        return changed, list(mattering)

    def _found(
        self, window: Window, monitors: Sequence[Monitor], counts: StepCounts
    ) -> list[Evaluation]:
        """What monitors find in a window; nothing of one that cannot be judged."""
        try:
            return self._evaluate(window, monitors)
        except StoreError:
            raise
        except Exception:
            logger.exception(
                "window not judged model=%s start_s=%d digest=%s",
                window.model_id,
                window.start_s,
                window.digest.hex()[:12],
            )
            counts.failed += 1
            return []

    def _evaluate(self, window: Window, monitors: Sequence[Monitor]) -> list[Evaluation]:
        context = self._contexts.of(window.digest, window.segment)
        if context is None or not monitors:
            return []
        vectors = self._store.sketches.vectors(window)
        asked = WindowVectors(window.segment, window.start_s, window.length_s, vectors)
        findings: dict[str, list[Finding]] = {monitor.id: [] for monitor in monitors}
        for finding in evaluate(context, asked, monitors):
            findings[finding.monitor_id].append(finding)
        return [Evaluation(name, window, tuple(found)) for name, found in findings.items()]

    def _follow(
        self, monitor: Monitor, evaluations: Sequence[Evaluation], words: Words, now_ms: int
    ) -> Outcome:
        judgements = self._store.judgements
        alerts = judgements.alerts(monitor_id=monitor.id, limit=FEATURES_MAX)
        judged = [_judged(evaluation) for evaluation in evaluations]
        newest = judgements.history(monitor.id, monitor.segment, 1)
        past: Sequence[Evaluation] | None = None
        if not in_order(judged, _judged(newest[0]) if newest else None, alerts):
            past = judgements.history(monitor.id, monitor.segment, HISTORY_WINDOWS_MAX)
        earlier = None if past is None else [_judged(evaluation) for evaluation in past]
        outcome = follow(monitor, alerts, earlier, judged, now_ms)
        windows = [evaluation.window for evaluation in (*(past or ()), *evaluations)]
        at = {(window.start_s, window.length_s): window for window in windows}
        return Outcome(
            tuple(words.explained(alert, at) for alert in outcome.alerts),
            tuple(replace(e, alert=words.explained(e.alert, at)) for e in outcome.events),
        )


def _place(window: Window) -> Place:
    return Place(window.start_s, window.length_s, window.digest)


def _judged(evaluation: Evaluation) -> Judged:
    return Judged(_place(evaluation.window), evaluation.findings)
