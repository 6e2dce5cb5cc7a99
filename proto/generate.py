"""Generate `whitebox_wire/v1/*_pb2.py` and `.pyi` from the `.proto` files beside them.

    python proto/generate.py            write them
    python proto/generate.py --check    exit 1 when the committed ones are not what it would write

grpcio-tools 1.63.2 is pinned: what it generates runs on protobuf 5, 6 and 7, and what newer ones
generate does not run on 5. It lives in an environment of its own, `build/proto-venv`, since its
own dependencies are older than ours. Standard library only.
"""

# ruff: noqa: T201  # a script prints for people
# ruff: noqa: S603  # it starts the generator that it has installed itself

from __future__ import annotations

import argparse
import difflib
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

# Its generator imports pkg_resources, which setuptools 81 no longer has.
TOOLS = ("grpcio-tools==1.63.2", "protobuf==5.29.6", "setuptools==80.9.0")
# The tools' wheels end with Python 3.12; on a newer one pip would compile them for minutes.
PYTHONS = ">=3.10,<3.13"
PROTO = Path(__file__).resolve().parent
PACKAGE = Path("whitebox_wire/v1")
ENVIRONMENT = PROTO.parent / "build" / "proto-venv"
DIFF_LINES_MAX = 40


def main() -> int:
    """Generate, or compare with what is committed; 0 when all is well."""
    parser = argparse.ArgumentParser(description="Generate the wire's messages from their .proto.")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 when files are out of date"
    )
    check = parser.parse_args().check
    made = _generate(_interpreter())
    stale = {path: text for path, text in made.items() if _committed(path) != text}
    orphans = [path for path in _generated() if path not in made]
    if check:
        return _report(stale, orphans)
    for path, text in stale.items():
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(PROTO)}")
    for path in orphans:
        path.unlink()
        print(f"removed {path.relative_to(PROTO)}")
    return 0


def _interpreter() -> Path:
    """The Python that has the tools; makes its environment when it is not there or older."""
    python = ENVIRONMENT / "bin" / "python"
    stamp = ENVIRONMENT / "tools.txt"
    wanted = "\n".join(TOOLS)
    if not (stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted):
        print(f"making {ENVIRONMENT.relative_to(PROTO.parent)} with {TOOLS[0]}", flush=True)
        _make_environment(python)
        stamp.write_text(wanted, encoding="utf-8")
    return python


def _make_environment(python: Path) -> None:
    uv = Path(sys.executable).parent / "uv"
    if uv.is_file():
        make = [str(uv), "venv", "--quiet", "--clear", "--python", PYTHONS, str(ENVIRONMENT)]
        subprocess.run(make, check=True)
        install = [str(uv), "pip", "install", "--quiet", "--python", str(python)]
    else:
        venv.create(ENVIRONMENT, clear=True, with_pip=True)
        install = [str(python), "-m", "pip", "install", "--quiet"]
    subprocess.run([*install, *TOOLS], check=True)


def _generate(python: Path) -> dict[Path, str]:
    """What the generator makes of every .proto file: text by the path it belongs at."""
    sources = sorted(str(p.relative_to(PROTO)) for p in (PROTO / PACKAGE).glob("*.proto"))
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        command = [str(python), "-m", "grpc_tools.protoc", "--proto_path=."]
        command += [f"--python_out={out}", f"--pyi_out={out}", *sources]
        subprocess.run(command, check=True, cwd=PROTO)
        return {
            PROTO / path.relative_to(out): path.read_text(encoding="utf-8")
            for path in sorted(out.rglob("*_pb2.py*"))
        }


def _generated() -> list[Path]:
    return sorted((PROTO / PACKAGE).glob("*_pb2.py*"))


def _committed(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _report(stale: dict[Path, str], orphans: list[Path]) -> int:
    for path, text in stale.items():
        name = str(path.relative_to(PROTO))
        before, after = _committed(path).splitlines(), text.splitlines()
        diff = list(difflib.unified_diff(before, after, name, "generated", lineterm="", n=0))
        print(f"{name} is out of date ({len(diff)} lines of difference)")
        print("\n".join(line[:200] for line in diff[:DIFF_LINES_MAX]))
    for path in orphans:
        print(f"{path.relative_to(PROTO)} belongs to no .proto file")
    if stale or orphans:
        print("run: make proto")
        return 1
    print("generated code is up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
