"""What a full outbox gives up: resolution first, rows last."""

from __future__ import annotations

from whitebox_agent.buffer import OutboxHead
from whitebox_agent.coarsening import DAY_S, HOUR_S, Merge, Relief, relieve
from whitebox_wire.layout import Section
from whitebox_wire.messages import WindowKey


def head(id_: int, start_s: int, length_s: int = 60, **key: object) -> OutboxHead:
    values = {"model_id": "m", "spec_digest": b"d", "segment": 0, "section": Section.FEATURES}
    return OutboxHead(id_, WindowKey(start_s=start_s, **{**values, **key}), length_s, 5, 100)  # type: ignore[arg-type]  # the tests name real fields


def test_minutes_become_their_hour_before_anything_is_dropped() -> None:
    heads = [head(i, 60 * i + HOUR_S) for i in range(90)]

    relief = relieve(heads)

    assert relief == Relief(
        merges=(
            Merge(tuple(range(60)), HOUR_S, HOUR_S),
            Merge(tuple(range(60, 90)), 2 * HOUR_S, HOUR_S),
        )
    )


def test_hours_become_their_day_when_no_minutes_are_left() -> None:
    heads = [head(i, HOUR_S * i, HOUR_S) for i in range(30)]

    merges = relieve(heads).merges

    assert [(m.start_s, m.length_s, len(m.ids)) for m in merges] == [
        (0, DAY_S, 24),
        (DAY_S, DAY_S, 6),
    ]


def test_a_late_sum_joins_its_hour_again() -> None:
    assert relieve([head(1, 0, HOUR_S), head(2, 120)]).merges == (Merge((1, 2), 0, HOUR_S),)


def test_only_sums_of_one_model_spec_segment_and_section_are_added_up() -> None:
    heads = [
        head(1, 0),
        head(2, 60, model_id="n"),
        head(3, 120, spec_digest=b"e"),
        head(4, 180, segment=1),
        head(5, 240, section=Section.LABELS),
    ]

    assert not relieve(heads).merges


def test_windows_that_do_not_divide_an_hour_or_a_day_are_left_as_they_are() -> None:
    weeks = [head(i, 7 * DAY_S * i, 7 * DAY_S) for i in range(5)]
    odd = [head(i, 7_000 * i, 7_000) for i in range(5)]

    assert not relieve(weeks).merges
    assert not relieve(odd).merges


def test_when_nothing_adds_up_the_oldest_sums_are_dropped() -> None:
    heads = [head(i, -DAY_S * i, DAY_S) for i in range(100)]

    drops = relieve(heads).drops

    assert [lost.id for lost in drops] == list(range(99, 67, -1))
