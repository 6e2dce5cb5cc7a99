"""The command `whitebox-hub`, as processes: what it prints and how it exits."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from whitebox_hub import __version__

COMMAND = (sys.executable, "-m", "whitebox_hub.cli")
FREE = ("--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")


def _run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], cwd=cwd, capture_output=True, text=True, timeout=60, check=False
    )


@contextmanager
def _serving(*arguments: str, cwd: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A hub that has said that it is ready, and the line that says so."""
    process = subprocess.Popen(
        [*COMMAND, "serve", *arguments],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline()
    finally:
        process.kill()
        process.communicate()


def test_a_good_configuration_is_valid(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text("tick_interval_ms = 500\n")

    done = _run("validate", "hub.toml", cwd=tmp_path)

    assert (done.returncode, done.stdout, done.stderr) == (0, "hub.toml: ok\n", "")


@pytest.mark.parametrize("command", [("validate",), ("serve", "--config")])
def test_a_wrong_configuration_exits_with_78_and_names_the_line(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "hub.toml").write_text("\ntick_interval_ms = 0\n")

    done = _run(*command, "hub.toml", cwd=tmp_path)

    assert done.returncode == 78
    assert done.stderr.startswith("whitebox-hub: hub.toml line 2: tick_interval_ms: 0 is not")
    assert (done.stdout, "Traceback" in done.stderr) == ("", False)


def test_a_store_that_cannot_be_opened_exits_with_74(tmp_path: Path) -> None:
    done = _run("serve", *FREE, "--store", "no/such/folder/hub.db", cwd=tmp_path)

    assert done.returncode == 74
    assert "no/such/folder/hub.db" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("flag", ["--http", "--grpc"])
def test_an_address_that_is_taken_exits_with_78_and_says_so(tmp_path: Path, flag: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = _run("serve", *FREE, flag, f"127.0.0.1:{port}", cwd=tmp_path)

    assert done.returncode == 78
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_command_line_exits_with_2(tmp_path: Path) -> None:
    assert _run("fly", cwd=tmp_path).returncode == 2
    assert _run(cwd=tmp_path).returncode == 2


def test_the_version_is_printed(tmp_path: Path) -> None:
    assert _run("--version", cwd=tmp_path).stdout == f"whitebox-hub {__version__}\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_hub_says_where_it_listens_and_ends_well_when_it_is_told(
    tmp_path: Path, number: signal.Signals
) -> None:
    with _serving(*FREE, "--store", "hub.db", cwd=tmp_path) as (process, line):
        assert line.startswith("whitebox-hub ready http=http://127.0.0.1:")
        assert " grpc=127.0.0.1:" in line
        assert line.endswith(" store=hub.db\n")
        assert ":0 " not in line

        process.send_signal(number)
        _, errors = process.communicate(timeout=60)

    assert (process.returncode, errors) == (0, "")
    assert (tmp_path / "hub.db").exists()
