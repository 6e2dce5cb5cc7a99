"""Which spec is a model's current one, and which older ones are still known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from whitebox_agent.buffer import Buffer
from whitebox_agent.buffer.sqlite import open_sqlite
from whitebox_agent.models import Models
from whitebox_wire.codec import encode_spec
from whitebox_wire.errors import MalformedError, UnknownModelError
from whitebox_wire.messages import SpecRef
from whitebox_wire.spec import ModelSpec, WindowPolicy


@pytest.fixture
def buffer(tmp_path: Path) -> Iterator[Buffer]:
    with open_sqlite(tmp_path / "agent.db", "edge-1", 7) as found:
        yield found


@pytest.fixture
def newer_spec(binary_spec: ModelSpec) -> ModelSpec:
    return replace(binary_spec, window=WindowPolicy(granularity_s=60))


def test_the_last_adopted_spec_is_current_and_older_ones_stay_known(
    buffer: Buffer, binary_spec: ModelSpec, newer_spec: ModelSpec
) -> None:
    models = Models(buffer.specs)
    first = models.adopt(encode_spec(binary_spec))
    second = models.adopt(encode_spec(newer_spec))

    assert models["income"] is second
    assert models.of(first.digest) is first
    assert models.of(b"?" * 32) is None
    assert [model.ref for model in models.current()] == [second.ref]


def test_specs_survive_a_restart(
    buffer: Buffer, binary_spec: ModelSpec, newer_spec: ModelSpec
) -> None:
    models = Models(buffer.specs)
    old = models.adopt(encode_spec(binary_spec))
    models.adopt(encode_spec(newer_spec))

    again = Models(buffer.specs)

    assert again["income"].spec == newer_spec
    found = again.of(old.digest)
    assert found is not None
    assert found.spec == binary_spec


def test_a_wanted_model_is_missing_until_its_spec_comes(
    buffer: Buffer, binary_spec: ModelSpec
) -> None:
    models = Models(buffer.specs, wanted=["income"])
    assert models.missing() == ("income",)
    with pytest.raises(UnknownModelError, match="not come from the hub yet"):
        models["income"]

    models.adopt(encode_spec(binary_spec))

    assert models.missing() == ()


def test_a_spec_from_a_file_is_not_replaced_by_the_hub(
    buffer: Buffer, binary_spec: ModelSpec
) -> None:
    models = Models(buffer.specs)
    newer = SpecRef("income", b"n" * 32)
    followed = models.adopt(encode_spec(binary_spec))
    assert models.outdated([newer, followed.ref, SpecRef("other", b"o" * 32)]) == (newer,)

    models.adopt(encode_spec(binary_spec), pinned=True)

    assert models.outdated([newer]) == ()


def test_bytes_that_are_no_spec_change_nothing(buffer: Buffer) -> None:
    models = Models(buffer.specs)

    with pytest.raises(MalformedError):
        models.adopt(b"\xff\xff")

    assert not buffer.specs.all()
    assert not models.current()
