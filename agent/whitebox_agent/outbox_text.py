"""What is about to leave this device, as text that somebody who answers for it can read. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence

from whitebox_agent.buffer.waiting import WaitingSum
from whitebox_agent.models import Model
from whitebox_agent.privacy.words import Part, parts_of, withheld

FindModel = Callable[[bytes], Model | None]
_HEAD = (
    "Only what is listed here leaves: names of models and agents, times of windows, and these",
    "numbers. Rows, ids, extremes and texts that the spec does not name stay. Counts of 0 are not",
    "listed unless they carry noise.",
)
_WIDTH = 58


def outbox_text(sums: Sequence[WaitingSum], total: int, find: FindModel, now_ms: int) -> str:
    """The sums, a paragraph each; `total` is how many there are with those not shown."""
    return "\n".join(_lines(sums, total, find, now_ms))


def _lines(sums: Sequence[WaitingSum], total: int, find: FindModel, now_ms: int) -> Iterator[str]:
    if not total:
        yield "Nothing waits to leave this device."
        return
    size = sum(each.bytes for each in sums)
    yield f"{total:,} sums wait to leave this device; {len(sums):,} are shown, {size:,} bytes."
    yield from _HEAD
    for number, each in enumerate(sums, 1):
        yield ""
        model = find(each.item.key.spec_digest)
        yield from _sum(number, each, model, now_ms)


def _sum(number: int, waiting: WaitingSum, model: Model | None, now_ms: int) -> Iterator[str]:
    item = waiting.item
    key = item.key
    start, end = _utc(key.start_s), _utc(key.start_s + item.length_s)
    yield f"{number}. model {key.model_id}: {key.section.value} of {_whose(waiting, model)}"
    yield f"   window    {start} to {end} UTC"
    yield f"   rows      {item.rows:,}"
    yield f"   bytes     {waiting.bytes:,}"
    yield f"   leaves    {_when(waiting, now_ms)}"
    if model is None:
        yield "   its spec is not on this device: the numbers cannot be named"
        return
    hidden = withheld(model.spec)
    if hidden:
        yield f"   withheld  {', '.join(hidden)}: nothing of these is counted"
    parts = parts_of(model.spec, model.fold.layout, model.seal, key.section, item.vector)
    for part in parts:
        yield from _part(part, bare=waiting.bare)


def _part(part: Part, *, bare: bool) -> Iterator[str]:
    if not part.lines:
        return
    yield f"   {part.title}"
    if part.noise is not None:
        when = "is added to every count when it leaves" if bare else "is in every count"
        yield f"      noise of sigma {part.noise:.1f} rows {when}; totals of its values stay here"
    for line in part.lines:
        yield f"      {line.what:{_WIDTH}} {line.number:>12}"


def _whose(waiting: WaitingSum, model: Model | None) -> str:
    segment = waiting.item.key.segment
    if not segment:
        return "all rows"
    known = model is not None and segment <= len(model.spec.segments)
    return f"segment {model.spec.segments[segment - 1].name if model and known else segment}"


def _when(waiting: WaitingSum, now_ms: int) -> str:
    if waiting.under_way:
        return "now: it is in the export under way, and goes again until the hub has it"
    if waiting.item.rows < waiting.rows_min:
        return f"not yet: it waits for company, since {waiting.rows_min:,} rows are the fewest"
    if waiting.ready_ms > now_ms:
        return f"after {_utc(waiting.ready_ms // 1_000)} UTC, and gathers rows until then"
    return "with the next export"


def _utc(time_s: int) -> str:
    """A time in UTC.

    >>> _utc(0)
    '1970-01-01 00:00:00'
    """
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
    try:
        return f"{epoch + dt.timedelta(seconds=time_s):%Y-%m-%d %H:%M:%S}"
    except OverflowError:
        return f"second {time_s}"
