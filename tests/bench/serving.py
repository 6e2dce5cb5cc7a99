"""A worker's end of the line: one line of JSON in, one out, until the input ends.

Runs in a peers' environment, so it imports nothing of Whitebox and nothing heavy.
"""

from __future__ import annotations

import json
import os
import sys


def serve(contestant: object) -> None:
    """Answer with what the contestant's method named by `do` returns for the other arguments."""
    # Whatever a peer prints goes with the errors: the output is for answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        asked = json.loads(line)
        answer = getattr(contestant, asked.pop("do"))(**asked)
        print(json.dumps(answer), file=answers, flush=True)
