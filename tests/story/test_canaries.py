"""Raw data never leaves the device: rows of unmistakable values, and every place they could get to.

The canaries are looked for as texts and as the bytes of their numbers, in the agent's store and its
log before and after folding, in every byte that passes between agent and hub, in the hub's files
and in what both write to their logs. What leaves is not deflated here, so that nothing can hide.
"""

from __future__ import annotations

import logging
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from whitebox_agent import Agent, Config, profile, register

ROWS = 200
# 2026-01-01T00:00:00Z
START_S = 1_767_225_600
# Numbers with all their digits, of which no half is another's.
AGES = [41.000000000000 + 0.123456789012 * (i + 1) / 7 for i in range(ROWS)]
INCOMES = [98_765.43210987 + 1.000000119 * i for i in range(ROWS)]
PREDICTED, UNKNOWN_CLASS = "yes", "canary-class-31c5"
TEXTS = [f"canary-{i:04d}-@clinic.example" for i in range(ROWS)]
IDS = [f"canary-id-{i:04d}-5e1f" for i in range(ROWS)]
SECRETS = [f"canary-secret-{i:04d}" for i in range(ROWS)]
SCORES = [0.600000000001 + i / 1_000_003 for i in range(ROWS)]


def as_bytes(value: object) -> list[bytes]:
    """The ways in which a value would be written by a program or into a text."""
    if isinstance(value, str):
        return [value.encode()]
    assert isinstance(value, float)
    double, single = struct.pack("<d", value), struct.pack("<f", value)
    return [double, double[::-1], single, single[::-1], repr(value).encode()]


def found(haystack: bytes, canaries: list[Any]) -> list[Any]:
    """Those canaries that are in some bytes. Four bytes may be there by chance, so floats of single
    precision count only when several are.
    """
    singles = [c for c in canaries if isinstance(c, float) and struct.pack("<f", c) in haystack]
    rest = [c for c in canaries if any(b in haystack for b in as_bytes(c) if len(b) > 4)]
    return rest or (singles if len(singles) > 2 else [])


ALL = [*AGES, *INCOMES, *SCORES, *TEXTS, *IDS, *SECRETS, UNKNOWN_CLASS]


@dataclass
class Recorder:
    """What passed through a relay, both ways."""

    sent: bytearray = field(default_factory=bytearray)
    answered: bytearray = field(default_factory=bytearray)


@contextmanager
def recording(hub: str) -> Iterator[tuple[str, Recorder]]:
    """A relay in front of a hub's port that keeps every byte; gives its address."""
    host, port = hub.rsplit(":", 1)
    recorder = Recorder()
    ends: list[socket.socket] = []

    def pump(source: socket.socket, sink: socket.socket, kept: bytearray) -> None:
        try:
            while data := source.recv(65_536):
                kept.extend(data)
                sink.sendall(data)
        except OSError:
            # The other direction has ended this one.
            pass
        finally:
            for end in (source, sink):
                end.close()

    def serve() -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.create_connection((host, int(port)), timeout=10)
            far.settimeout(None)
            ends.extend((near, far))
            for way in ((near, far, recorder.sent), (far, near, recorder.answered)):
                threading.Thread(target=pump, args=way, daemon=True).start()

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        acceptor = threading.Thread(target=serve, daemon=True)
        acceptor.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}", recorder
        listener.shutdown(socket.SHUT_RDWR)
    for end in ends:
        end.close()
    acceptor.join()


def training() -> pd.DataFrame:
    """The training set, whose numbers are canaries of their own."""
    rng = np.random.default_rng(7)
    rows = 3_000
    return pd.DataFrame(
        {
            "age": rng.normal(45, 12, rows),
            "income": rng.lognormal(11, 0.5, rows),
            "job": rng.choice(["clerk", "driver", "nurse"], rows),
            "remark": [f"canary-remark-{i}" for i in range(rows)],
            "secret": [f"canary-secret-{i}" for i in rng.integers(0, 40, rows)],
            "prediction": rng.choice(["no", "yes"], rows),
            "score": rng.uniform(0, 1, rows),
            "repaid": rng.choice(["no", "yes"], rows),
        }
    )


