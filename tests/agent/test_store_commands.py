"""The commands that look into a store, on stores of real agents."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from whitebox_agent import Agent, Config
from whitebox_agent.cli import main
from whitebox_agent.store_commands import SUMS_SHOWN
from whitebox_wire.spec import (
    ModelKind,
    ModelSpec,
    NoiseBudget,
    Predicate,
    PrivacyPolicy,
    Segment,
)

START_S = 1_767_225_600
ROW = {"age": 33.0, "job": "nurse", "name": 7.0}
SpecFile = Callable[[ModelSpec], str]
Run = Callable[..., str]


@pytest.fixture
def run(store: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """`run("outbox", "show", ...)` on the store: what it printed; the status must be 0."""

    def command(*arguments: str, status: int = 0) -> str:
        assert main([*arguments, "--store", str(store)]) == status
        said = capsys.readouterr()
        return said.out + said.err

    return command


def recorded(store: Path, spec_path: str, rows: int, *, hours: int = 1, labels: int = 0) -> None:
    """A store in which an agent folded some rows of each of some hours."""
    model = Path(spec_path).stem
    with Agent(Config(store_path=str(store), agent_id="edge-1", specs=(spec_path,))) as agent:
        for hour in range(hours):
            for i in range(rows):
                time_s = START_S + 3_600 * hour + i
                agent.log(model, ROW, prediction="yes", score=0.75, id=f"{hour}-{i}", time=time_s)
        agent.log_labels(model, [f"0-{i}" for i in range(labels)], ["no"] * labels)


def test_show_says_what_leaves_and_when_in_words(
    store: Path, run: Run, binary_spec: ModelSpec, spec_file: SpecFile
) -> None:
    recorded(store, spec_file(binary_spec), 12, labels=3)

    said = run("outbox", "show")

    assert "2 sums wait to leave this device" in said
    assert "model income: features of all rows" in said
    assert "2026-01-01 00:00:00 to 2026-01-01 01:00:00 UTC" in said
    assert "leaves    with the next export" in said or "gathers rows until then" in said
    assert "withheld  name: nothing of these is counted" in said
    words = [" ".join(line.split()) for line in said.splitlines()]
    for line in (
        *("rows 12", "30 to below 35 12", "'nurse' 12", "'yes' 12"),
        *("predicted so, score 0.7 to 0.8 12", "'no', predicted 'yes' 3"),
        "total of (value - 40) / 10 -8.4",
    ):
        assert line in words


def test_show_names_the_noise_that_is_yet_to_come(
    store: Path, run: Run, binary_spec: ModelSpec, spec_file: SpecFile
) -> None:
    policy = PrivacyPolicy(budgets=(NoiseBudget(("age",), 1.0, 1e-6),))
    recorded(store, spec_file(replace(binary_spec, privacy=policy)), 5)

    said = run("outbox", "show")

    assert "noise of sigma 6.4 rows is added to every count when it leaves" in said
    assert "total of" not in said.split("job")[0], "the moments of age do not leave"
    assert " ".join(said.split()).count("not a number 0") == 1, "noise goes into empty cells, too"


def test_show_says_which_sums_wait_for_company(
    store: Path, run: Run, binary_spec: ModelSpec, spec_file: SpecFile
) -> None:
    recorded(store, spec_file(replace(binary_spec, privacy=PrivacyPolicy(50))), 12)

    assert "it waits for company, since 50 rows are the fewest" in run("outbox", "show")
    assert "1 of them, of 12 rows, wait for" in run("status")


def test_show_names_segments(
    store: Path, run: Run, binary_spec: ModelSpec, spec_file: SpecFile
) -> None:
    segments = (Segment("nurses", (Predicate("job", ("nurse",)),)),)
    recorded(store, spec_file(replace(binary_spec, segments=segments)), 5)

    assert "features of segment nurses" in run("outbox", "show")


def test_show_is_short_unless_more_is_asked_for(
    store: Path, run: Run, binary_spec: ModelSpec, spec_file: SpecFile
) -> None:
    recorded(store, spec_file(binary_spec), 1, hours=SUMS_SHOWN + 2)

    assert f"{SUMS_SHOWN + 2} sums wait to leave this device; {SUMS_SHOWN} are" in run(
        "outbox", "show"
    )
    assert run("outbox", "show", "--limit", "1").count("window ") == 1
    assert run("outbox", "show", "--limit", "0").count("window ") == SUMS_SHOWN + 2
    assert "Nothing waits to leave" in run("outbox", "show", "--model", "other")


def test_show_tells_every_kind_of_model(
    store: Path, run: Run, spec: ModelSpec, spec_file: SpecFile
) -> None:
    regression = spec.kind is ModelKind.REGRESSION
    prediction = 120.0 if regression else spec.prediction.classes[1]
    path = spec_file(spec)
    with Agent(Config(store_path=str(store), specs=(path,))) as agent:
        agent.log(spec.model_id, ROW, prediction=prediction, id="a")
        agent.log_labels(spec.model_id, "a", prediction)

    said = run("outbox", "show")

    assert "labels of all rows" in said
    assert "labels against predictions" in said


def test_check_passes_a_whole_store(
    store: Path, run: Run, binary_spec: ModelSpec, spec_file: SpecFile
) -> None:
    recorded(store, spec_file(binary_spec), 5, labels=2)

    assert "whole, and the books balance" in run("buffer", "check")


def test_check_finds_a_flipped_bit(
    store: Path, run: Run, binary_spec: ModelSpec, spec_file: SpecFile
) -> None:
    recorded(store, spec_file(binary_spec), 5)
    with sqlite3.connect(store) as conn:
        [page_size] = conn.execute("PRAGMA page_size").fetchone()
        [page] = conn.execute("SELECT rootpage FROM sqlite_master WHERE name = 'outbox'").fetchone()
    conn.close()
    data = bytearray(store.read_bytes())
    data[page * page_size - 40] ^= 4  # within the last cell of the table's first page
    store.write_bytes(data)

    said = run("buffer", "check", status=74)

    assert "outbox" in said
    assert "problems" in said


def test_stats_say_how_much_and_how_old(
    store: Path, run: Run, binary_spec: ModelSpec, spec_file: SpecFile
) -> None:
    recorded(store, spec_file(binary_spec), 5, labels=2)

    said = run("buffer", "stats")

    lines = {line.split()[0]: line.split() for line in said.splitlines() if line.split()}
    assert lines["outbox"][1:3] == ["2", "7"]
    assert lines["predictions"][1:3] == ["3", "3"]
    assert lines["batches"][1] == "0"
    assert "ago" in lines["outbox"]
    assert "agent.db" in lines


def documents(said: str) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = {}
    for line in said.splitlines():
        document = json.loads(line)
        found.setdefault(document["kind"], []).append(document)
    return found


def test_an_export_holds_books_specs_and_sums(
    store: Path, run: Run, binary_spec: ModelSpec, spec_file: SpecFile
) -> None:
    recorded(store, spec_file(binary_spec), 5, labels=2)

    found = documents(run("buffer", "export"))

    assert found.keys() == {"books", "ledger", "spec", "sum"}
    features, labels = found["sum"]
    assert (features["section"], features["rows"]) == ("features", 5)
    assert (labels["section"], labels["window_start_s"]) == ("labels", START_S)
    assert features["vector"][0] == 5  # type: ignore[index]  # a list of numbers
    assert [ledger["recorded"] for ledger in found["ledger"]] == [5, 2]


def test_an_export_holds_raw_rows_only_when_they_are_asked_for(
    store: Path, run: Run, binary_spec: ModelSpec, spec_file: SpecFile
) -> None:
    path = spec_file(binary_spec)
    config = Config(store_path=str(store), specs=(path,), fold_interval_ms=60_000)
    with Agent(config) as agent:
        agent.log("income", {**ROW, "age": 61.25}, prediction="yes", score=0.5, id="secret-1")
        agent.log_labels("income", "secret-1", "no")
        agent.flush()

        plain, whole = run("buffer", "export"), run("buffer", "export", "--rows")

    assert "61.25" not in plain
    assert "secret-1" not in plain
    inferences, labels = documents(whole)["rows"]
    columns = inferences["columns"]
    assert isinstance(columns, dict)
    assert (columns["age"], columns["job"], columns["score"]) == ([61.25], ["nurse"], [0.5])
    assert labels["ids"] == ["secret-1"]
    assert labels["labels"] == ["no"]


@pytest.mark.parametrize(
    "arguments",
    [("outbox", "show"), ("buffer", "check"), ("buffer", "stats"), ("buffer", "export")],
)
def test_a_store_that_is_not_there_is_named(run: Run, arguments: tuple[str, ...]) -> None:
    assert "agent.db does not exist" in run(*arguments, status=74)
