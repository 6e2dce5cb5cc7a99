"""What the package shows: its names, its errors, and that importing it costs nothing heavy."""

from __future__ import annotations

import importlib.resources
import pkgutil
import subprocess
import sys

import pytest

import whitebox_wire
from whitebox_wire import errors

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(whitebox_wire.__path__, "whitebox_wire.")
    if ".v1." not in module.name
)


@pytest.mark.parametrize("name", ["whitebox_wire", *MODULES])
def test_every_name_a_module_promises_is_there(name: str) -> None:
    module = importlib.import_module(name)

    for promised in getattr(module, "__all__", ()):
        assert hasattr(module, promised), promised


def test_the_package_shows_what_a_reader_needs_first() -> None:
    assert set(whitebox_wire.__all__) == {
        "Layout",
        "ModelKind",
        "ModelSpec",
        "Section",
        "WhiteboxError",
        "__version__",
    }


def test_every_error_is_a_whitebox_error_and_tells_its_hint() -> None:
    leaves = [e for e in vars(errors).values() if isinstance(e, type)]

    for leaf in leaves:
        assert issubclass(leaf, errors.WhiteboxError)
        assert leaf.__doc__
        assert str(leaf("what", hint="do this")) == "what (do this)"
        assert str(leaf("what")) == "what"


def test_importing_the_codec_imports_nothing_but_numpy_and_protobuf() -> None:
    code = (
        "import sys; import whitebox_wire.codec;"
        "names = {m.partition('.')[0] for m in sys.modules} - sys.stdlib_module_names;"
        "print(*sorted(n for n in names if not n.startswith('_')))"
    )

    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    assert set(told) <= {"google", "numpy", "whitebox_wire", "sitecustomize"}


def test_the_package_says_that_it_is_typed() -> None:
    files = importlib.resources.files("whitebox_wire")

    assert files.joinpath("py.typed").is_file()
