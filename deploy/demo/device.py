"""One device of the demo, a process of its own: predicts, logs, and ships counts to the hub.

It walks its part of the rows in order of time: a week is predicted at once and logged with ids and
event times; the week's true labels come four weeks later. Its store holds the rows until they are
folded, and the hub is sent what was folded. It tells its parent how far it is on standard output,
a line of JSON at a time.

Run by run.py as: python -m deploy.demo.device SITE --spec F --store F --hub HOST:PORT
"""

from __future__ import annotations

import argparse
import json
import logging
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from deploy.demo import census
from whitebox_agent import Agent, Config

# Of ten rows in turn, those of each device: an uneven fleet, and nothing else is meant by it.
SITES = {"boston": range(5), "worcester": range(5, 8), "springfield": range(8, 10)}
TURN = 10
LABEL_DELAY_WEEKS = 4
SHIP_TIMEOUT_S = 60.0
# Weeks between two waits for the disk, so that a replay is never faster than it.
FLUSH_WEEKS = 4
# A replayed week is over in no time, so its counts need not wait long for stragglers.
SETTLE_MS = 1_000
# Nobody needs to guess what to search for who wonders where rows went.
ID_PREFIX = "person-"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a device is. `raw_bytes` is what its rows would be as JSON lines; `recorded` is the
    agent's own count, `problem` says why it could not do all it should.
    """

    site: str
    rows: int
    rows_total: int
    labels: int
    until_s: int
    raw_bytes: int
    recorded: int = 0
    dropped: int = 0
    finished: bool = False
    problem: str = ""


class Walk:
    """A device's way through its rows."""

    def __init__(
        self, agent: Agent, site: str, rows: census.LiveRows, stop: threading.Event
    ) -> None:
        self._agent = agent
        self._stop = stop
        self._model = census.Model()
        self._rows = rows
        self._progress = Progress(site, 0, rows.rows, 0, 0, 0)

    def steps(self) -> Iterator[Progress]:
        """Log week after week with the labels behind, then ship; how far it is after each step.

        Once `stop` is set the caller should ask for no more.
        """
        waiting: deque[census.LiveRows] = deque()
        for place, week in enumerate(self._rows.by_week()):
            raw_bytes = self._log(week)
            waiting.append(week)
            labels = 0
            while week.weeks[0] - waiting[0].weeks[0] >= LABEL_DELAY_WEEKS:
                labels += self._label(waiting.popleft())
            if place % FLUSH_WEEKS == 0:
                self._agent.flush()
            yield self._moved(week.rows, labels, raw_bytes, int(week.times_s[-1]))
        labels = sum(self._label(week) for week in waiting)
        yield self._moved(0, labels, 0, self._progress.until_s)
        yield self._shipped()

    def _log(self, week: census.LiveRows) -> int:
        """Predict and log a week's rows; their bytes as JSON lines."""
        classes, scores = self._model.predict(week.features)
        ids = _ids(week)
        self._agent.log(
            census.MODEL_ID,
            week.features,
            prediction=classes,
            score=scores,
            id=ids,
            time=week.times_s,
        )
        columns = {
            "id": ids,
            "time": week.times_s.tolist(),
            **{name: column.tolist() for name, column in week.features.items()},
            census.PREDICTION: classes.tolist(),
            census.SCORE: scores.tolist(),
            census.TARGET: week.labels.tolist(),
        }
        return json_lines_bytes(columns)

    def _label(self, week: census.LiveRows) -> int:
        return self._agent.log_labels(census.MODEL_ID, _ids(week), week.labels)

    def _moved(self, rows: int, labels: int, raw_bytes: int, until_s: int) -> Progress:
        before = self._progress
        self._progress = replace(
            before,
            rows=before.rows + rows,
            labels=before.labels + labels,
            raw_bytes=before.raw_bytes + raw_bytes,
            until_s=until_s,
        )
        return self._progress

    def _shipped(self) -> Progress:
        deadline_s = time.monotonic() + SHIP_TIMEOUT_S
        shipped = False
        while not shipped and not self._stop.is_set() and time.monotonic() < deadline_s:
            shipped = self._agent.ship(timeout_s=1.0)
        [ledger] = self._agent.books().ledgers
        problem = self._agent.problem or f"not everything has shipped in {SHIP_TIMEOUT_S:.0f} s"
        return replace(
            self._progress,
            recorded=ledger.inferences.recorded,
            dropped=sum(ledger.inferences.dropped.values()),
            finished=True,
            problem="" if shipped else problem,
        )


def part_of(rows: census.LiveRows, site: str) -> census.LiveRows:
    """The rows of one device."""
    return rows.pick(np.flatnonzero(np.isin(np.arange(rows.rows) % TURN, SITES[site])))


def json_lines_bytes(columns: Mapping[str, Sequence[object]]) -> int:
    """What rows would take as JSON, one a line and without a space to spare.

    >>> json_lines_bytes({"id": ["a", "b"], "age": [9, 10]}), len('{"id":"a","age":9}')
    (39, 18)
    """
    encode = json.JSONEncoder(separators=(",", ":")).encode
    rows = zip(*columns.values(), strict=True)
    return sum(len(encode(dict(zip(columns, row, strict=True)))) + 1 for row in rows)


def _ids(week: census.LiveRows) -> list[str]:
    return [f"{ID_PREFIX}{number:06d}" for number in week.numbers.tolist()]


def main() -> None:
    parser = argparse.ArgumentParser(description="Run one device of the demo until SIGTERM.")
    parser.add_argument("site", choices=SITES)
    parser.add_argument("--spec", type=Path, required=True)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--hub", required=True, help="the hub's gRPC address")
    parser.add_argument("--rows", type=int, help="of all live rows of all devices")
    options = parser.parse_args()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    config = Config(
        store_path=str(options.store),
        agent_id=options.site,
        hub_address=options.hub,
        specs=(str(options.spec),),
        settle_ms=SETTLE_MS,
    )
    logging.basicConfig(format="%(asctime)s level=%(levelname)s %(name)s %(message)s")
    with Agent(config) as agent:
        rows = part_of(census.live(options.rows), options.site)
        for progress in Walk(agent, options.site, rows, stop).steps():
            print(json.dumps(asdict(progress)), flush=True)
            if stop.is_set():
                return
        stop.wait()


if __name__ == "__main__":
    main()
