"""The hub's settings: defaults, one TOML file, the environment, the command line, in this order.

Every key of `Config` is a key of the file and, in capitals behind WHITEBOX_HUB_, a variable of the
environment; inside the file `${NAME:-default}` stands for a variable. Settings are checked once,
here; a ConfigError names the file, the line and the key. Pure but for `load_config`'s one read.
"""

from __future__ import annotations

import ipaddress
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from whitebox_wire.errors import ConfigError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ENVIRONMENT_PREFIX = "WHITEBOX_HUB_"
_VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}")
# Smallest and largest value of each number.
_BOUNDS = {
    "ingest_queue_reports_max": (1, 1_000_000),
    "ingest_queue_bytes_max": (1 << 20, 1 << 36),
    "ingest_group_wait_ms": (0, 50),
    "ingest_retry_delay_ms": (1, 300_000),
    "tick_interval_ms": (10, 3_600_000),
    "alarm_interval_days": (1, 3_650),
}


@dataclass(frozen=True, slots=True)
class Config:
    """Addresses are host:port; port 0 takes any free one."""

    http_address: str = "127.0.0.1:8800"
    grpc_address: str = "127.0.0.1:8801"
    store_path: str = "whitebox-hub.db"
    ingest_queue_reports_max: int = 1_024
    ingest_queue_bytes_max: int = 64 * 1024 * 1024
    ingest_group_wait_ms: int = 10
    ingest_retry_delay_ms: int = 2_000
    tick_interval_ms: int = 1_000
    # At most one false alarm is expected in this time, over all features of a model.
    alarm_interval_days: int = 30


def load_config(
    path: Path | None, environment: Mapping[str, str], overrides: Mapping[str, str]
) -> Config:
    """Read and check the settings. ConfigError when one is wrong or the file cannot be read."""
    if path is None:
        return read_config("", "", environment, overrides)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    return read_config(text, str(path), environment, overrides)


def read_config(
    text: str, source: str, environment: Mapping[str, str], overrides: Mapping[str, str]
) -> Config:
    """The checked settings; `source` names the text in errors.

    >>> read_config("tick_interval_ms = 500", "hub.toml", {}, {}).tick_interval_ms
    500
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source}: not TOML: {error}") from error
    values: dict[str, Any] = {}
    for key, value in document.items():
        place = f"{source} line {_line(text, key)}: {key}"
        if isinstance(value, str):
            value = _expand(value, place, environment)  # noqa: PLW2901  # same value, filled in
        values[key] = _checked(key, value, place)
    for field in fields(Config):
        name = ENVIRONMENT_PREFIX + field.name.upper()
        if name in environment:
            values[field.name] = _checked(field.name, environment[name], name)
        if field.name in overrides:
            flag = f"--{field.name.split('_')[0]}"
            values[field.name] = _checked(field.name, overrides[field.name], flag)
    return Config(**values)


def host_and_port(address: str) -> tuple[str, int]:
    """The parts of a checked address.

    >>> host_and_port("[::1]:8800")
    ('::1', 8800)
    """
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _line(text: str, key: str) -> int:
    """The line that sets a key; 1 when it is written in a way that is not looked for."""
    pattern = re.compile(rf"""^\s*\[?["']?{re.escape(key)}["']?\s*[=.\]]""")
    numbered = enumerate(text.splitlines(), start=1)
    return next((number for number, line in numbered if pattern.match(line)), 1)


def _expand(value: str, place: str, environment: Mapping[str, str]) -> str:
    def replacement(match: re.Match[str]) -> str:
        name, default = match["name"], match["default"]
        if name in environment:
            return environment[name]
        if default is None:
            raise ConfigError(
                f"{place}: variable {name} is not set",
                hint=f"set it, or write ${{{name}:-default}}",
            )
        return default

    return _VARIABLE.sub(replacement, value)


def _checked(key: str, value: object, place: str) -> object:
    """The value of a key as `Config` holds it."""
    known = [field.name for field in fields(Config)]
    if key not in known:
        raise ConfigError(f"{place}: there is no such setting", hint=f"one of {', '.join(known)}")
    if key in _BOUNDS:
        return _number(value, place, *_BOUNDS[key])
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{place}: text is expected, not {value!r}")
    if key.endswith("_address"):
        _check_address(value, place)
    return value


def _number(value: object, place: str, low: int, high: int) -> int:
    try:
        number = int(value) if isinstance(value, str) else value
    except ValueError:
        number = None
    if not isinstance(number, int) or isinstance(number, bool) or not low <= number <= high:
        raise ConfigError(f"{place}: {value!r} is not a whole number from {low} to {high}")
    return number


def _check_address(value: str, place: str) -> None:
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65_535:
        raise ConfigError(f"{place}: {value!r} is not host:port", hint="such as 127.0.0.1:8800")
    name = host.strip("[]")
    try:
        loopback = name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ConfigError(
            f"{place}: {value} is reachable from other machines, and this version has no TLS",
            hint="listen on 127.0.0.1, and put a TLS proxy in front for other machines",
        )
