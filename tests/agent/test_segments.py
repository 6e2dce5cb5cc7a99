"""An agent with labels and a spec with segments: what it is told, counts and keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from whitebox_agent import Agent, Config
from whitebox_agent.buffer.sqlite import open_sqlite
from whitebox_agent.config import check_config, load_config
from whitebox_wire.errors import ConfigError
from whitebox_wire.messages import RowLedger
from whitebox_wire.spec import ModelSpec, NumericRange, Predicate, Segment

SEGMENTS = (
    Segment("young", (Predicate("age", NumericRange(float("-inf"), 30.0)),)),
    Segment("Berlin", (), (("site", "berlin"),)),
)


def test_labels_come_from_the_file_the_environment_and_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text('labels = ["site=berlin", "note=a=b", "line="]\n')
    variable = {"WHITEBOX_AGENT_LABELS": "site=rome, line=2"}

    assert load_config(path, {}, {}).labels_by_key == {"site": "berlin", "note": "a=b", "line": ""}
    assert load_config(path, variable, {}).labels_by_key == {"site": "rome", "line": "2"}
    given = {"labels": ["site=oslo"]}
    assert load_config(path, variable, given).labels_by_key == {"site": "oslo"}


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (("site",), "'site' is not KEY=VALUE"),
        (("=berlin",), "'=berlin' is not KEY=VALUE"),
        ((f"site={'x' * 256}",), "is not KEY=VALUE of at most 256 bytes"),
        (("site=a", "site=b"), "label 'site' is given twice"),
        (tuple(f"k{i}=v" for i in range(65)), "65 labels; at most 64"),
    ],
)
def test_labels_that_cannot_be_are_refused(labels: tuple[str, ...], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        check_config(Config(labels=labels))


def test_the_books_count_a_row_once_whatever_segments_it_is_in(
    store: Path, binary_spec: ModelSpec, spec_file: Callable[[ModelSpec], str]
) -> None:
    spec = replace(binary_spec, segments=SEGMENTS).check()
    config = Config(store_path=str(store), specs=(spec_file(spec),), labels=("site=berlin",))
    rows = {"age": np.array([20.0, 25.0, 60.0]), "job": ["clerk", "nurse", "pilot"]}

    with Agent(config) as agent:
        agent.log("income", rows, prediction=["no", "yes", "no"], id=["a", "b", "c"])
        agent.log_labels("income", ["a", "c"], ["no", "yes"])
        agent.ship(timeout_s=10.0)
        [ledger] = agent.books().ledgers

    assert ledger.inferences == RowLedger(recorded=3, folded=3, pending=3)
    assert ledger.labels == RowLedger(recorded=2, folded=2, pending=2)
    with open_sqlite(store, "edge", 1) as buffer:
        buffer.outbox.hasten()
        flight = buffer.outbox.take_off(0, 10**9, empty=False)
    assert flight is not None
    found = [(item.key.section.value, item.key.segment, item.rows) for item in flight.items]
    assert sorted(found) == [
        ("features", 0, 3),
        ("features", 1, 2),
        ("features", 2, 3),
        ("labels", 0, 2),
        ("labels", 1, 1),
        ("labels", 2, 2),
    ]
