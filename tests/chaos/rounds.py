"""Rounds of chaos: a world in which something breaks twice a second, then peace, then the count."""

from __future__ import annotations

import argparse
import random
import secrets
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from tests.chaos.damage import damage
from tests.chaos.power import power_cuts
from tests.chaos.proxy import Fault
from tests.chaos.verdict import check
from tests.chaos.world import World, running_world

ROUND_S = 25.0
YEAR_MS = 365 * 86_400_000

Event = Callable[[World], None]


def agent_killed(world: World) -> None:
    world.kill_agent()
    world.start_agent()


def hub_killed(world: World) -> None:
    world.kill_hub()
    time.sleep(world.rng.uniform(0.0, 1.0))
    world.start_hub()


def both_killed(world: World) -> None:
    world.kill_hub()
    world.kill_agent()
    world.start_agent()
    world.start_hub()


def network_at_fault(world: World) -> None:
    world.proxy.fault = world.rng.choice([fault for fault in Fault if fault is not Fault.NONE])
    time.sleep(world.rng.uniform(0.2, 1.5))
    world.proxy.fault = Fault.NONE


def disk_full(world: World) -> None:
    with suppress(ProcessLookupError):
        world.fill_disk(True)
        time.sleep(world.rng.uniform(0.2, 1.5))
        if world.rng.random() < 0.3:
            world.kill_agent()
            world.start_agent()
        else:
            world.fill_disk(False)


def clock_set(world: World) -> None:
    world.set_clock(world.rng.choice((0, 1, -1)) * world.rng.randrange(60_000, 20 * YEAR_MS))


def damaged_at_rest(world: World) -> None:
    world.kill_agent()
    damage(world.store, world.rng)
    world.start_agent()


def damaged_while_running(world: World) -> None:
    damage(world.store, world.rng)


EVENTS: Mapping[Event, int] = {
    agent_killed: 5,
    hub_killed: 3,
    both_killed: 1,
    network_at_fault: 4,
    disk_full: 2,
    clock_set: 2,
}
DAMAGES: Mapping[Event, int] = {damaged_at_rest: 3, damaged_while_running: 3}


def play(folder: Path, seed: int, seconds: float, *, damaging: bool) -> tuple[str, Counter[str]]:
    """One round; what there is to say of it, and how often what happened.

    Raises:
        AssertionError: something is not as promised.
    """
    events = {**EVENTS, **(DAMAGES if damaging else {})}
    happened: Counter[str] = Counter()
    with running_world(folder, seed) as world:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            time.sleep(world.rng.uniform(0.05, 0.6))
            [event] = world.rng.choices(list(events), list(events.values()))
            event(world)
            happened[event.__name__] += 1
            assert world.agent.ended is None, f"the agent ended by itself after {event.__name__}"
        world.client.stop()
        # A back-off may be at minutes by now: a fresh start asks at once.
        world.kill_agent()
        world.start_agent()
        world.drain()
        status = world.agent.stop()
        assert status == 0, f"the agent ended with {status}"
        books = world.books()
        assert books is not None, "the books cannot be read"
        world.hub.stop()
        happened["kills"] = world.kills
        happened["repeated exports"] = world.relay.repeated
        client = world.client
    return check(client, folder / "hub.db", books, damaged=damaging), happened


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="how long; at least a round")
    parser.add_argument("--kills", type=int, default=200, help="and until so many processes died")
    parser.add_argument("--cuts", type=int, default=50, help="power cuts afterwards")
    parser.add_argument("--seed", type=int, help="play one round again; its seed was printed")
    options = parser.parse_args()
    happened: Counter[str] = Counter()
    if options.seed is not None:
        happened += _one(options.seed)
        return 0
    deadline = time.monotonic() + options.seconds
    while time.monotonic() < deadline or happened["kills"] < options.kills:
        happened += _one(secrets.randbits(32))
        print(f"  {happened['kills']} kills so far, {deadline - time.monotonic():.0f} s left")
    if options.cuts:
        seed = secrets.randbits(32)
        print(f"power cuts seed={seed}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            print(f"  {power_cuts(Path(folder), random.Random(seed), options.cuts)}")
    for name, count in sorted(happened.items()):
        print(f"{count:8,} {name.replace('_', ' ')}")
    return 0


def _one(seed: int) -> Counter[str]:
    damaging = bool(seed % 2)
    print(f"round seed={seed} damage={'yes' if damaging else 'no'}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        try:
            told, happened = play(Path(folder), seed, ROUND_S, damaging=damaging)
        except BaseException:
            log = Path(folder) / "log.txt"
            print(log.read_text()[-4_000:] if log.exists() else "no log", flush=True)
            raise
    print(f"  {told}")
    return happened
