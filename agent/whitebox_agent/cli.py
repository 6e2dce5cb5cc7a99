"""The command `whitebox-agent`: profile, register, run, status, validate.

Exit status: 0 when all went well, 78 (EX_CONFIG) when a setting is wrong, 74 (EX_IOERR) when the
store cannot be used, 65 (EX_DATAERR) when data or a spec cannot be, 69 (EX_UNAVAILABLE) when the
hub is not there or says no, 2 for a wrong command line.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from whitebox_agent.buffer import StoreError
from whitebox_agent.config import Config, load_config
from whitebox_agent.registration import HubRefusedError, register
from whitebox_wire import __version__
from whitebox_wire.errors import ConfigError, WhiteboxError

# The first that fits counts.
_EXITS: tuple[tuple[type[WhiteboxError], int], ...] = (
    (ConfigError, 78),
    (StoreError, 74),
    (HubRefusedError, 69),
    (WhiteboxError, 65),
)


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], None] = options.run
    try:
        command(options)
    except WhiteboxError as error:
        print(f"whitebox-agent: {error}", file=sys.stderr)
        return next(code for kind, code in _EXITS if isinstance(error, kind))
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        sys.stderr.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="whitebox-agent",
        description="Record a model's inferences on this device; ship counts, never rows.",
    )
    parser.add_argument("--version", action="version", version=f"whitebox-agent {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_profile(commands)
    _add_register(commands)
    _add_run(commands)
    status = commands.add_parser("status", help="show the books of a store")
    status.add_argument("--store", type=Path, default=Path(Config().store_path))
    status.set_defaults(run=_status)
    validate = commands.add_parser("validate", help="check a TOML file of settings")
    validate.add_argument("file", type=Path)
    validate.set_defaults(run=_validate)
    return parser


Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  # argparse names no other type


def _add_profile(commands: Commands) -> None:
    profile = commands.add_parser(
        "profile", help="make a model's spec and reference from its training set"
    )
    profile.add_argument("training", type=Path, help="the training set: CSV, CSV.gz or Parquet")
    profile.add_argument("--model-id", required=True)
    profile.add_argument("--kind", required=True, choices=("binary", "multi_class", "regression"))
    profile.add_argument("--target", required=True, help="the column of true labels")
    profile.add_argument("--prediction", default="prediction", help="the column of predictions")
    profile.add_argument(
        "--score", action="append", default=[], help="a column of probabilities; one for each class"
    )
    profile.add_argument("--test", type=Path, help="the test set, for honest performance")
    profile.add_argument("--granularity", default="1D", help="window length: 15T, 1H, 1D, 1W")
    profile.add_argument("--positive", help="the positive class of a binary model")
    profile.add_argument("--exclude", action="append", default=[], help="a column that is none")
    profile.add_argument(
        "--withhold", action="append", default=[], help="a feature of which nothing is counted"
    )
    profile.add_argument(
        "--type", action="append", default=[], metavar="COLUMN=TYPE",
        help="numeric, categorical or boolean",
    )  # fmt: skip
    profile.add_argument("-o", "--output", type=Path, required=True, help="the spec file to write")
    profile.set_defaults(run=_profile)


def _add_register(commands: Commands) -> None:
    registering = commands.add_parser("register", help="give a spec to a hub")
    registering.add_argument("spec", type=Path)
    registering.add_argument("--hub", default="http://127.0.0.1:8800", help="its HTTP address")
    registering.set_defaults(run=_register)


def _add_run(commands: Commands) -> None:
    run = commands.add_parser("run", help="serve the processes of this device until SIGTERM")
    run.add_argument("--config", type=Path, help="a TOML file of settings")
    run.add_argument("--store", dest="store_path", help=f"default {Config().store_path}")
    run.add_argument("--hub", dest="hub_address", help="the hub's gRPC address, host:port")
    run.add_argument("--spec", dest="specs", action="append", help="a spec file; may be repeated")
    run.add_argument("--model", dest="models", action="append", help="a model of the hub's")
    run.add_argument(
        "--listen", action="append", help="host:port or unix:PATH; may be repeated"
    )  # fmt: skip
    run.add_argument("--agent-id", help="default: the host's name")
    run.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    # The server takes a while to import: other commands go without it.
    from whitebox_agent.daemon import serve

    keys = ("store_path", "hub_address", "specs", "models", "listen", "agent_id")
    config = load_config(options.config, os.environ, {key: getattr(options, key) for key in keys})
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s level=%(levelname)s %(name)s %(message)s"
    )

    def ready(addresses: Sequence[str]) -> None:
        print(
            f"whitebox-agent ready id={config.name} listen={','.join(addresses)}"
            f" store={config.store_path} hub={config.hub_address or 'none'}",
            flush=True,
        )

    serve(config, ready)


def _register(options: argparse.Namespace) -> None:
    done = register(options.spec, options.hub)
    verb = "registered" if done.created else "known already"
    print(f"{done.model_id}: {verb}, spec {done.digest[:12]}, {done.monitors} monitors")


def _status(options: argparse.Namespace) -> None:
    from whitebox_agent.buffer.sqlite import read_books
    from whitebox_agent.status import status_text

    print(status_text(read_books(options.store), time.time_ns() // 1_000_000))


def _validate(options: argparse.Namespace) -> None:
    load_config(options.file, os.environ, {})
    print(f"{options.file}: ok")
