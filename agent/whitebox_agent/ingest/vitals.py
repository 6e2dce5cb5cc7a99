"""What an agent tells of itself to whoever watches it: the values, and their Prometheus text. Pure.

Labels are bounded: the models an agent records, the two streams, and the reasons to drop a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from whitebox_agent.buffer import Books
from whitebox_wire import __version__
from whitebox_wire.messages import RowLedger

Sample = tuple[Mapping[str, str], float]


@dataclass(frozen=True, slots=True)
class Vitals:
    """The state at one moment. Problems are empty where there are none; `now_ms` and `reloaded_ms`
    are milliseconds since 1970.
    """

    books: Books
    queue_rows: int
    queue_rows_max: int
    store_problem: str
    hub_problem: str
    reload_ok: bool
    reloaded_ms: int
    now_ms: int


def metrics_text(vitals: Vitals) -> str:
    """The vitals in Prometheus' text format, version 0.0.4."""
    lines: list[str] = []
    for name, kind, text, samples in _families(vitals):
        full = f"whitebox_agent_{name}"
        lines += (f"# HELP {full} {text}", f"# TYPE {full} {kind}")
        for labels, value in samples:
            inner = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
            lines.append(f"{full}{{{inner}}} {value:.17g}" if inner else f"{full} {value:.17g}")
    return "\n".join(lines) + "\n"


def _families(vitals: Vitals) -> Iterator[tuple[str, str, str, Iterable[Sample]]]:
    yield from _ledger_families(vitals.books)
    yield from _store_families(vitals)
    yield (
        "config_last_reload_successful",
        "gauge",
        "Whether the last reading of the settings was used (1) or refused (0).",
        _one(vitals.reload_ok),
    )
    yield (
        "config_last_reload_success_timestamp_seconds",
        "gauge",
        "When settings were last read and used.",
        _one(vitals.reloaded_ms / 1_000),
    )
    yield "info", "gauge", "The agent's version.", [({"version": __version__}, 1.0)]


def _ledger_families(books: Books) -> Iterator[tuple[str, str, str, Iterable[Sample]]]:
    rows = [
        ({"model": ledger.model_id, "stream": stream}, of_stream)
        for ledger in books.ledgers
        for stream, of_stream in (("inferences", ledger.inferences), ("labels", ledger.labels))
    ]
    yield (
        "recorded_rows_total",
        "counter",
        "Rows recorded: acknowledged, pending and dropped together.",
        _of(rows, "recorded"),
    )
    yield (
        "acknowledged_rows_total",
        "counter",
        "Rows in sums that the hub has.",
        _of(rows, "acknowledged"),
    )
    yield "pending_rows", "gauge", "Rows on this device, folded or not.", _of(rows, "pending")
    yield (
        "dropped_rows_total",
        "counter",
        "Rows that are in no sum, and why.",
        [
            ({**labels, "reason": reason.value}, float(count))
            for labels, ledger in rows
            for reason, count in sorted(ledger.dropped.items(), key=lambda item: item[0].value)
        ],
    )
    yield (
        "duplicate_ids_total",
        "counter",
        "Rows whose id waited for its label already.",
        [({"model": model}, float(n)) for model, n in sorted(books.duplicate_ids.items())],
    )


def _store_families(vitals: Vitals) -> Iterator[tuple[str, str, str, Iterable[Sample]]]:
    books = vitals.books
    opened_ms = vitals.now_ms if books.opened_ms is None else books.opened_ms
    age_s = max(vitals.now_ms - opened_ms, 0) / 1_000
    yield "oldest_unsent_age_seconds", "gauge", "Age of the oldest row unsent.", _one(age_s)
    yield "outbox_sums", "gauge", "Sums that wait for the hub.", _one(books.outbox_items)
    yield (
        "remembered_predictions",
        "gauge",
        "Predictions that wait for a label.",
        _one(books.remembered),
    )
    yield "queue_rows", "gauge", "Rows on their way to the disk.", _one(vitals.queue_rows)
    yield "queue_rows_max", "gauge", "Rows that may be.", _one(vitals.queue_rows_max)
    yield (
        "store_writable",
        "gauge",
        "Whether the store took the last rows (1) or not (0).",
        _one(not vitals.store_problem),
    )
    yield (
        "hub_reachable",
        "gauge",
        "Whether the hub answered the last report (1) or not (0).",
        _one(not vitals.hub_problem),
    )
    heard = [] if books.acknowledged_ms is None else _one(books.acknowledged_ms / 1_000)
    yield "hub_last_answer_timestamp_seconds", "gauge", "When the hub last answered.", heard


def _of(rows: Iterable[tuple[Mapping[str, str], RowLedger]], name: str) -> list[Sample]:
    return [(labels, float(getattr(ledger, name))) for labels, ledger in rows]


def _one(value: float) -> list[Sample]:
    return [({}, float(value))]


def _escaped(text: str) -> str:
    r"""A label's value as Prometheus wants it.

    >>> print(_escaped('a"b\\c'))
    a\"b\\c
    """
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
