"""A little of single devices in SQLite: one verdict each, and rows by group of some windows.

A device's window is kept while it may still be judged, while it is the device's newest, and while
it is among the farthest of its window, for at most `KEPT_S`. The rest goes when the device first
reports to a newer window, so nobody has to sweep, and a device that falls silent keeps its last.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from whitebox_hub.store import FARTHEST_KEPT, DeviceKey, DeviceVerdict, DeviceWindow, Window
from whitebox_hub.store.sqlite.database import Database
from whitebox_hub.store.sqlite.windows import OF_WINDOW, window_key, window_of

KEPT_S = 90 * 86_400
_OF_DEVICE = f"window_id = (SELECT id FROM windows WHERE {OF_WINDOW})"  # noqa: S608  # a constant
_KNOWN = (
    "SELECT agent_id, rows, feature, distance, score, counts"  # noqa: S608  # a constant
    f" FROM device_windows WHERE {_OF_DEVICE} AND agent_id IN (SELECT value FROM json_each(?))"
)
_FARTHEST = (
    f"SELECT * FROM device_windows WHERE {_OF_DEVICE}"  # noqa: S608  # a constant
    " ORDER BY score DESC, agent_id LIMIT ?"
)
# With max() SQLite takes the other columns from the row that holds it.
_LATEST = """
SELECT d.*, max(d.start_s), windows.digest, windows.segment, windows.length_s
FROM device_windows AS d JOIN windows ON windows.id = d.window_id
WHERE d.agent_id IN (SELECT value FROM json_each(?))
GROUP BY d.agent_id, d.model_id ORDER BY d.agent_id, d.model_id
"""
_VERDICTS = """
SELECT *, 0 AS segment FROM device_verdicts WHERE agent_id IN (SELECT value FROM json_each(?))
ORDER BY agent_id, model_id
"""
_CHANGE = """
UPDATE device_windows SET rows = ?, feature = ?, distance = ?, score = ?, counts = ?
WHERE window_id = ? AND agent_id = ?
"""
_NEW = """
INSERT INTO device_windows
    (rows, feature, distance, score, counts, window_id, agent_id, model_id, start_s)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_CLEAN = """
DELETE FROM device_windows WHERE agent_id = :agent_id AND model_id = :model_id
    AND start_s < :start_s AND (
        start_s < :start_s - :kept_s
        OR (SELECT judged >= revision FROM windows WHERE id = window_id)
        AND score < (
            SELECT score FROM device_windows AS other
            WHERE other.window_id = device_windows.window_id
            ORDER BY score DESC LIMIT 1 OFFSET :farthest_kept - 1
        )
    )
"""
_JUDGE = """
INSERT INTO device_verdicts
    (agent_id, model_id, digest, start_s, length_s, rows, feature, distance, p_value, unlike)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET digest = excluded.digest, start_s = excluded.start_s,
    length_s = excluded.length_s, rows = excluded.rows, feature = excluded.feature,
    distance = excluded.distance, p_value = excluded.p_value, unlike = excluded.unlike
WHERE excluded.start_s >= start_s
"""


class SqliteFleet:
    def __init__(self, database: Database) -> None:
        self._database = database

    def known(self, keys: Collection[DeviceKey]) -> Mapping[DeviceKey, DeviceWindow]:
        agents: dict[Window, list[str]] = {}
        for key in keys:
            agents.setdefault(key.window, []).append(key.agent_id)
        with self._database.reading() as conn:
            devices = [
                DeviceWindow(DeviceKey(window, agent_id), *values)
                for window, agent_ids in agents.items()
                for agent_id, *values in conn.execute(
                    _KNOWN, [*window_key(window), json.dumps(agent_ids)]
                )
            ]
        return {device.key: device for device in devices}

    def of_window(self, window: Window, limit: int) -> tuple[DeviceWindow, ...]:
        rows = self._database.rows(_FARTHEST, (*window_key(window), limit))
        return tuple(_device(DeviceKey(window, row["agent_id"]), row) for row in rows)

    def latest(self, agent_ids: Collection[str]) -> tuple[DeviceWindow, ...]:
        rows = self._database.rows(_LATEST, [json.dumps([*agent_ids])])
        return tuple(_device(_key(row), row) for row in rows)

    def verdicts(self, agent_ids: Collection[str]) -> tuple[DeviceVerdict, ...]:
        rows = self._database.rows(_VERDICTS, [json.dumps([*agent_ids])])
        return tuple(
            DeviceVerdict(
                _key(row),
                row["rows"],
                row["feature"],
                row["distance"],
                row["p_value"],
                bool(row["unlike"]),
            )
            for row in rows
        )


def put_device(conn: sqlite3.Connection, window_id: int, device: DeviceWindow) -> None:
    """Write what a device gave a window; with a new window of its own, drop what is not kept."""
    window, agent_id = device.key.window, device.key.agent_id
    values = (device.rows, device.feature, device.distance, device.score, device.counts)
    if conn.execute(_CHANGE, [*values, window_id, agent_id]).rowcount:
        return
    conn.execute(_NEW, [*values, window_id, agent_id, window.model_id, window.start_s])
    conn.execute(
        _CLEAN,
        {
            "agent_id": agent_id,
            "model_id": window.model_id,
            "start_s": window.start_s,
            "kept_s": KEPT_S,
            "farthest_kept": FARTHEST_KEPT,
        },
    )


def put_verdicts(conn: sqlite3.Connection, verdicts: Iterable[DeviceVerdict]) -> None:
    """Write how devices stand, unless a later window has said so already."""
    conn.executemany(
        _JUDGE,
        [
            (
                verdict.key.agent_id,
                verdict.key.window.model_id,
                verdict.key.window.digest,
                verdict.key.window.start_s,
                verdict.key.window.length_s,
                verdict.rows,
                verdict.feature,
                verdict.distance,
                verdict.p_value,
                verdict.unlike,
            )
            for verdict in verdicts
        ],
    )


def _key(row: Mapping[str, Any]) -> DeviceKey:
    return DeviceKey(window_of(row), row["agent_id"])


def _device(key: DeviceKey, row: Mapping[str, Any]) -> DeviceWindow:
    return DeviceWindow(
        key, row["rows"], row["feature"], row["distance"], row["score"], row["counts"]
    )
