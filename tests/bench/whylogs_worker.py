"""whylogs' side of the bench: one line of JSON in, one out, until the input ends.

Runs in the environment that `peers` makes and imports nothing of Whitebox. Only whylogs' own work
is timed; drawing rows and making frames, dicts and bytes comes before. The clocks are those of its
contestants: processor time for whole frames and merges, the clock on the wall for single rows.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from tests.bench.data import dicts, digest, draw

# Sets of more rows than this are only logged as a whole.
TRACKED_ROWS_MAX = 1_000

Answer = dict[str, object]


class Contestant:
    """One set of rows, and what whylogs does with them."""

    def __init__(self) -> None:
        import pandas as pd
        import whylogs
        from whylogs.core import DatasetProfile, DatasetProfileView

        self._pandas: Any = pd
        self._whylogs: Any = whylogs
        self._view_type: Any = DatasetProfileView
        self._profile_type: Any = DatasetProfile
        self._frame: Any = None
        self._rows: list[dict[str, object]] = []
        self._view: Any = None
        self._bytes = b""

    def versions(self) -> Answer:
        import numpy as np

        return {
            "whylogs": self._whylogs.__version__,
            "whylogs_numpy": np.__version__,
            "whylogs_pandas": self._pandas.__version__,
        }

    def prepare(self, rows: int, floats: int, texts: int, seed: int) -> Answer:
        """Draw the rows and log them once; the digest tells whether they are those of the asker."""
        drawn = draw(rows, floats, texts, seed=seed)
        self._frame = self._pandas.DataFrame(drawn)
        self._rows = dicts(drawn) if rows <= TRACKED_ROWS_MAX else []
        self._view = self._whylogs.log(pandas=self._frame).view()
        self._bytes = self._view.serialize()
        columns = self._view.get_columns().values()
        counted = {column.get_metric("counts").n.value for column in columns}
        assert counted == {rows}, f"whylogs counted {counted} of {rows} rows"
        return {"digest": digest(drawn), "bytes": len(self._bytes)}

    def fold(self) -> Answer:
        """Profile the frame as a whole."""
        start = time.process_time_ns()
        self._whylogs.log(pandas=self._frame)
        return {"ns": time.process_time_ns() - start}

    def track(self, rows: int) -> Answer:
        """Profile the first rows one by one; the time of each."""
        profile, times = self._profile_type(), []
        for row in self._rows[:rows]:
            start = time.perf_counter_ns()
            profile.track(row=row)
            times.append(time.perf_counter_ns() - start)
        return {"times": times}

    def merge(self) -> Answer:
        """Read a serialised profile and merge it into one that is there."""
        start = time.process_time_ns()
        self._view = self._view.merge(self._view_type.deserialize(self._bytes))
        return {"ns": time.process_time_ns() - start}


def main() -> None:
    # Whatever whylogs prints goes with the errors: the output is for answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    contestant = Contestant()
    for line in sys.stdin:
        asked = json.loads(line)
        answer = getattr(contestant, asked.pop("do"))(**asked)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
