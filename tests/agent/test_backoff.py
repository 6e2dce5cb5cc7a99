"""How long to wait before trying again."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from whitebox_agent.backoff import BASE_S, CAP_S, delay_s


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True), st.floats(0, 600))
def test_a_wait_lies_between_what_the_hub_asked_and_the_cap_beyond_it(
    failures: int, drawn: float, floor_s: float
) -> None:
    wait = delay_s(failures, lambda: drawn, floor_s=floor_s)

    assert floor_s <= wait <= floor_s + CAP_S


def test_waits_double_on_average_until_the_cap() -> None:
    rng = random.Random(7)
    means = [sum(delay_s(n, rng.random) for _ in range(4_000)) / 4_000 for n in range(1, 12)]

    for n, mean in enumerate(means):
        expected = min(BASE_S * 2**n, CAP_S) / 2
        assert abs(mean - expected) < expected * 0.05
