"""What monitors found, alerts and their events in SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping
from typing import Any

from whitebox_hub.alert import Alert, AlertEvent, Reason, State
from whitebox_hub.monitor import Monitor
from whitebox_hub.store import DueWindow, Evaluation, Judgement, Window
from whitebox_hub.store.documents import alert_text, findings_text, read_alert, read_findings
from whitebox_hub.store.sqlite.database import Database
from whitebox_hub.store.sqlite.fleet import put_verdicts
from whitebox_hub.store.sqlite.windows import OF_WINDOW, window_key, window_of

_JUDGED = f"UPDATE windows SET judged = ? WHERE {OF_WINDOW}"  # noqa: S608  # a constant
_PUT_EVALUATION = """
INSERT INTO evaluations (monitor_id, segment, start_s, length_s, digest, model_id, findings)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET findings = excluded.findings
"""
_PUT_ALERT = """
INSERT INTO alerts (fingerprint, monitor_id, model_id, state, updated_ms, alert)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE
SET state = excluded.state, updated_ms = excluded.updated_ms, alert = excluded.alert
"""
_OF_WINDOW = """
SELECT * FROM evaluations
WHERE monitor_id IN (SELECT id FROM monitors WHERE model_id = ?)
    AND segment = ? AND start_s = ? AND length_s = ? AND digest = ?
ORDER BY monitor_id
"""
_ALERTS = """
SELECT alert FROM alerts
WHERE (:model_id = '' OR model_id = :model_id) AND (:monitor_id = '' OR monitor_id = :monitor_id)
    AND (:segment IS NULL OR json_extract(alert, '$.segment') = :segment)
    AND state IN (SELECT value FROM json_each(:states))
ORDER BY updated_ms DESC, fingerprint LIMIT :limit
"""
_REJUDGE = """
UPDATE windows SET judged = revision - 1 WHERE id IN (
    SELECT id FROM windows WHERE model_id = ? AND segment = ?
    ORDER BY start_s DESC, length_s DESC LIMIT ?)
"""


class SqliteJudgements:
    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self, now_s: int, limit: int) -> tuple[DueWindow, ...]:
        rows = self._database.rows(
            "SELECT * FROM windows WHERE revision > judged AND due_s <= ?"
            " ORDER BY due_s, start_s, length_s, id LIMIT ?",
            (now_s, limit),
        )
        return tuple(DueWindow(window_of(row), row["revision"]) for row in rows)

    def history(self, monitor_id: str, segment: int, limit: int) -> tuple[Evaluation, ...]:
        rows = self._database.rows(
            "SELECT * FROM evaluations WHERE monitor_id = ? AND segment = ?"
            " ORDER BY start_s DESC, length_s DESC, digest DESC LIMIT ?",
            (monitor_id, segment, limit),
        )
        return tuple(_evaluation(row) for row in reversed(rows))

    def evaluations(self, window: Window) -> tuple[Evaluation, ...]:
        place = (window.segment, window.start_s, window.length_s, window.digest)
        rows = self._database.rows(_OF_WINDOW, (window.model_id, *place))
        return tuple(_evaluation(row) for row in rows)

    def record(self, judgement: Judgement) -> None:
        with self._database.writing() as conn:
            for evaluation in judgement.evaluations:
                window = evaluation.window
                conn.execute(
                    _PUT_EVALUATION,
                    [
                        evaluation.monitor_id,
                        window.segment,
                        window.start_s,
                        window.length_s,
                        window.digest,
                        window.model_id,
                        findings_text(evaluation.findings),
                    ],
                )
            for alert in judgement.alerts:
                _put_alert(conn, alert)
            for event in judgement.events:
                conn.execute(
                    "INSERT INTO alert_events (model_id, change, at_ms, alert) VALUES (?, ?, ?, ?)",
                    [
                        event.alert.model_id,
                        event.reason.value,
                        event.at_ms,
                        alert_text(event.alert),
                    ],
                )
            put_verdicts(conn, judgement.verdicts)
            conn.executemany(
                _JUDGED, [(due.revision, *window_key(due.window)) for due in judgement.windows]
            )

    def alerts(
        self,
        *,
        model_id: str = "",
        monitor_id: str = "",
        segment: int | None = None,
        states: Collection[State] = tuple(State),
        limit: int,
    ) -> tuple[Alert, ...]:
        asked = {
            "model_id": model_id,
            "monitor_id": monitor_id,
            "segment": segment,
            "states": json.dumps([state.value for state in states]),
            "limit": limit,
        }
        with self._database.reading() as conn:
            rows = conn.execute(_ALERTS, asked).fetchall()
        return tuple(read_alert(text) for (text,) in rows)

    def events(self, after: int, limit: int) -> tuple[AlertEvent, ...]:
        rows = self._database.rows(
            "SELECT * FROM alert_events WHERE cursor > ? ORDER BY cursor LIMIT ?", (after, limit)
        )
        return tuple(
            AlertEvent(Reason(row["change"]), row["at_ms"], read_alert(row["alert"]), row["cursor"])
            for row in rows
        )

    def rejudge(self, monitor: Monitor, windows: int) -> None:
        with self._database.writing() as conn:
            conn.execute("DELETE FROM evaluations WHERE monitor_id = ?", [monitor.id])
            conn.execute(_REJUDGE, [monitor.model_id, monitor.segment, windows])


def _evaluation(row: Mapping[str, Any]) -> Evaluation:
    return Evaluation(row["monitor_id"], window_of(row), read_findings(row["findings"]))


def _put_alert(conn: sqlite3.Connection, alert: Alert) -> None:
    conn.execute(
        _PUT_ALERT,
        [
            alert.fingerprint,
            alert.monitor_id,
            alert.model_id,
            alert.state.value,
            alert.updated_ms,
            alert_text(alert),
        ],
    )
