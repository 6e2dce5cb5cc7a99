"""Keeps the house in order: what no linter checks about the tracked files, in under two seconds.

Each test states one rule, and its message names every place with what to do there. It reads the
files that git tracks, or would on the next `git add`, and nothing else. What ruff can say (broad
excepts, prints, unused code) it leaves to ruff, but an exception to ruff or mypy needs a reason.
"""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

MODULE_LINES_MAX = 350
FUNCTION_LINES_MAX = 50
FILE_BYTES_MAX = 1_500_000
TEST_NAME_WORDS_MIN = 3

TOP_LEVEL = {
    *("agent", "hub", "proto", "deploy", "tests"),
    *("ARCHITECTURE.md", "CHANGELOG.md", "LICENSE", "Makefile", "README.md", "pyproject.toml"),
}
PACKAGES = {"agent": "whitebox_agent", "hub": "whitebox_hub", "proto": "whitebox_wire"}
NAMES_OF_NOTHING = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}
GENERATED = re.compile(r"_pb2(_grpc)?\.pyi?$")
# Others wrote these: neither their lines nor their words are ours to choose.
FOREIGN = re.compile(r"(^LICENSE|/LICENSE\.md|\.min\.(js|css))$|/vendor/")

# Each pattern is spelt so that it does not find itself.
WORDS = {
    re.compile(r"\b(TO[D]O|FIX[M]E|XX[X])\b"): "do it now, or file an issue and remove the mark",
    re.compile(r"(?<![\w.])/(wor[k]|roo[t]|hom[e])/"): "a path of one machine: make it relative",
    re.compile(r"pyp[i]\.org|python[h]osted|registry\.np[m]js"): "a registry's host: leave it out",
}
EXCEPTION = re.compile(r"#\s*(ruff:\s*noqa|noqa|type:\s*ignore|mypy:|pragma:)")
EXCEPTION_WITH_REASON = re.compile(
    r"#\s*(noqa: [A-Z]+\d+(, ?[A-Z]+\d+)*|type: ignore\[[\w, -]+\])  # \w.+"
)


@dataclass(frozen=True)
class Source:
    """A tracked file; `path` is relative to the root, with slashes."""

    path: str

    @cached_property
    def text(self) -> str:
        """The file's text, empty for one that is not text."""
        try:
            return (ROOT / self.path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            return ""

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node

    def places(self, pattern: re.Pattern[str]) -> Iterator[str]:
        """`path:line` of each line in which the pattern is found."""
        for number, line in enumerate(self.lines, 1):
            if pattern.search(line):
                yield f"{self.path}:{number}"


def _tracked() -> list[Source]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    paths = sorted(set(listing.split("\0")) - {""})
    return [Source(path) for path in paths if (ROOT / path).is_file()]


FILES = _tracked()
WRITTEN = [file for file in FILES if not GENERATED.search(file.path)]
OWN_TEXT = [file for file in WRITTEN if file.text and not FOREIGN.search(file.path)]
MODULES = [file for file in WRITTEN if file.path.endswith(".py")]
TESTS = [file for file in MODULES if Path(file.path).name.startswith("test_")]


def _code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    lines = (function.end_lineno or 0) - function.lineno + 1
    docstring = ast.get_docstring(function, clean=False)
    return lines - (docstring.count("\n") + 1 if docstring else 0)


def _nothing(problems: list[str]) -> None:
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)


def test_a_module_fits_its_one_idea() -> None:
    _nothing(
        [
            f"{file.path}: {len(file.lines)} lines, at most {MODULE_LINES_MAX}: split it by idea"
            for file in MODULES
            if len(file.lines) > MODULE_LINES_MAX
        ]
    )


def test_a_function_fits_a_screen_beside_its_docstring() -> None:
    _nothing(
        [
            f"{file.path}:{function.lineno}: {function.name} has {lines} lines of code,"
            f" at most {FUNCTION_LINES_MAX}: name its parts"
            for file in MODULES
            for function in file.functions
            if (lines := _code_lines(function)) > FUNCTION_LINES_MAX
        ]
    )