@pytest.fixture(scope="module")
def spec_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = profile(
        training(),
        model_id="loans",
        kind="binary",
        target="repaid",
        scores="score",
        granularity="1H",
        withhold=("secret",),
        noise={("income",): (1.0, 1e-6)},
    )
    return made.save(tmp_path_factory.mktemp("canaries") / "loans.spec")


def log(agent: Agent) -> None:
    """All canaries as rows: some by themselves, the rest as a table."""
    columns: dict[str, list[Any]] = {"age": AGES, "income": INCOMES}
    columns |= {"job": TEXTS, "secret": SECRETS}
    classes = [UNKNOWN_CLASS if i % 9 == 0 else PREDICTED for i in range(ROWS)]
    times = [START_S + i for i in range(ROWS)]
    for i in range(20):
        row = {name: cells[i] for name, cells in columns.items()}
        agent.log("loans", row, prediction=classes[i], score=SCORES[i], id=IDS[i], time=times[i])
    table = pd.DataFrame({name: cells[20:] for name, cells in columns.items()})
    agent.log(
        "loans",
        table,
        prediction=classes[20:],
        score=SCORES[20:],
        id=IDS[20:],
        time=times[20:],
    )
    agent.flush()


def files(folder: Path, name: str) -> bytes:
    """All bytes of a store: its file, its log and whatever lies beside it."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob(f"{name}*")))


def test_canaries_are_nowhere_but_in_unfolded_rows(
    start_hub: Any,
    spec_path: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    hub = start_hub()
    register(spec_path, hub.said["http"])
    with recording(hub.said["grpc"]) as (address, recorder):
        config = Config(
            store_path=str(tmp_path / "agent.db"),
            agent_id="edge-1",
            hub_address=address,
            specs=(str(spec_path),),
            fold_interval_ms=60_000,
            deflate=False,
        )
        with Agent(config) as agent:
            log(agent)
            before = files(tmp_path, "agent.db")
            assert agent.ship(), "the hub has it all"
            agent.log_labels("loans", IDS[:100], [UNKNOWN_CLASS, *["no"] * 99])
            assert agent.ship()
            while_open = files(tmp_path, "agent.db")
        assert len(recorder.sent) > 1_000
    after = files(tmp_path, "agent.db")
    hub.stop()

    # What is not folded yet lies in the store as it is: the search can find what it looks for.
    assert len(found(before, [*AGES, *INCOMES, *IDS])) == 3 * ROWS
    # Ids and scores are remembered until the labels come; features are not.
    for store in (while_open, after):
        assert found(store, [*AGES, *INCOMES, *TEXTS, *SECRETS, UNKNOWN_CLASS]) == []
        assert found(store, IDS[:100]) == [], "those that have their label are forgotten"
        assert len(found(store, IDS[100:])) == 100
    assert found(bytes(recorder.sent), ALL) == []
    assert found(bytes(recorder.answered), ALL) == []
    assert found(files(tmp_path, "hub.db"), ALL) == []
    said = "".join(capfd.readouterr()) + caplog.text
    assert found(said.encode(), ALL) == []


def test_rows_are_gone_from_the_log_of_a_quiet_store_within_a_fold(
    spec_path: Path, tmp_path: Path, wait_for: Callable[[Callable[[], bool]], None]
) -> None:
    config = Config(store_path=str(tmp_path / "agent.db"), specs=(str(spec_path),))
    with Agent(config) as agent:
        log(agent)

        wait_for(lambda: not found(files(tmp_path, "agent.db"), [*AGES, *INCOMES]))


def test_a_spec_file_holds_no_value_of_the_training_set(spec_path: Path) -> None:
    """Categories are listed by name; of numbers there are rounded edges, and of rows nothing."""
    bundle = spec_path.read_bytes()
    windows = {bundle[i : i + 8] for i in range(len(bundle) - 7)}
    frame = training()

    for name in ("age", "income", "score"):
        raw = {struct.pack("<d", value) for value in frame[name]}
        assert len(raw) == len(frame)
        assert raw.isdisjoint(windows), f"a value of {name} is in the spec file"
    assert b"canary-remark" not in bundle, "free text is left out"
    assert b"canary-secret" not in bundle, "of a withheld feature not even the categories are told"
    assert b"nurse" in bundle, "the vocabulary of a counted feature is, as documented"
