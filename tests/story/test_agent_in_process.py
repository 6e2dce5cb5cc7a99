"""The agent inside a serving process that forgets it, or forks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from whitebox_agent.buffer.sqlite import read_books

HEAD = """
import os, sys
from whitebox_agent import Agent, Config, WhiteboxError
row = {"AGEP": 40, "SEX": 1, "prediction": 1}
agent = Agent(Config(store_path=sys.argv[1], specs=(sys.argv[2],)))
agent.log("employment", row)
"""


def run(code: str, store: Path, spec_file: Path) -> str:
    """A process that runs the code and ends; a hang is a failure."""
    arguments = [sys.executable, "-c", HEAD + code, str(store), str(spec_file)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("attempt", range(3))
def test_a_process_that_ends_without_closing_its_agent_loses_nothing(
    attempt: int, tmp_path: Path, spec_file: Path
) -> None:
    store = tmp_path / f"{attempt}.db"

    run("", store, spec_file)

    assert read_books(store).ledgers[0].inferences.recorded == 1


def test_a_forked_child_is_told_and_its_parent_goes_on(tmp_path: Path, spec_file: Path) -> None:
    code = """
pid = os.fork()
if pid == 0:
    try:
        agent.log("employment", row)
    except WhiteboxError as error:
        print(error, flush=True)
    sys.exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
agent.log("employment", row)
assert agent.flush()
"""
    said = run(code, tmp_path / "agent.db", spec_file)

    assert "a forked process needs an agent of its own" in said
    assert read_books(tmp_path / "agent.db").ledgers[0].inferences.recorded == 2
