"""Specs as their bytes: what a batch or a sum was made with can always be read back.

What was read or kept is remembered as well, and goes into a store that had to be made anew.
"""

from __future__ import annotations

import sqlite3

from whitebox_agent.buffer import StoredSpec
from whitebox_agent.buffer.sqlite.database import Database

_ALL = "SELECT id, model_id, digest, spec, current FROM specs ORDER BY id"
_KNOWN = "SELECT 1 FROM specs WHERE digest = ? AND current = ?"
_FILL = "INSERT OR IGNORE INTO specs (id, model_id, digest, spec, current) VALUES (?, ?, ?, ?, ?)"
# Beyond so many, old ones that nothing refers to any more are forgotten. A stored batch names its
# spec inside, so none is forgotten while there is one.
OLD_SPECS_MAX = 32
_FORGET = """
DELETE FROM specs WHERE NOT current AND NOT EXISTS (SELECT 1 FROM batches)
    AND digest NOT IN (SELECT digest FROM outbox)
    AND id NOT IN (SELECT spec FROM predictions)
"""


class SqliteSpecs:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: list[tuple[int, str, bytes, bytes, int]] = []
        database.when_mending(self._fill)

    def all(self) -> tuple[StoredSpec, ...]:
        with self._database.reading() as conn:
            self._seen = conn.execute(_ALL).fetchall()
        return tuple(StoredSpec(m, d, spec, bool(current)) for _, m, d, spec, current in self._seen)

    def keep(self, spec: StoredSpec) -> None:
        with self._database.writing() as conn:
            if conn.execute(_KNOWN, [spec.digest, spec.current]).fetchone():
                # Nothing is written: an agent starts with no byte free.
                return
            if spec.current:
                conn.execute("UPDATE specs SET current = 0 WHERE model_id = ?", [spec.model_id])
            conn.execute(
                "INSERT INTO specs (model_id, digest, spec, current) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (digest) DO UPDATE SET current = excluded.current",
                [spec.model_id, spec.digest, spec.spec_bytes, spec.current],
            )
            [old] = conn.execute("SELECT count(*) FROM specs WHERE NOT current").fetchone()
            if old > OLD_SPECS_MAX:
                conn.execute(_FORGET)
            seen = conn.execute(_ALL).fetchall()
        self._seen = seen

    def _fill(self, conn: sqlite3.Connection) -> None:
        conn.executemany(_FILL, self._seen)