def test_a_module_opens_with_a_sentence_of_what_it_is() -> None:
    sentence = re.compile(r"(\S+\s+){3,}?\S*[.:](\s|$)")
    _nothing(
        [
            f"{file.path}:1: open with a docstring: what it is, what it refuses to know, what it"
            " guarantees"
            for file in MODULES
            if not sentence.match(ast.get_docstring(file.tree) or "")
        ]
    )


def test_a_file_or_folder_is_named_after_what_it_is() -> None:
    _nothing(
        [
            f"{file.path}: {', '.join(bad)} says nothing: name it after its idea"
            for file in WRITTEN
            if (bad := NAMES_OF_NOTHING & {Path(part).stem for part in Path(file.path).parts})
        ]
    )


@pytest.mark.parametrize("pattern", WORDS, ids=lambda pattern: WORDS[pattern])
def test_no_file_holds_words_that_do_not_belong(pattern: re.Pattern[str]) -> None:
    _nothing([f"{place}: {WORDS[pattern]}" for file in OWN_TEXT for place in file.places(pattern)])


def test_an_exception_to_a_check_says_why() -> None:
    _nothing(
        [
            f"{file.path}:{number}: write the exception as  # noqa: CODE  # why it is right here"
            for file in MODULES
            if file.path != "tests/test_tidy.py"
            for number, line in enumerate(file.lines, 1)
            if EXCEPTION.search(line) and not EXCEPTION_WITH_REASON.search(line)
        ]
    )


def test_lines_end_where_their_text_ends() -> None:
    _nothing(
        [
            f"{place}: remove the space at its end"
            for file in OWN_TEXT
            for place in file.places(re.compile(r"\s$"))
        ]
        + [
            f"{file.path}: end the file with one line break"
            for file in OWN_TEXT
            if not file.text.endswith("\n") or file.text.endswith("\n\n")
        ]
    )


def test_only_makefiles_hold_tabs() -> None:
    _nothing(
        [
            f"{place}: indent with spaces"
            for file in OWN_TEXT
            if Path(file.path).name != "Makefile"
            for place in file.places(re.compile(r"\t"))
        ]
    )


def test_the_top_level_is_as_the_house_was_planned() -> None:
    top = {file.path.split("/")[0] for file in FILES}
    _nothing(
        [
            f"{name}: not a name of the top level: find its place in a folder"
            for name in sorted(top - TOP_LEVEL)
            if not name.startswith(".")
        ]
        + [f"{name}: missing from the top level" for name in sorted(TOP_LEVEL - top)]
    )


def test_no_file_is_a_burden_to_clone() -> None:
    _nothing(
        [
            f"{file.path}: {size:,} bytes, at most {FILE_BYTES_MAX:,}: trim it"
            for file in FILES
            if (size := (ROOT / file.path).stat().st_size) > FILE_BYTES_MAX
        ]
    )


@pytest.mark.parametrize(("folder", "package"), PACKAGES.items())
def test_a_package_can_be_imported_and_is_typed(folder: str, package: str) -> None:
    paths = {file.path for file in FILES}
    rooms = {
        str(Path(path).parent)
        for path in paths
        if path.startswith(f"{folder}/{package}/") and path.endswith(".py")
    }

    wanted = {f"{room}/__init__.py" for room in rooms} | {f"{folder}/{package}/py.typed"}

    _nothing([f"{path}: missing: add it" for path in sorted(wanted - paths)])


def test_a_test_says_the_behaviour_it_checks() -> None:
    _nothing(
        [
            f"{file.path}:{function.lineno}: {function.name} is no sentence: say what holds, in"
            " the name or in a docstring"
            for file in TESTS
            for function in file.functions
            if function.name.startswith("test_")
            and len(function.name.split("_")) - 1 < TEST_NAME_WORDS_MIN
            and not ast.get_docstring(function)
        ]
    )
