"""Segments from the training set to the hub: cut by rows and by agents, counted where rows are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from whitebox_agent import Agent, Config, register
from whitebox_agent.fold import ModelFold
from whitebox_agent.profile.segments import segments_of
from whitebox_agent.table import Encoder, read_table
from whitebox_hub.store.sqlite import open_sqlite
from whitebox_wire.codec import SpecBundle, decode_bundle, encode_bundle, encode_spec
from whitebox_wire.layout import Section
from whitebox_wire.vector import IntVector

Sums = dict[tuple[int, int, Section], IntVector]

SHIP_S = 60.0
SITES = ("north", "south", "north")
SEGMENTS = segments_of(
    (
        "seniors: AGEP >= 65",
        "north: @site=north",
        "married in the south: MAR in {1} @site=south",
        "nowhere: AGEP < 30 @site=west",
    )
)


@pytest.fixture
def segmented(spec_file: Path, tmp_path: Path) -> Path:
    """The spec of the stories, with segments."""
    bundle = decode_bundle(spec_file.read_bytes())
    spec = replace(bundle.spec, segments=SEGMENTS).check()
    path = tmp_path / "segmented.spec"
    path.write_bytes(encode_bundle(SpecBundle(spec, encode_spec(spec), bundle.references)))
    return path


@pytest.fixture
def folded_directly(live: pd.DataFrame, segmented: Path) -> Sums:
    """What one pass gives over the rows that pandas finds to be in each segment."""
    bundle = decode_bundle(segmented.read_bytes())
    encoder = Encoder(bundle.spec, bundle.digest)
    fold = ModelFold(replace(bundle.spec, segments=()))
    site = np.array(SITES)[np.arange(len(live)) % len(SITES)]
    starts = live["time"].map(lambda time: bundle.spec.window.start(int(time)))
    inside = {
        0: np.ones(len(live), bool),
        1: (live["AGEP"] >= 65).to_numpy(),
        2: site == "north",
        3: (live["MAR"].astype(int) == 1).to_numpy() & (site == "south"),
    }
    sums: Sums = {}
    for segment, chosen in inside.items():
        for start_s, rows in live[chosen].groupby(starts[chosen]):
            batch = encoder.batch(read_table(rows), received_ms=0)
            targets = encoder.labels(rows["id"], rows["employed"], received_ms=0).labels
            features, labels = fold.features(batch), fold.labels(fold.predictions(batch), targets)
            sums[segment, int(start_s), Section.FEATURES] = features
            sums[segment, int(start_s), Section.LABELS] = labels
    return sums


def stored(path: Path) -> Sums:
    with open_sqlite(str(path)) as store:
        return {
            (segment, window.start_s, section): vector
            for segment in range(1 + len(SEGMENTS))
            for window in store.sketches.windows("employment", segment, 100)
            for section, vector in store.sketches.vectors(window).items()
        }


def test_the_hub_holds_of_every_segment_what_its_rows_give(
    live: pd.DataFrame,
    segmented: Path,
    folded_directly: Sums,
    start_hub: Callable[[], Any],
    tmp_path: Path,
) -> None:
    hub = start_hub()
    register(segmented, hub.said["http"])

    for number, site in enumerate(SITES):
        part = live.iloc[number :: len(SITES)]
        config = Config(
            store_path=str(tmp_path / f"agent-{number}.db"),
            agent_id=f"edge-{number}",
            hub_address=hub.said["grpc"],
            specs=(str(segmented),),
            labels=(f"site={site}", f"number={number}"),
        )
        with Agent(config) as agent:
            for piece in np.array_split(np.arange(len(part)), 3):
                rows = part.iloc[piece]
                columns = rows.drop(columns=["id", "time", "employed", "year"])
                agent.log("employment", columns, id=rows["id"], time=rows["time"])
                assert agent.ship(SHIP_S), agent.problem
            agent.log_labels("employment", part["id"], part["employed"])
            assert agent.ship(SHIP_S), agent.problem
            [ledger] = agent.books().ledgers
            assert ledger.inferences.acknowledged == ledger.labels.acknowledged == len(part)
    assert hub.stop() == 0

    found = stored(tmp_path / "hub.db")
    assert found.keys() == folded_directly.keys()
    assert {segment for segment, _, _ in found} == {0, 1, 2, 3}
    for key, vector in folded_directly.items():
        assert np.array_equal(found[key], vector), key
