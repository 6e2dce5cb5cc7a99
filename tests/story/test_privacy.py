"""Privacy end to end: what reaches a hub, killed agents, small windows, and what the hub says."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pandas as pd
import pytest

from whitebox_agent import Agent, Config, profile, register
from whitebox_agent.fold import ModelFold
from whitebox_agent.privacy import sigma_of
from whitebox_agent.table import Encoder, read_table
from whitebox_wire.codec import decode_bundle, decode_request
from whitebox_wire.layout import Section
from whitebox_wire.messages import SketchDelta
from whitebox_wire.packing import unpack
from whitebox_wire.spec import ModelSpec
from whitebox_wire.vector import ONE, IntVector

ROWS = 600
START_S = 1_767_225_600
LOG = """
import sys
import pandas as pd
from whitebox_agent import Agent, Config
store, spec, hub, rows = sys.argv[1:]
with Agent(Config(store_path=store, agent_id="edge-1", specs=(spec,), hub_address=hub)) as agent:
    if rows:
        table = pd.read_json(rows)
        agent.log("loans", table.drop(columns="time"), time=table["time"].to_list())
    print("shipped", agent.ship(timeout_s=60.0), flush=True)
"""


def drawn(rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": rng.normal(45, 12, rows),
            "income": rng.lognormal(11, 0.5, rows),
            "prediction": rng.choice(["no", "yes"], rows),
        }
    )


@pytest.fixture(scope="module")
def spec_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose income is noised, with sums of at least 50 rows."""
    training = drawn(4_000, 1).assign(y="no")
    training.loc[:100, "y"] = "yes"
    made = profile(
        training,
        model_id="loans",
        kind="binary",
        target="y",
        granularity="1H",
        noise={"income": (1.0, 1e-6)},
    )
    return made.save(tmp_path_factory.mktemp("privacy") / "loans.spec")


@pytest.fixture(scope="module")
def spec(spec_path: Path) -> ModelSpec:
    return decode_bundle(spec_path.read_bytes()).spec


@dataclass
class Relay:
    """The deltas of exports that had some, in order; none reaches the hub before `open` is set."""

    address: str = ""
    deltas: list[tuple[SketchDelta, ...]] = field(default_factory=list)
    came: threading.Event = field(default_factory=threading.Event)
    open: threading.Event = field(default_factory=threading.Event)


@contextmanager
def relaying(hub: str) -> Iterator[Relay]:
    relay = Relay()

    def export(data: bytes, context: grpc.ServicerContext) -> bytes:
        request = decode_request(data)
        if request.deltas:
            relay.deltas.append(request.deltas)
            relay.came.set()
        if request.deltas and not relay.open.is_set():
            context.abort(grpc.StatusCode.UNAVAILABLE, "not now")
        answer: bytes = call(data, timeout=10)
        return answer

    handler = grpc.method_handlers_generic_handler(
        "whitebox_wire.v1.Ingest", {"Export": grpc.unary_unary_rpc_method_handler(export)}
    )
    with ThreadPoolExecutor(2) as workers, grpc.insecure_channel(hub) as channel:
        call = channel.unary_unary("/whitebox_wire.v1.Ingest/Export")
        server = grpc.server(workers, handlers=(handler,))
        relay.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        yield relay
        server.stop(None).wait()


def exact(spec: ModelSpec, frame: pd.DataFrame) -> IntVector:
    return ModelFold(spec).features(Encoder(spec, b"").batch(read_table(frame), received_ms=0))


def test_noise_is_drawn_once_whatever_becomes_of_the_agent(
    start_hub: Callable[[], Any], spec_path: Path, spec: ModelSpec, tmp_path: Path
) -> None:
    hub = start_hub()
    register(spec_path, hub.said["http"])
    frame = drawn(ROWS, 2)
    rows = tmp_path / "rows.json"
    frame.assign(time=[START_S + i for i in range(ROWS)]).to_json(rows)
    store = str(tmp_path / "agent.db")
    with relaying(hub.said["grpc"]) as relay:
        arguments = [sys.executable, "-c", LOG, store, str(spec_path), relay.address]
        with subprocess.Popen([*arguments, str(rows)], stdout=subprocess.PIPE) as first:
            assert relay.came.wait(60), "nothing came"
            first.kill()

        relay.open.set()
        again = subprocess.run([*arguments, ""], check=True, capture_output=True, timeout=90)

        assert again.stdout.strip() == b"shipped True"
        assert len(relay.deltas) >= 2
        assert all(deltas == relay.deltas[0] for deltas in relay.deltas)

    [delta] = relay.deltas[0]
    layout = ModelFold(spec).layout
    vector = unpack(delta.vector, layout.sizes[Section.FEATURES])
    _check_noise(spec, vector, exact(spec, frame))


def _check_noise(spec: ModelSpec, vector: IntVector, folded: IntVector) -> None:
    layout = ModelFold(spec).layout
    age, income = layout.features
    [budget] = spec.privacy.budgets
    sigma = sigma_of(budget, spec)
    noise = (vector - folded)[[*range(income.bins.start, income.bins.stop), income.missing]]
    assert income.noise_variance is not None
    assert vector[income.noise_variance] / ONE == pytest.approx(sigma**2, rel=1e-3)
    assert 0.4 * sigma < noise.std() < 1.8 * sigma
    assert vector[layout.rows] == folded[layout.rows]
    assert vector[age.bins].tolist() == folded[age.bins].tolist()


def test_windows_of_few_rows_reach_the_hub_with_the_next(
    start_hub: Callable[[], Any], spec_path: Path, tmp_path: Path
) -> None:
    hub = start_hub()
    register(spec_path, hub.said["http"])
    config = Config(
        store_path=str(tmp_path / "agent.db"),
        agent_id="edge-1",
        hub_address=hub.said["grpc"],
        specs=(str(spec_path),),
    )
    with Agent(config) as agent:
        agent.log("loans", drawn(30, 3), time=[START_S + i for i in range(30)])
        assert agent.ship(), "what may not go keeps nobody waiting"
        books = agent.books()
        assert (books.lonely_items, books.lonely_rows) == (1, 30)
        assert books.ledgers[0].inferences.acknowledged == 0

        agent.log("loans", drawn(70, 4), time=[START_S + 7_200 + i for i in range(70)])
        assert agent.ship()

        books = agent.books()
        assert books.outbox_items == 0
        assert books.ledgers[0].inferences.acknowledged == 100
        assert books.ledgers[0].inferences.balances
    with urllib.request.urlopen(f"{hub.said['http']}/v1/models/loans", timeout=10) as answer:
        assert json.load(answer)["totals"]["rows"] == 100
