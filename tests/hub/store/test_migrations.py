"""Stores that earlier versions wrote: opened, migrated, and nothing in them lost."""

from __future__ import annotations

import sqlite3
from importlib import resources
from pathlib import Path

import numpy as np

from tests.hub.conftest import Bench
from whitebox_hub.store.sqlite import open_sqlite
from whitebox_wire.layout import Section
from whitebox_wire.stored import vector_bytes


def test_references_of_a_store_from_before_segments_are_of_every_row(
    tmp_path: Path, bench: Bench
) -> None:
    path, bundle = tmp_path / "hub.db", bench.bundle
    [training] = bundle.references
    vector = training.vectors[Section.FEATURES]
    data = vector_bytes(vector, bench.layout.sizes[Section.FEATURES])
    sql = resources.files("whitebox_hub.store").joinpath("sql")
    old = sqlite3.connect(path)
    old.execute("CREATE TABLE migrations (name TEXT PRIMARY KEY)")
    for name in ("0001_sums.sql", "0002_judgements.sql"):
        old.executescript(sql.joinpath(name).read_text("utf-8"))
        old.execute("INSERT INTO migrations VALUES (?)", [name])
    old.execute("INSERT INTO models VALUES ('income', '', '', 'binary', 'y', '1H', '{}', '', 0, 0)")
    old.execute("INSERT INTO specs VALUES (?, 'income', ?)", [bundle.digest, bundle.spec_bytes])
    old.execute(
        "INSERT INTO reference_vectors VALUES (?, 'training', 'features', 20000, ?)",
        [bundle.digest, data],
    )
    old.commit()
    old.close()

    with open_sqlite(str(path)) as store:
        found = store.records.bundle(bundle.digest)

    assert found is not None
    [reference] = found.references
    assert (reference.segment, reference.rows) == (0, 20_000)
    assert np.array_equal(reference.vectors[Section.FEATURES], vector)
