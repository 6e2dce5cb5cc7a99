"""The wheel without extras: what it holds, and that an agent in process needs nothing heavier.

Builds the wheel as `make build` does and installs it into an environment of its own, with the
versions of `deploy/constraints.txt`; uv has them in its cache after `make`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).parent / "uv"

# None of these may be needed, or even there, when an application imports the agent.
HEAVY = {
    *("aiohttp", "grpc", "onnxruntime", "paho", "pandas", "pyarrow", "scipy", "shap", "sklearn"),
    *("whitebox_hub",),
}

AGENT_IN_PROCESS = """
import json, sys
from whitebox_agent import Agent, Config, profile

rows = {"age": [20.0, 30.0, 40.0, 50.0] * 25, "job": ["clerk", "nurse"] * 50}
outcomes = {"prediction": ["no", "yes"] * 50, "bought": ["no", "yes"] * 50}
spec = profile({**rows, **outcomes}, model_id="shop", kind="binary", target="bought")
path = str(spec.save("shop.spec"))
with Agent(Config(store_path="agent.db", specs=(path,))) as agent:
    agent.log("shop", {**rows, "prediction": outcomes["prediction"]})
    agent.flush()
    (ledger,) = agent.books().ledgers
print(json.dumps({"recorded": ledger.inferences.recorded, "modules": sorted(sys.modules)}))
"""


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """A command's standard output; what it says on failure becomes the test's."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build = (UV, "build", "--quiet", "--wheel", "--no-build-isolation", "--python", sys.executable)
    run(*build, "--out-dir", folder, ROOT)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of an environment in which only the bare wheel was installed."""
    environment = tmp_path_factory.mktemp("bare") / "venv"
    run(UV, "venv", "--quiet", "--python", sys.executable, environment)
    install = (UV, "pip", "install", "--quiet", "--python", environment / "bin" / "python")
    run(*install, "--constraint", ROOT / "deploy" / "constraints.txt", wheel)
    return environment / "bin"


def test_the_wheel_holds_three_packages_with_their_schemas_and_types(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    packages = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    schemas = {name.split("/")[0] for name in names if name.endswith(".sql")}

    assert packages == {"whitebox_wire", "whitebox_agent", "whitebox_hub"}
    assert schemas == {"whitebox_agent", "whitebox_hub"}
    assert {f"{package}/py.typed" for package in packages} <= set(names)
    assert not [name for name in names if Path(name).name.startswith(("test_", "conftest"))]


def test_the_wheel_carries_its_licence_and_both_commands(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (dist_info,) = {name.split("/")[0] for name in archive.namelist() if ".dist-info/" in name}

    licence = archive.read(f"{dist_info}/licenses/LICENSE").decode()
    commands = archive.read(f"{dist_info}/entry_points.txt").decode()

    assert "Apache License" in licence
    assert "whitebox-agent = whitebox_agent.cli:main" in commands
    assert "whitebox-hub = whitebox_hub.cli:main" in commands


def test_an_agent_in_process_runs_on_the_bare_install_and_loads_nothing_heavy(
    bare: Path, tmp_path: Path
) -> None:
    told = json.loads(run(bare / "python", "-I", "-c", AGENT_IN_PROCESS, cwd=tmp_path))

    assert told["recorded"] == 100
    assert HEAVY.isdisjoint(told["modules"])


def test_importing_the_agent_beside_heavy_libraries_leaves_them_alone(tmp_path: Path) -> None:
    code = "import json, sys, whitebox_agent; print(json.dumps(sorted(sys.modules)))"

    modules = json.loads(run(sys.executable, "-I", "-c", code, cwd=tmp_path))

    assert HEAVY.isdisjoint(modules)


@pytest.mark.parametrize("command", ["whitebox-agent", "whitebox-hub"])
def test_a_command_explains_itself_on_the_bare_install(bare: Path, command: str) -> None:
    assert run(bare / command, "--help").startswith(f"usage: {command}")


@pytest.mark.parametrize(
    ("command", "extra"), [("whitebox-agent run", "agent"), ("whitebox-hub serve", "hub")]
)
def test_a_command_names_the_extra_that_it_misses(
    bare: Path, tmp_path: Path, command: str, extra: str
) -> None:
    program, verb = command.split()

    done = subprocess.run(
        [bare / program, verb], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 78
    assert f"pip install 'whitebox-edge[{extra}]'" in done.stderr


@pytest.mark.parametrize("client", ["SidecarClient", "AsyncSidecarClient"])
def test_a_client_names_the_extra_that_it_misses(bare: Path, tmp_path: Path, client: str) -> None:
    code = f"from whitebox_agent import {client}; {client}()"

    done = subprocess.run(
        [bare / "python", "-I", "-c", code],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert "ConfigError: logging to an agent needs gRPC" in done.stderr
    assert "pip install 'whitebox-edge[grpc]'" in done.stderr
