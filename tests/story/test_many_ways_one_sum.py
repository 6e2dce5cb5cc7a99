"""However rows are split and however often and in what order reports come, the hub's sums agree."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pandas as pd
import pytest

from whitebox_agent import Agent, Config
from whitebox_agent.fold import ModelFold
from whitebox_agent.table import Encoder, read_table
from whitebox_hub.store import Window
from whitebox_hub.store.sqlite import open_sqlite
from whitebox_wire.codec import decode_bundle
from whitebox_wire.layout import Section
from whitebox_wire.vector import IntVector

Sums = dict[tuple[int, Section], IntVector]
Way = Callable[[str], AbstractContextManager[str]]
SHIP_S = 60.0


@dataclass(frozen=True, slots=True)
class Story:
    """A hub that knows the model, and a folder for stores."""

    hub: Any
    spec_file: Path
    folder: Path


@pytest.fixture
def story(start_hub: Any, registered: Any, spec_file: Path, tmp_path: Path) -> Story:
    return Story(registered(start_hub()), spec_file, tmp_path)


@contextmanager
def directly(hub: str) -> Iterator[str]:
    yield hub


@contextmanager
def repeating_and_reordering(hub: str) -> Iterator[str]:
    """A relay in front of a hub's Ingest that sends every export twice, and old ones in between."""
    rng = random.Random(1)
    seen: list[bytes] = []

    def export(data: bytes, _: grpc.ServicerContext) -> bytes:
        seen.append(data)
        for old in rng.sample(seen, min(3, len(seen))):
            call(old, timeout=10)
        call(data, timeout=10)
        for old in rng.sample(seen, min(3, len(seen))):
            call(old, timeout=10)
        answer: bytes = call(data, timeout=10)
        return answer

    handler = grpc.method_handlers_generic_handler(
        "whitebox_wire.v1.Ingest", {"Export": grpc.unary_unary_rpc_method_handler(export)}
    )
    with ThreadPoolExecutor(3) as workers, grpc.insecure_channel(hub) as channel:
        call = channel.unary_unary("/whitebox_wire.v1.Ingest/Export")
        server = grpc.server(workers, handlers=(handler,))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield f"127.0.0.1:{port}"
        server.stop(None).wait()
        assert len(seen) > 5, "there must have been something to reorder"


def through_agents(parts: list[pd.DataFrame], hub: str, story: Story) -> None:
    """Log each part through an agent of its own, in pieces and shipped between; labels late."""
    features = ["id", "time", "employed", "year"]
    for number, part in enumerate(parts):
        config = Config(
            store_path=str(story.folder / f"agent-{number}.db"),
            agent_id=f"edge-{number}",
            hub_address=hub,
            specs=(str(story.spec_file),),
        )
        with Agent(config) as agent:
            for piece in np.array_split(np.arange(len(part)), 3):
                rows = part.iloc[piece]
                agent.log(
                    "employment", rows.drop(columns=features), id=rows["id"], time=rows["time"]
                )
                assert agent.ship(SHIP_S), agent.problem
            agent.log_labels("employment", part["id"], part["employed"])
            assert agent.ship(SHIP_S), agent.problem
            [ledger] = agent.books().ledgers
            assert ledger.inferences.acknowledged == ledger.labels.acknowledged == len(part)


def stored_sums(path: Path) -> Sums:
    with open_sqlite(str(path)) as store:
        windows: tuple[Window, ...] = store.sketches.windows("employment", 0, 100)
        return {
            (window.start_s, section): vector
            for window in windows
            for section, vector in store.sketches.vectors(window).items()
        }


@pytest.fixture
def folded_directly(live: pd.DataFrame, spec_file: Path) -> Sums:
    """The sums of one pass over all rows in this process: no agent, no hub, no wire."""
    bundle = decode_bundle(spec_file.read_bytes())
    encoder, fold = Encoder(bundle.spec, bundle.digest), ModelFold(bundle.spec)
    starts = live["time"].map(lambda time: bundle.spec.window.start(int(time)))
    sums: Sums = {}
    for start_s, rows in live.groupby(starts):
        batch = encoder.batch(read_table(rows), received_ms=0)
        targets = encoder.labels(rows["id"], rows["employed"], received_ms=0).labels
        sums[int(start_s), Section.FEATURES] = fold.features(batch)
        sums[int(start_s), Section.LABELS] = fold.labels(fold.predictions(batch), targets)
    return sums


def assert_equal(found: Sums, wanted: Sums) -> None:
    assert found.keys() == wanted.keys()
    assert len(found) == 18
    for key, vector in wanted.items():
        assert np.array_equal(found[key], vector), key


@pytest.mark.parametrize(
    ("agents", "way"),
    [(1, directly), (3, directly), (3, repeating_and_reordering)],
    ids=["one agent", "three agents", "three agents, exports repeated and reordered"],
)
def test_the_hub_holds_bit_for_bit_what_one_pass_over_the_rows_gives(
    agents: int, way: Way, live: pd.DataFrame, folded_directly: Sums, story: Story
) -> None:
    parts = [live.iloc[number::agents] for number in range(agents)]

    with way(story.hub.said["grpc"]) as address:
        through_agents(parts, address, story)
    assert story.hub.stop() == 0

    assert_equal(stored_sums(story.folder / "hub.db"), folded_directly)
