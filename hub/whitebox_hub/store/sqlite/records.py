"""Models, specs and monitors in SQLite: small tables, through sqlite_utils.

Rows are updated in place and never replaced: a replaced row would take what belongs to it along.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from whitebox_hub.monitor import Monitor, Rule, Severity
from whitebox_hub.store import ModelRecord
from whitebox_hub.store.sqlite.database import Database
from whitebox_wire.codec import Reference, SpecBundle, decode_spec
from whitebox_wire.layout import Layout, Section
from whitebox_wire.messages import Dataset
from whitebox_wire.stored import read_vector, vector_bytes
from whitebox_wire.vector import IntVector


def _assignments(columns: Sequence[str]) -> str:
    return ", ".join(f"{column} = excluded.{column}" for column in columns if column != "id")


def _upsert(table: str, kind: type[Any]) -> str:
    columns = [field.name for field in fields(kind)]
    places = ", ".join(f":{column}" for column in columns)
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608  # our own names
        f" ON CONFLICT (id) DO UPDATE SET {_assignments(columns)}"
    )


_PUT_MODEL = _upsert("models", ModelRecord)
_PUT_MONITOR = _upsert("monitors", Monitor)


class SqliteRecords:
    def __init__(self, database: Database) -> None:
        self._database = database

    def models(self, after: str, limit: int) -> tuple[ModelRecord, ...]:
        with self._database.records() as db:
            rows = db["models"].rows_where("id > ?", [after], order_by="id", limit=limit)
            return tuple(_model(row) for row in rows)

    def model(self, model_id: str) -> ModelRecord | None:
        rows = self._database.rows("SELECT * FROM models WHERE id = ?", [model_id])
        return _model(rows[0]) if rows else None

    def put_model(self, model: ModelRecord) -> None:
        with self._database.writing() as conn:
            conn.execute(_PUT_MODEL, _model_row(model))

    def delete_model(self, model_id: str) -> bool:
        with self._database.writing() as conn:
            return conn.execute("DELETE FROM models WHERE id = ?", [model_id]).rowcount == 1

    def put_bundle(
        self, model: ModelRecord, bundle: SpecBundle, monitors: Sequence[Monitor]
    ) -> None:
        sizes = Layout.of(bundle.spec).sizes
        with self._database.writing() as conn:
            conn.execute(_PUT_MODEL, _model_row(model))
            conn.execute(
                "INSERT OR IGNORE INTO specs VALUES (?, ?, ?)",
                [bundle.digest, model.id, bundle.spec_bytes],
            )
            # Nothing hangs on these rows, so they may be replaced.
            conn.executemany(
                "INSERT OR REPLACE INTO reference_vectors VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (
                        bundle.digest,
                        reference.dataset.value,
                        reference.segment,
                        section.value,
                        reference.rows,
                        vector_bytes(vector, sizes[section]),
                    )
                    for reference in bundle.references
                    for section, vector in reference.vectors.items()
                ],
            )
            conn.executemany(_PUT_MONITOR, [_monitor_row(monitor) for monitor in monitors])

    def bundle(self, digest: bytes) -> SpecBundle | None:
        with self._database.reading() as conn:
            found = conn.execute("SELECT spec FROM specs WHERE digest = ?", [digest]).fetchone()
            rows = conn.execute(
                "SELECT dataset, segment, rows, section, vector FROM reference_vectors"
                " WHERE digest = ? ORDER BY dataset, segment, section",
                [digest],
            ).fetchall()
        if found is None:
            return None
        vectors: dict[tuple[str, int, int], dict[Section, IntVector]] = {}
        for dataset, segment, count, section, data in rows:
            of_rows = vectors.setdefault((dataset, segment, count), {})
            of_rows[Section(section)] = read_vector(data)[0]
        references = tuple(
            Reference(Dataset(dataset), count, sections, segment)
            for (dataset, segment, count), sections in vectors.items()
        )
        return SpecBundle(decode_spec(found[0]), found[0], references)

    def monitors(self, model_id: str, after: str, limit: int) -> tuple[Monitor, ...]:
        with self._database.records() as db:
            rows = db["monitors"].rows_where(
                "id > :after AND (:model = '' OR model_id = :model)",
                {"after": after, "model": model_id},
                order_by="id",
                limit=limit,
            )
            return tuple(_monitor(row) for row in rows)

    def monitor(self, monitor_id: str) -> Monitor | None:
        rows = self._database.rows("SELECT * FROM monitors WHERE id = ?", [monitor_id])
        return _monitor(rows[0]) if rows else None

    def put_monitor(self, monitor: Monitor) -> None:
        with self._database.writing() as conn:
            conn.execute(_PUT_MONITOR, _monitor_row(monitor))

    def delete_monitor(self, monitor_id: str) -> bool:
        with self._database.writing() as conn:
            return conn.execute("DELETE FROM monitors WHERE id = ?", [monitor_id]).rowcount == 1


def _model_row(model: ModelRecord) -> dict[str, Any]:
    return {**asdict(model), "labels": json.dumps(model.labels)}


def _model(row: Mapping[str, Any]) -> ModelRecord:
    return ModelRecord(**{**row, "labels": json.loads(row["labels"])})


def _monitor_row(monitor: Monitor) -> dict[str, Any]:
    enums = {"rule": monitor.rule.value, "severity": monitor.severity.value}
    return {**asdict(monitor), **enums}


def _monitor(row: Mapping[str, Any]) -> Monitor:
    values = {
        "rule": Rule(row["rule"]),
        "severity": Severity(row["severity"]),
        "active": bool(row["active"]),
    }
    return Monitor(**{**row, **values})
