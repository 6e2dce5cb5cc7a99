"""The commands that look into a store: `outbox show`, `buffer check`, `buffer stats`,
`buffer export`. They run beside the agent that uses it, and change nothing.

An export holds counts and books, and raw rows only when `--rows` asks for them by name.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from whitebox_agent.buffer import Books, StoredSpec, StoreError, Stream
from whitebox_agent.buffer.waiting import TableSize
from whitebox_agent.models import Model
from whitebox_agent.outbox_text import outbox_text
from whitebox_agent.status import age_text, ledgers_text
from whitebox_agent.store_export import (
    books_documents,
    rows_document,
    spec_document,
    sum_document,
)
from whitebox_wire.errors import WhiteboxError

if TYPE_CHECKING:
    from whitebox_agent.buffer.sqlite.inspection import Inspection

_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001  # argparse gives it no other name
SUMS_SHOWN = 5
_EVERYTHING = -1
# Books that are read beside a busy agent may be seen in halves; they agree at another try.
_TRIES = 5
_PAUSE_S = 0.2


def add_store_commands(commands: _Commands, store: str) -> None:
    """Add `outbox` and `buffer` to a command line; `store` is the default path."""
    outbox = commands.add_parser("outbox", help="see what is about to leave this device")
    of_outbox = outbox.add_subparsers(dest="action", required=True, metavar="ACTION")
    show = of_outbox.add_parser("show", help="every number that waits for the hub, in words")
    show.add_argument("--model", default="", help="of one model only")
    show.add_argument(
        "--limit", type=int, default=SUMS_SHOWN, help="how many sums (default %(default)s; 0: all)"
    )
    buffer = commands.add_parser("buffer", help="check, measure or export a store")
    of_buffer = buffer.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = of_buffer.add_parser("check", help="is every page, row and sum whole?")
    stats = of_buffer.add_parser("stats", help="what the store holds, and how old it is")
    export = of_buffer.add_parser("export", help="the books and sums as JSON lines")
    export.add_argument(
        "--rows", action="store_true", help="also the raw rows that are not folded yet"
    )
    for parser, run in ((show, _show), (check, _check), (stats, _stats), (export, _export)):
        parser.add_argument("--store", type=Path, default=Path(store), help="default %(default)s")
        parser.set_defaults(run=run)


def _inspecting(path: Path) -> AbstractContextManager[Inspection]:
    """The adapter, imported when a store is looked into and not before."""
    from whitebox_agent.buffer.sqlite.inspection import inspecting

    return inspecting(path)


def _show(options: argparse.Namespace) -> None:
    with _inspecting(options.store) as store:
        models = _Models(store.specs())
        sums = list(store.sums(options.limit or _EVERYTHING, options.model))
        print(outbox_text(sums, store.count(options.model), models.of, _now_ms()))


def _check(options: argparse.Namespace) -> None:
    with _inspecting(options.store) as store:
        problems = [*store.problems()]
        if not problems:
            problems = [*_unreadable_specs(store.specs()), *_unbalanced(options.store)]
    for problem in problems:
        print(problem)
    if problems:
        raise StoreError(
            f"store {options.store}: {len(problems)} problems",
            hint="an agent that opens it makes it anew from what can be read back",
        )
    print(f"{options.store}: every page, row and sum is whole, and the books balance")


def _stats(options: argparse.Namespace) -> None:
    with _inspecting(options.store) as store:
        tables, files = store.sizes(), store.files()
    print("\n".join(_size_lines(tables, files)))
    print()
    print(ledgers_text(_books(options.store)))


def _export(options: argparse.Namespace) -> None:
    with _inspecting(options.store) as store:
        specs = store.specs()
        rows = store.rows() if options.rows else ()
        found = (
            books_documents(_books(options.store)),
            map(spec_document, specs),
            map(sum_document, store.sums(_EVERYTHING)),
            (rows_document(batch, _Models(specs).of) for batch in rows),
        )
        for document in chain.from_iterable(found):
            json.dump(document, sys.stdout, ensure_ascii=False, allow_nan=False)
            print()


class _Models:
    """What the specs of a store say of its sums."""

    def __init__(self, specs: tuple[StoredSpec, ...]) -> None:
        self._bytes = {spec.digest: spec.spec_bytes for spec in specs}
        self._made: dict[bytes, Model] = {}

    def of(self, digest: bytes) -> Model | None:
        if digest not in self._made and digest in self._bytes:
            self._made[digest] = Model.of(self._bytes[digest])
        return self._made.get(digest)


def _unreadable_specs(specs: tuple[StoredSpec, ...]) -> Iterator[str]:
    for spec in specs:
        why = _damage(spec)
        if why:
            yield f"specs: {spec.model_id} {spec.digest.hex()[:12]}: {why}"


def _damage(spec: StoredSpec) -> str:
    """Why a spec cannot be used; empty if it can."""
    try:
        Model.of(spec.spec_bytes)
    except WhiteboxError as error:
        return str(error)
    return ""


def _books(path: Path) -> Books:
    """The books, read again while they do not balance."""
    from whitebox_agent.buffer.sqlite import read_books

    books = read_books(path)
    for _ in range(_TRIES):
        if all(ledger.inferences.balances and ledger.labels.balances for ledger in books.ledgers):
            break
        time.sleep(_PAUSE_S)
        books = read_books(path)
    return books


def _unbalanced(path: Path) -> Iterator[str]:
    for ledger in _books(path).ledgers:
        for stream, rows in (
            (Stream.INFERENCES, ledger.inferences),
            (Stream.LABELS, ledger.labels),
        ):
            if not rows.balances:
                yield f"books: {ledger.model_id} {stream.value} do not balance"


def _size_lines(tables: tuple[TableSize, ...], files: Mapping[str, int]) -> Iterator[str]:
    yield f"{'':14}{'entries':>12}{'rows':>14}{'bytes':>16}   oldest"
    for table in tables:
        oldest = "" if table.oldest_ms is None else age_text(table.oldest_ms, _now_ms())
        yield f"{table.name:14}{table.entries:>12,}{table.rows:>14,}{table.bytes:>16,}   {oldest}"
    yield ""
    for name, size in files.items():
        yield f"{name:40}{size:>16,}"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
