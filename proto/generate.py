"""Generate `whitebox_wire/v1/*_pb2.py` and `.pyi` from the `.proto` files beside them.

    python proto/generate.py            write them
    python proto/generate.py --check    exit 1 when the committed ones are not what it would write

protoc is 26.1 (pinned in pyproject.toml): what it generates runs on protobuf 5, 6 and 7, and what
newer ones generate does not run on 5. Standard library only.
"""

from __future__ import annotations

import argparse
import difflib
import subprocess
import sys
import tempfile
from pathlib import Path

PROTO = Path(__file__).resolve().parent
PACKAGE = Path("whitebox_wire/v1")
PROTOC = Path(sys.executable).parent / "protoc"
DIFF_LINES_MAX = 40


def main() -> int:
    """Generate, or compare with what is committed; 0 when all is well."""
    parser = argparse.ArgumentParser(description="Generate the wire's messages from their .proto.")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 when files are out of date"
    )
    check = parser.parse_args().check
    made = _generate()
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


def _generate() -> dict[Path, str]:
    """What the generator makes of every .proto file: text by the path it belongs at."""
    sources = sorted(str(p.relative_to(PROTO)) for p in (PROTO / PACKAGE).glob("*.proto"))
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        command = [str(PROTOC), "--proto_path=."]
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
