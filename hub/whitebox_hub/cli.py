"""The command `whitebox-hub`: serve, and validate a configuration.

Exit status: 0 when all went well, 78 (EX_CONFIG) when a setting is wrong, 74 (EX_IOERR) when the
store cannot be used, 2 for a wrong command line.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from whitebox_hub import __version__
from whitebox_hub.config import Config, load_config
from whitebox_wire.errors import ConfigError, WhiteboxError

EXIT_CONFIG = 78
EXIT_STORE = 74
_SETTINGS = ("store_path", "http_address", "grpc_address")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        if options.command == "validate":
            load_config(options.file, os.environ, {})
            print(f"{options.file}: ok")
        else:
            given = {key: getattr(options, key) for key in _SETTINGS}
            _serve(load_config(options.config, os.environ, given))
    except WhiteboxError as error:
        print(f"whitebox-hub: {error}", file=sys.stderr)
        # What is not a setting's fault is the store's, which is not imported for its error alone.
        return EXIT_CONFIG if isinstance(error, ConfigError) else EXIT_STORE
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="whitebox-hub", description="Add devices' counts up, judge monitors, raise alerts."
    )
    parser.add_argument("--version", action="version", version=f"whitebox-hub {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="run the hub until SIGTERM or Ctrl-C")
    serve.add_argument("--config", type=Path, help="a TOML file of settings")
    for key in _SETTINGS:
        short, long = f"--{key.split('_')[0]}", f"--{key.replace('_', '-')}"
        shown = key.split("_")[1].upper()
        default = getattr(Config(), key)
        serve.add_argument(short, long, dest=key, metavar=shown, help=f"default {default}")
    validate = commands.add_parser("validate", help="check a TOML file of settings")
    validate.add_argument("file", type=Path)
    return parser


def _serve(config: Config) -> None:
    # The servers take a while to import: validate and --help go without them.
    try:
        from whitebox_hub.app import Addresses, serve
    except ImportError as error:
        raise ConfigError(
            f"the hub needs {error.name}", hint="pip install 'whitebox-edge[hub]'"
        ) from error

    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s level=%(levelname)s %(name)s %(message)s"
    )

    def ready(addresses: Addresses) -> None:
        print(
            f"whitebox-hub ready http={addresses.http} grpc={addresses.grpc}"
            f" store={config.store_path}",
            flush=True,
        )

    asyncio.run(serve(config, ready))


if __name__ == "__main__":
    sys.exit(main())
