"""Settings of a command: defaults, one TOML file, the environment, the command line, in this order.

A command's settings are a frozen dataclass of texts, whole numbers, switches and lists of texts.
Its fields are the keys of the file and, in capitals behind a prefix, variables of the environment;
inside the file `${NAME:-default}` stands for a variable. Values are checked once, here: a
ConfigError names the file, the line and the key. Agent and hub share the rules, so that who knows
one knows the other.
"""

from __future__ import annotations

import ipaddress
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Generic, TypeVar

from whitebox_wire.errors import ConfigError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SettingsT = TypeVar("SettingsT")
Check = Callable[[Any, str], None]

_VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}")
_SWITCHES = {"true": True, "false": False, "1": True, "0": False}


@dataclass(frozen=True, slots=True)
class SettingsReader(Generic[SettingsT]):
    """How to read one command's settings.

    `bounds` holds the smallest and largest value of each number, `checks` a function of (value,
    place) for each key that needs more than a type; it raises ConfigError.
    """

    kind: type[SettingsT]
    prefix: str
    bounds: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    checks: Mapping[str, Check] = field(default_factory=dict)

    def load(
        self, path: Path | None, environment: Mapping[str, str], overrides: Mapping[str, object]
    ) -> SettingsT:
        """Read a file (if any) and check. `overrides` are the command line's, by key.

        Raises:
            ConfigError: a setting is wrong, or the file cannot be read.
        """
        if path is None:
            return self.read("", "", environment, overrides)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: cannot be read: {error}") from error
        return self.read(text, str(path), environment, overrides)

    def read(
        self,
        text: str,
        source: str,
        environment: Mapping[str, str],
        overrides: Mapping[str, object],
    ) -> SettingsT:
        """The checked settings of a file's text; `source` names it in errors."""
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{source}: not TOML: {error}") from error
        values: dict[str, Any] = {}
        for key, value in document.items():
            place = f"{source} line {_line(text, key)}: {key}"
            values[key] = self._checked(key, _expand(value, place, environment), place)
        for key in self._defaults():
            name = self.prefix + key.upper()
            if name in environment:
                values[key] = self._checked(key, environment[name], name)
            if overrides.get(key) is not None:
                values[key] = self._checked(key, overrides[key], f"--{key.replace('_', '-')}")
        return self.kind(**values)

    def _defaults(self) -> dict[str, Any]:
        return {f.name: f.default for f in fields(self.kind)}  # type: ignore[arg-type]  # a dataclass

    def _checked(self, key: str, value: object, place: str) -> object:
        """The value of a key as the settings hold it."""
        defaults = self._defaults()
        if key not in defaults:
            raise ConfigError(
                f"{place}: there is no such setting", hint=f"one of {', '.join(defaults)}"
            )
        checked = _typed(value, defaults[key], place)
        if key in self.bounds:
            low, high = self.bounds[key]
            if not isinstance(checked, int) or not low <= checked <= high:
                raise ConfigError(f"{place}: {value!r} is not from {low} to {high}")
        if key in self.checks:
            self.checks[key](checked, place)
        return checked


def host_and_port(address: str) -> tuple[str, int]:
    """The parts of a checked address.

    >>> host_and_port("[::1]:8800")
    ('::1', 8800)
    """
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def check_address(value: str, place: str) -> None:
    """Raise ConfigError unless the value is host:port."""
    host, _, port = value.rpartition(":")
    if not host or not port.isascii() or not port.isdecimal() or int(port) > 65_535:
        raise ConfigError(f"{place}: {value!r} is not host:port", hint="such as 127.0.0.1:8800")


def check_loopback(value: str, place: str) -> None:
    """Raise ConfigError unless the value is host:port and only this machine can reach it."""
    check_address(value, place)
    name = host_and_port(value)[0]
    try:
        loopback = name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ConfigError(
            f"{place}: {value} is reachable from other machines, and this version has no TLS",
            hint="listen on 127.0.0.1, and put a TLS proxy in front for other machines",
        )


def _typed(value: object, default: object, place: str) -> object:
    """The value in the type of its default; texts of the environment are read."""
    if isinstance(default, bool):
        switch = _SWITCHES.get(str(value).lower())
        if switch is None:
            raise ConfigError(f"{place}: {value!r} is not true or false")
        return switch
    if isinstance(default, int):
        try:
            number = int(value) if isinstance(value, str) else value
        except ValueError:
            number = None
        if not isinstance(number, int) or isinstance(number, bool):
            raise ConfigError(f"{place}: {value!r} is not a whole number")
        return number
    if isinstance(default, tuple):
        items = value.split(",") if isinstance(value, str) else value
        if not isinstance(items, (list, tuple)) or not all(isinstance(i, str) for i in items):
            raise ConfigError(f"{place}: a list of texts is expected, not {value!r}")
        return tuple(item.strip() for item in items if item.strip())
    if not isinstance(value, str):
        raise ConfigError(f"{place}: text is expected, not {value!r}")
    return value


def _line(text: str, key: str) -> int:
    """The line that sets a key; 1 when it is written in a way that is not looked for."""
    pattern = re.compile(rf"""^\s*\[?["']?{re.escape(key)}["']?\s*[=.\]]""")
    numbered = enumerate(text.splitlines(), start=1)
    return next((number for number, line in numbered if pattern.match(line)), 1)


def _expand(value: object, place: str, environment: Mapping[str, str]) -> object:
    """The value with its variables replaced."""

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

    if isinstance(value, list):
        return [_expand(item, place, environment) for item in value]
    return _VARIABLE.sub(replacement, value) if isinstance(value, str) else value
