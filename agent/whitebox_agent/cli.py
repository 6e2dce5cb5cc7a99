"""The command `whitebox-agent`: profile, register, run, status, outbox, buffer, validate.

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
from functools import partial
from pathlib import Path
from typing import TypeAlias

from whitebox_agent.buffer import StoreError
from whitebox_agent.config import Config, load_config
from whitebox_agent.profile import Progress, profile, progress_text
from whitebox_agent.profile.request import MINIMUM_ROWS
from whitebox_agent.registration import HubRefusedError, register
from whitebox_agent.store_commands import add_store_commands
from whitebox_wire import __version__
from whitebox_wire.errors import ConfigError, WhiteboxError

_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001  # argparse gives it no other name
# The settings that `run` takes on its command line.
_RUN_SETTINGS = (
    *("store_path", "hub_address", "hub_http_address", "specs", "models", "listen"),
    *("http_address", "agent_id", "labels"),
)
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
    add_store_commands(commands, Config().store_path)
    status = commands.add_parser("status", help="show the books of a store")
    status.add_argument("--store", type=Path, default=Path(Config().store_path))
    status.set_defaults(run=_status)
    validate = commands.add_parser("validate", help="check a TOML file of settings")
    validate.add_argument("file", type=Path)
    validate.set_defaults(run=_validate)
    return parser


def _add_profile(commands: _Commands) -> None:
    making = commands.add_parser(
        "profile", help="make a model's spec and reference from its training set"
    )
    making.add_argument("training", type=Path, help="the training set: CSV, CSV.gz or Parquet")
    making.add_argument("--model-id", required=True)
    making.add_argument("--kind", required=True, choices=("binary", "multi_class", "regression"))
    making.add_argument("--target", required=True, help="the column of true labels")
    making.add_argument("--prediction", default="prediction", help="the column of predictions")
    making.add_argument(
        "--score", action="append", default=[], help="a column of probabilities; one for each class"
    )
    making.add_argument("--test", type=Path, help="the test set, for honest performance")
    making.add_argument("--granularity", default="1D", help="window length: 15T, 1H, 1D, 1W")
    making.add_argument("--positive", help="the positive class of a binary model")
    making.add_argument("--exclude", action="append", default=[], help="a column that is none")
    making.add_argument(
        "--withhold", action="append", default=[], help="a feature of which nothing is counted"
    )
    making.add_argument(
        "--type", action="append", default=[], metavar="COLUMN=TYPE",
        help="numeric, categorical or boolean",
    )  # fmt: skip
    making.add_argument(
        "--minimum-rows", type=int, default=MINIMUM_ROWS,
        help="a device sends no sum of fewer rows (default %(default)s)",
    )  # fmt: skip
    making.add_argument(
        "--noise", action="append", nargs=3, default=[], metavar=("FEATURES", "EPSILON", "DELTA"),
        help="differential privacy: a budget of features, joined by commas; such as age,zip 1 1e-6",
    )  # fmt: skip
    making.add_argument(
        "--segment", action="append", default=[],
        help="rows to watch on their own, such as 'young: age < 30', 'Berlin: @site=berlin'",
    )  # fmt: skip
    making.add_argument("-o", "--output", type=Path, required=True, help="the spec file to write")
    making.set_defaults(run=_profile)


def _add_register(commands: _Commands) -> None:
    registering = commands.add_parser("register", help="give a spec to a hub")
    registering.add_argument("spec", type=Path)
    registering.add_argument("--hub", default="http://127.0.0.1:8800", help="its HTTP address")
    registering.set_defaults(run=_register)


def _add_run(commands: _Commands) -> None:
    run = commands.add_parser("run", help="serve the processes of this device until SIGTERM")
    run.add_argument("--config", type=Path, help="a TOML file of settings")
    run.add_argument("--store", dest="store_path", help=f"default {Config().store_path}")
    run.add_argument("--hub", dest="hub_address", help="the hub's gRPC address, host:port")
    run.add_argument("--spec", dest="specs", action="append", help="a spec file; may be repeated")
    run.add_argument("--model", dest="models", action="append", help="a model of the hub's")
    run.add_argument(
        "--listen", action="append", help="host:port or unix:PATH; may be repeated"
    )  # fmt: skip
    run.add_argument(
        "--http", dest="http_address", help=f"host:port; default {Config().http_address}, '' is off"
    )
    run.add_argument("--hub-http", dest="hub_http_address", help="the hub's HTTP, host:port")
    run.add_argument("--agent-id", help="default: the host's name")
    run.add_argument(
        "--label", dest="labels", action="append", metavar="KEY=VALUE",
        help="what segments choose agents by, such as site=berlin; may be repeated",
    )  # fmt: skip
    run.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    # The server takes a while to import: other commands go without it.
    from whitebox_agent.daemon import Daemon, serve

    given = {key: getattr(options, key) for key in _RUN_SETTINGS}
    load = partial(load_config, options.config, os.environ, given)
    config = load()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s level=%(levelname)s %(name)s %(message)s"
    )

    def ready(daemon: Daemon) -> None:
        print(
            f"whitebox-agent ready id={config.name} listen={','.join(daemon.listen)}"
            f" http={daemon.http or 'none'} store={config.store_path}"
            f" hub={config.hub_address or 'none'}",
            flush=True,
        )

    serve(config, load, ready)


def _profile(options: argparse.Namespace) -> None:
    shown = _show if sys.stderr.isatty() else None
    made = profile(
        options.training,
        model_id=options.model_id,
        kind=options.kind,
        target=options.target,
        prediction=options.prediction,
        scores=options.score,
        test=options.test,
        types=dict(map(_column_type, options.type)),
        exclude=options.exclude,
        withhold=options.withhold,
        positive=options.positive,
        segments=options.segment,
        granularity=options.granularity,
        minimum_rows=options.minimum_rows,
        noise={tuple(names.split(",")): (e, d) for names, e, d in options.noise},
        progress=shown,
    )
    if shown:
        print("\r\x1b[K", end="", file=sys.stderr)
    made.save(options.output)
    print(made.text())
    print(f"\nwrote {options.output}; next: whitebox-agent register {options.output}")


def _show(progress: Progress) -> None:
    """Progress on one line of a terminal, over and over."""
    print(f"\r\x1b[K{progress_text(progress)}", end="", file=sys.stderr, flush=True)


def _column_type(text: str) -> tuple[str, str]:
    column, equals, kind = text.rpartition("=")
    if not equals:
        raise ConfigError(f"--type {text!r} is not COLUMN=TYPE", hint="such as zip=categorical")
    return column, kind


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


if __name__ == "__main__":
    sys.exit(main())
