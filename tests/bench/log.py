"""Recording rows one by one in a serving process, beside whylogs' `DatasetProfile.track`.

Ours has its writer running and its store on a disk: each round ends with a flush, whose wait is
shared out among the rows, so that the mean holds all it takes to have them on disk. The writer
folds at the same time, as it does in life; the end of it, when the agent closes, is told apart. So
is the processor time of all threads, which does not wait for disks or for others on the machine.
The named figures are of rows without an id, since `track` knows none; rows with an id, which are
remembered on disk until their labels come, have figures of their own.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence

import numpy as np

from tests.bench.data import dicts
from tests.bench.fold import prepare_whylogs
from tests.bench.model import MODEL_ID, SCORED, Rows, Subject
from tests.bench.peers import Worker
from tests.bench.plan import Figures, Plan
from tests.bench.rounds import Contestant, interleave
from tests.bench.spec_file import write_spec_file
from whitebox_agent import Agent, Config

DISTINCT_ROWS = 1_000
ROUNDS = 7
# Rows a round; whylogs takes a millisecond for each of its own.
ROWS, ROWS_QUICK, ROWS_WHYLOGS = 20_000, 1_000, 200

Call = tuple[dict[str, object], str, float, str | None]


def measure_log(plan: Plan) -> Figures:
    subject, rows = Subject.of(SCORED), Rows.of(SCORED, DISTINCT_ROWS)
    spec = write_spec_file(subject, plan.folder)
    count = ROWS_QUICK if plan.quick else ROWS
    rounds = plan.rounds(ROUNDS)
    config = Config(store_path=str(plan.folder / "log.db"), specs=(str(spec),))
    single: list[int] = []
    single_with_id: list[int] = []
    processor: list[float] = []
    with Agent(config) as agent, plan.stage("log rows of 50 floats one by one") as told:
        contestants: dict[str, Contestant] = {
            "log": _logging(agent, _calls(rows, count, rounds + 1, ids=False), single, processor),
            "with_id": _logging(agent, _calls(rows, count, rounds + 1), single_with_id, []),
        }
        tracked: list[int] = []
        if plan.whylogs is not None:
            prepare_whylogs(plan.whylogs, SCORED, rows)
            contestants["whylogs"] = _tracking(plan.whylogs, tracked)
        times = interleave(contestants, rounds, told)
        start = time.perf_counter_ns()
    folding_ns = time.perf_counter_ns() - start
    warm = len(single) // (rounds + 1)
    figures = {
        "log_us": times["log"].median / 1e3,
        "log_best_us": times["log"].best / 1e3,
        "log_processor_us": statistics.median(processor[1:]) / 1e3,
        **_percentiles("log", single[warm:]),
        "log_with_id_us": times["with_id"].median / 1e3,
        "log_rest_us": folding_ns / (len(single) + len(single_with_id)) / 1e3,
    }
    if whylogs := times.get("whylogs"):
        figures |= {
            "log_whylogs_us": whylogs.median / 1e3,
            "log_vs_whylogs": whylogs.median / times["log"].median,
            **_percentiles("log_whylogs", tracked[ROWS_WHYLOGS:]),
        }
    return figures


def _calls(rows: Rows, count: int, rounds: int, *, ids: bool = True) -> Iterator[list[Call]]:
    """The calls of each round, made before the first: no id comes twice."""
    features = dicts(rows.features)
    made = [
        [
            (
                features[i % DISTINCT_ROWS],
                rows.predictions[i % DISTINCT_ROWS],
                float(rows.scores[i % DISTINCT_ROWS]),
                f"inference-{number}-{i}" if ids else None,
            )
            for i in range(count)
        ]
        for number in range(rounds)
    ]
    return iter(made)


def _logging(
    agent: Agent, calls: Iterator[list[Call]], single: list[int], processor: list[float]
) -> Contestant:
    """Turns of logging, whose mean includes the flush.

    `single` takes the time of each call, `processor` the mean processor time of each turn.
    """

    def turn() -> float:
        times, accepted, clock = [], 0, time.perf_counter_ns
        round_calls = next(calls)
        before = _recorded(agent)
        begin, begin_processor = clock(), time.process_time_ns()
        for row, prediction, score, id_ in round_calls:
            start = clock()
            accepted += agent.log(MODEL_ID, row, prediction=prediction, score=score, id=id_)
            times.append(clock() - start)
        flushed = agent.flush()
        taken = clock() - begin
        processor.append((time.process_time_ns() - begin_processor) / len(round_calls))
        assert flushed
        assert accepted == len(round_calls)
        single.extend(times)
        assert _recorded(agent) - before == len(round_calls)
        return taken / len(round_calls)

    return turn


def _recorded(agent: Agent) -> int:
    return sum(ledger.inferences.recorded for ledger in agent.books().ledgers)


def _tracking(worker: Worker, tracked: list[int]) -> Contestant:
    def turn() -> float:
        times: list[int] = worker.ask("track", rows=ROWS_WHYLOGS)["times"]
        tracked.extend(times)
        return sum(times) / len(times)

    return turn


def _percentiles(name: str, times: Sequence[int]) -> Figures:
    middle, high = np.percentile(times, (50, 99)).tolist()
    return {f"{name}_p50_us": middle / 1e3, f"{name}_p99_us": high / 1e3}
