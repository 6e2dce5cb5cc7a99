"""Timing in interleaved rounds: each contestant has its turn in every round.

A machine that is slow for a while is then slow for all of them. The first round warms up and does
not count; of the others the median speaks, and the best says what a quiet machine would do.

Pure computations are timed by the processor time of all threads of their process: where nobody else
runs it is the time on the clock, and where somebody does it leaves out their turns.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

# A turn is repeated at least so long, so that it does not end while caches are cold.
TURN_NS = 20_000_000

# One turn; the nanoseconds of one piece of work in it.
Contestant = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Times:
    """What the rounds of one contestant took, in nanoseconds a piece of work."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)

    @property
    def best(self) -> float:
        return min(self.rounds)


def steady(work: Callable[[], object]) -> Contestant:
    """A turn that repeats some work for a while; its mean."""

    def turn() -> float:
        calls, start = 0, time.process_time_ns()
        while (now := time.process_time_ns()) - start < TURN_NS or not calls:
            work()
            calls += 1
        return (now - start) / calls

    return turn


def interleave(
    contestants: Mapping[str, Contestant], rounds: int, told: Callable[[int, int], None]
) -> dict[str, Times]:
    """Let all contestants have `rounds` turns after a warm one; `told` hears how many are over."""
    taken: dict[str, list[float]] = {name: [] for name in contestants}
    for done in range(rounds + 1):
        told(done, rounds + 1)
        for name, contestant in contestants.items():
            nanoseconds = contestant()
            if done:
                taken[name].append(nanoseconds)
    told(rounds + 1, rounds + 1)
    return {name: Times(tuple(times)) for name, times in taken.items()}
