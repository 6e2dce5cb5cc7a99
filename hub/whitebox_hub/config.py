"""The hub's settings. `whitebox_wire.settings` holds the rules that agent and hub share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from whitebox_wire.errors import ConfigError
from whitebox_wire.settings import SettingsReader, check_loopback, host_and_port

__all__ = ["ENVIRONMENT_PREFIX", "Config", "host_and_port", "load_config"]

ENVIRONMENT_PREFIX = "WHITEBOX_HUB_"


@dataclass(frozen=True, slots=True)
class Config:
    """Addresses are host:port; port 0 takes any free one. At most one false alarm is expected in
    `alarm_interval_days`, over all features of a model.
    """

    http_address: str = "127.0.0.1:8800"
    grpc_address: str = "127.0.0.1:8801"
    store_path: str = "whitebox-hub.db"
    ingest_queue_reports_max: int = 1_024
    ingest_queue_bytes_max: int = 64 * 1024 * 1024
    ingest_group_wait_ms: int = 10
    ingest_retry_delay_ms: int = 2_000
    tick_interval_ms: int = 1_000
    alarm_interval_days: int = 30


def _check_path(value: str, place: str) -> None:
    if not value:
        raise ConfigError(f"{place}: is empty", hint="name a file, such as whitebox-hub.db")


_READER = SettingsReader(
    Config,
    ENVIRONMENT_PREFIX,
    bounds={
        "ingest_queue_reports_max": (1, 1_000_000),
        "ingest_queue_bytes_max": (1 << 20, 1 << 36),
        "ingest_group_wait_ms": (0, 50),
        "ingest_retry_delay_ms": (1, 300_000),
        "tick_interval_ms": (10, 3_600_000),
        "alarm_interval_days": (1, 3_650),
    },
    checks={
        "http_address": check_loopback,
        "grpc_address": check_loopback,
        "store_path": _check_path,
    },
)


def load_config(
    path: Path | None, environment: Mapping[str, str], overrides: Mapping[str, object]
) -> Config:
    """Read and check the settings; an override of None is none.

    Raises:
        ConfigError: a setting is wrong, or the file cannot be read.
    """
    return _READER.load(path, environment, overrides)
