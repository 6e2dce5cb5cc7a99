"""The command: what it prints, and with which status it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from whitebox_agent import Agent, Config
from whitebox_agent.cli import main
from whitebox_wire.codec import decode_bundle
from whitebox_wire.spec import ModelSpec

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """`run("status", ...)`: the exit status, what went to stdout, and what to stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        status = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


@pytest.fixture
def training(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "age": rng.normal(40, 10, 500).round(1),
            "zip": rng.choice([101, 102, 103], 500),
            "y": rng.choice(["no", "yes"], 500),
            "empty": np.nan,
        }
    )
    path = tmp_path / "training.csv"
    frame.to_csv(path, index=False)
    return path


def test_profile_writes_a_spec_and_says_what_it_made_of_every_column(
    run: Run, training: Path, tmp_path: Path
) -> None:
    spec = tmp_path / "m.spec"
    status, out, _ = run(
        *("profile", training, "--model-id", "m", "--kind", "binary", "--target", "y"),
        *("--type", "zip=categorical", "--granularity", "1H", "-o", spec),
    )

    assert status == 0
    assert "m: binary, 2 features counted, classes no, yes" in out
    assert "empty: " in out
    assert f"next: whitebox-agent register {spec}" in out
    made = decode_bundle(spec.read_bytes()).spec
    assert made.window.granularity_s == 3_600


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (
            ("profile", "no.csv", "--model-id", "m", "--kind", "binary", "--target", "y"),
            65,
            "no.csv",
        ),
        (
            ("profile", "{training}", "--model-id", "m", "--kind", "binary", "--target", "z"),
            65,
            "'z'",
        ),
        (
            (
                *("profile", "{training}", "--model-id", "m", "--kind", "binary"),
                *("--target", "y", "--type", "zip"),
            ),
            78,
            "--type 'zip' is not COLUMN=TYPE",
        ),
        (("register", "no.spec"), 65, "no.spec"),
        (("status", "--store", "no.db"), 74, "no.db does not exist"),
        (("validate", "no.toml"), 78, "no.toml"),
        (("run", "--listen", "0.0.0.0:8810"), 78, "--listen: 0.0.0.0:8810 is reachable"),
        (("run", "--hub", "nowhere"), 78, "--hub-address: 'nowhere' is not host:port"),
        (("run", "--agent-id", "a/b"), 78, "--agent-id: 'a/b'"),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, tuple) else None,
)
def test_a_wrong_command_says_what_is_wrong_and_ends_with_its_status(
    run: Run, training: Path, tmp_path: Path, arguments: tuple[str, ...], status: int, said: str
) -> None:
    given = [argument.format(training=training) for argument in arguments]
    if given[0] == "profile":
        given += ["-o", str(tmp_path / "m.spec")]

    ended, out, err = run(*given)

    assert ended == status
    assert said in err
    assert err.startswith("whitebox-agent: ")
    assert not out


def test_status_shows_the_books(
    run: Run, store: Path, binary_spec: ModelSpec, spec_file: Callable[[ModelSpec], str]
) -> None:
    row = {"age": 40.0, "job": "nurse", "prediction": "yes"}
    with Agent(Config(store_path=str(store), specs=(spec_file(binary_spec),))) as agent:
        agent.log("income", row, id="a")
        agent.log_labels("income", ["a", "b"], ["yes", "no"])

    status, out, _ = run("status", "--store", store)

    assert status == 0
    lines = [line.split() for line in out.splitlines()]
    assert ["income", "inferences", "1", "0", "1", "0", "ok"] in lines
    assert ["income", "labels", "2", "0", "1", "1", "ok"] in lines
    assert ["1", "dropped:", "unmatched"] in lines


def test_validate_names_the_line_of_a_wrong_setting(run: Run, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text('hub_address = "127.0.0.1:8801"\nmodels = ["loans"]\n')
    bad.write_text('hub_address = "127.0.0.1:8801"\n\ncommit_interval_ms = "soon"\n')

    assert run("validate", good) == (0, f"{good}: ok\n", "")
    status, _, err = run("validate", bad)
    assert status == 78
    assert f"{bad} line 3: commit_interval_ms: 'soon' is not a whole number" in err
