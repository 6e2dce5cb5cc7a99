"""Many models in one agent, whose specs change at the hub while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.chaos.model import SPEC, Call
from whitebox_agent import Agent, Config, register
from whitebox_agent.fold import ModelFold
from whitebox_agent.table import Encoder, Table
from whitebox_hub.store.sqlite import open_sqlite
from whitebox_wire.codec import SpecBundle, encode_bundle, encode_spec, spec_digest
from whitebox_wire.layout import Section
from whitebox_wire.messages import RowLedger
from whitebox_wire.spec import ModelSpec, NumericBins

SHIP_S = 30.0
NAMES = ("first", "second", "third")


def spec_of(name: str) -> ModelSpec:
    return replace(SPEC, model_id=name)


def newer(spec: ModelSpec) -> ModelSpec:
    """The same model after a new training: one feature has other cells."""
    age, *others = spec.features
    return replace(
        spec, features=(replace(age, bins=NumericBins((30.0, 50.0), 40.0, 10.0)), *others)
    ).check()


def give(folder: Path, hub: Any, spec: ModelSpec) -> None:
    path = folder / "given.spec"
    path.write_bytes(encode_bundle(SpecBundle(spec, encode_spec(spec), ())))
    register(path, hub.said["http"])


def log(agent: Agent, name: str, call: Call) -> None:
    rows = {column: _plain(cells) for column, cells in call.batch.columns.items()}
    assert call.batch.times_ms is not None
    agent.log(name, rows, id=list(call.batch.ids), time=call.batch.times_ms / 1_000)


def _plain(cells: Any) -> Any:
    if not hasattr(cells, "codes"):
        return cells
    return [cells.dictionary[code] if code >= 0 else None for code in cells.codes.tolist()]


def test_a_changed_spec_is_picked_up_without_a_restart_and_sums_under_the_old_one_still_ship(
    start_hub: Any, tmp_path: Path, wait_for: Callable[[Callable[[], bool]], None]
) -> None:
    hub = start_hub()
    for name in NAMES:
        give(tmp_path, hub, spec_of(name))
    old, new = spec_of("second"), newer(spec_of("second"))
    config = Config(
        store_path=str(tmp_path / "agent.db"), hub_address=hub.said["grpc"], models=NAMES
    )
    before, after = Call(1, 0), Call(1, 1)

    with Agent(config) as agent:
        wait_for(lambda: set(agent.models()) == set(NAMES))
        for name in NAMES:
            log(agent, name, before)
        assert agent.flush()
        give(tmp_path, hub, new)
        # The hub names its current specs in every answer.
        wait_for(
            lambda: (
                agent.ship(SHIP_S)
                and agent._models["second"].digest == spec_digest(encode_spec(new))
            )
        )
        for name in NAMES:
            log(agent, name, after)
        assert agent.ship(SHIP_S), agent.problem
        ledgers = {ledger.model_id: ledger.inferences for ledger in agent.books().ledgers}
    assert hub.stop() == 0

    rows = before.batch.rows + after.batch.rows
    assert ledgers == dict.fromkeys(NAMES, RowLedger(rows, rows, rows, 0))
    with open_sqlite(str(tmp_path / "hub.db")) as store:
        found = {
            window.digest: store.sketches.vectors(window)[Section.FEATURES]
            for window in store.sketches.windows("second", 0, 10)
        }
    for spec, call in ((old, before), (new, after)):
        digest = spec_digest(encode_spec(spec))
        table = Table(call.batch.rows, call.batch.columns)
        batch = Encoder(spec, digest).batch(table, received_ms=0)
        assert np.array_equal(found[digest], ModelFold(spec).features(batch))
