"""Specs as their bytes: what a batch or a sum was made with can always be read back."""

from __future__ import annotations

from whitebox_agent.buffer import StoredSpec
from whitebox_agent.buffer.sqlite.database import Database


class SqliteSpecs:
    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> tuple[StoredSpec, ...]:
        with self._database.reading() as conn:
            rows = conn.execute("SELECT model_id, digest, spec, current FROM specs ORDER BY id")
            return tuple(StoredSpec(m, d, spec, bool(current)) for m, d, spec, current in rows)

    def keep(self, spec: StoredSpec) -> None:
        with self._database.writing() as conn:
            if spec.current:
                conn.execute("UPDATE specs SET current = 0 WHERE model_id = ?", [spec.model_id])
            conn.execute(
                "INSERT INTO specs (model_id, digest, spec, current) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (digest) DO UPDATE SET current = excluded.current",
                [spec.model_id, spec.digest, spec.spec_bytes, spec.current],
            )
