"""The agent's settings, for the daemon and for use in process. See `whitebox_wire.settings`."""

from __future__ import annotations

import re
import socket
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from whitebox_agent.recorder.writer import WriterLimits
from whitebox_agent.ship.shipper import ShipLimits
from whitebox_agent.window import ShipPolicy
from whitebox_wire.errors import ConfigError
from whitebox_wire.features import NAME_BYTES_MAX
from whitebox_wire.settings import SettingsReader, check_address, check_loopback

ENVIRONMENT_PREFIX = "WHITEBOX_AGENT_"
LABELS_MAX = 64
AGENT_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Config:
    """Times in milliseconds or seconds, as the names say. An empty `hub_address` ships nothing.

    `specs` are spec files, `models` ids whose specs come from the hub. The daemon alone uses
    `listen` (each host:port or unix:PATH, for gRPC), `http_address`, `hub_http_address` (where its
    HTTP forwards what is the hub's; empty forwards nothing) and `reflection`. `labels` are texts
    such as site=berlin, by which a spec's segments choose agents; they stay on the device.
    """

    store_path: str = "whitebox-agent.db"
    agent_id: str = ""
    hub_address: str = ""
    specs: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    listen: tuple[str, ...] = ("127.0.0.1:8810",)
    http_address: str = "127.0.0.1:8811"
    hub_http_address: str = ""
    reflection: bool = False
    labels: tuple[str, ...] = ()
    queue_rows_max: int = 100_000
    commit_interval_ms: int = 50
    fold_interval_ms: int = 1_000
    fold_rows_max: int = 8_192
    settle_ms: int = 5_000
    partial_interval_s: int = 300
    heartbeat_interval_s: int = 60
    remembered_predictions_max: int = 5_000_000
    outbox_bytes_max: int = 42 * 1024 * 1024
    deflate: bool = True
    trust_given_times: bool = False

    @property
    def name(self) -> str:
        """The agent's id: as configured, or made of the host's name."""
        host = re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname())[:64]
        return self.agent_id or host or "agent"

    @property
    def labels_by_key(self) -> dict[str, str]:
        return dict(label.split("=", 1) for label in self.labels)

    @property
    def ship_policy(self) -> ShipPolicy:
        return ShipPolicy(self.settle_ms, self.partial_interval_s * 1_000)

    @property
    def ship_limits(self) -> ShipLimits:
        return ShipLimits(heartbeat_s=self.heartbeat_interval_s, deflate=self.deflate)

    @property
    def writer_limits(self) -> WriterLimits:
        return WriterLimits(
            commit_s=self.commit_interval_ms / 1_000,
            fold_s=self.fold_interval_ms / 1_000,
            fold_rows=self.fold_rows_max,
            remembered_max=self.remembered_predictions_max,
            outbox_bytes_max=self.outbox_bytes_max,
        )


def _check_agent_id(value: str, place: str) -> None:
    if value and not AGENT_ID.fullmatch(value):
        raise ConfigError(
            f"{place}: {value[:80]!r}",
            hint="use 1 to 64 letters, digits, dots, dashes and underscores",
        )


def _check_hub(value: str, place: str) -> None:
    if value:
        check_address(value, place)


def _check_listen(value: tuple[str, ...], place: str) -> None:
    for address in value:
        if not address.startswith("unix:"):
            check_loopback(address, place)


def _check_http(value: str, place: str) -> None:
    if value:
        check_loopback(value, place)


def _check_labels(value: tuple[str, ...], place: str) -> None:
    if len(value) > LABELS_MAX:
        raise ConfigError(f"{place}: {len(value)} labels; at most {LABELS_MAX} are possible")
    keys = [label.partition("=")[0] for label in value]
    for label, key in zip(value, keys, strict=True):
        if not key or "=" not in label or len(label.encode()) > NAME_BYTES_MAX:
            raise ConfigError(
                f"{place}: {label[:80]!r} is not KEY=VALUE of at most {NAME_BYTES_MAX} bytes",
                hint="such as site=berlin",
            )
    twice = [key for key, count in Counter(keys).items() if count > 1]
    if twice:
        raise ConfigError(f"{place}: label {twice[0]!r} is given twice")


_READER = SettingsReader(
    Config,
    ENVIRONMENT_PREFIX,
    bounds={
        "queue_rows_max": (1, 100_000_000),
        "commit_interval_ms": (0, 10_000),
        "fold_interval_ms": (0, 60_000),
        "fold_rows_max": (1, 1_000_000),
        "settle_ms": (0, 3_600_000),
        "partial_interval_s": (1, 86_400),
        "heartbeat_interval_s": (1, 86_400),
        "remembered_predictions_max": (0, 1_000_000_000),
        "outbox_bytes_max": (1_000_000, 1_000_000_000_000),
    },
    checks={
        "agent_id": _check_agent_id,
        "hub_address": _check_hub,
        "hub_http_address": _check_hub,
        "listen": _check_listen,
        "http_address": _check_http,
        "labels": _check_labels,
    },
)


def load_config(
    path: Path | None, environment: Mapping[str, str], overrides: Mapping[str, object]
) -> Config:
    """Read and check the settings. ConfigError when one is wrong or the file cannot be read."""
    return _READER.load(path, environment, overrides)


def check_config(config: Config) -> Config:
    """The same settings; ConfigError when one that was given in code is wrong."""
    given = {name: getattr(config, name) for name in Config.__dataclass_fields__}
    return _READER.read("", "", {}, given)
