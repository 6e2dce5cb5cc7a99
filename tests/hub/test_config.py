"""Settings: where they come from, which wins, and what a wrong one is told."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from whitebox_hub.config import _READER, Config, host_and_port, load_config
from whitebox_wire.errors import ConfigError


def test_nothing_said_gives_the_defaults() -> None:
    assert load_config(None, {}, {}) == Config()


def test_the_command_line_wins_over_the_environment_and_that_over_the_file() -> None:
    text = 'http_address = "127.0.0.1:1"\ngrpc_address = "127.0.0.1:1"\nstore_path = "a.db"\n'
    environment = {
        "WHITEBOX_HUB_HTTP_ADDRESS": "127.0.0.1:2",
        "WHITEBOX_HUB_GRPC_ADDRESS": "127.0.0.1:2",
        "WHITEBOX_HUB_TICK_INTERVAL_MS": "250",
    }

    config = _READER.read(text, "hub.toml", environment, {"http_address": "127.0.0.1:3"})

    assert (config.http_address, config.grpc_address) == ("127.0.0.1:3", "127.0.0.1:2")
    assert (config.store_path, config.tick_interval_ms) == ("a.db", 250)


@pytest.mark.parametrize(
    ("environment", "path"), [({"DATA": "/data"}, "/data/hub.db"), ({}, "here/hub.db")]
)
def test_a_variable_in_the_file_stands_for_its_value_or_its_default(
    environment: dict[str, str], path: str
) -> None:
    text = 'store_path = "${DATA:-here}/hub.db"'

    assert _READER.read(text, "hub.toml", environment, {}).store_path == path


@pytest.mark.parametrize("address", ["127.0.0.1:0", "localhost:8800", "[::1]:65535", "127.9.9.9:1"])
def test_addresses_of_this_machine_are_taken(address: str) -> None:
    config = _READER.read("", "", {}, {"http_address": address})

    assert host_and_port(config.http_address)[1] >= 0


BAD = {
    "not TOML": ("tick_interval_ms = = 3", "hub.toml: not TOML: .*line 1"),
    "unknown": ("\n\nspeed = 3", r"hub.toml line 3: speed: there is no such setting \(one of http"),
    "a table": ('\n[ingest]\nspeed = "3"', "hub.toml line 2: ingest: there is no such setting"),
    "text for a number": ('tick_interval_ms = "often"', "line 1: tick_interval_ms: 'often' is not"),
    "a fraction": ("tick_interval_ms = 1.5", "tick_interval_ms: 1.5 is not a whole number"),
    "a truth": ("\ntick_interval_ms = true", "line 2: tick_interval_ms: True is not a whole"),
    "too small": ("tick_interval_ms = 9", "9 is not from 10 to 3600000"),
    "too large": ("alarm_interval_days = 9999", "9999 is not from 1 to 3650"),
    "a number for text": ("store_path = 3", "store_path: text is expected, not 3"),
    "empty text": ('store_path = ""', "store_path: is empty"),
    "no port": ('http_address = "127.0.0.1"', "http_address: '127.0.0.1' is not host:port"),
    "a port too large": ('http_address = "127.0.0.1:70000"', "is not host:port"),
    "another machine": ('grpc_address = "0.0.0.0:1"', "grpc_address: 0.0.0.0:1 is reachable from"),
    "a host by name": ('grpc_address = "example.com:1"', "is reachable from other machines"),
    "no variable": ('store_path = "${DATA}"', "line 1: store_path: variable DATA is not set"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_wrong_setting_is_named_with_its_file_line_and_key(case: str) -> None:
    text, message = BAD[case]

    with pytest.raises(ConfigError, match=message):
        _READER.read(text, "hub.toml", {}, {})


def test_a_wrong_variable_and_a_wrong_flag_are_named() -> None:
    with pytest.raises(ConfigError, match="WHITEBOX_HUB_TICK_INTERVAL_MS: 'x' is not a whole"):
        _READER.read("", "", {"WHITEBOX_HUB_TICK_INTERVAL_MS": "x"}, {})
    with pytest.raises(ConfigError, match="--http-address: 'x' is not host:port"):
        _READER.read("", "", {}, {"http_address": "x"})


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")

    for path in (tmp_path / "none.toml", tmp_path, binary):
        with pytest.raises(ConfigError, match=f"{path}: cannot be read"):
            load_config(path, {}, {})


def test_every_setting_can_be_said_in_the_environment() -> None:
    environment = {
        f"WHITEBOX_HUB_{field.name.upper()}": str(getattr(Config(), field.name))
        for field in fields(Config)
    }

    assert _READER.read("", "", environment, {}) == Config()
