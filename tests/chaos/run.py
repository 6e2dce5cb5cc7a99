"""`make chaos`: kill, cut, fill, damage and set clocks, and then count.

Rounds of half a minute until the time is over, each with a new store, hub and seed; every other
round damages the store's files as well. A seed that failed is tried again with --seed.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    from tests.chaos.rounds import main

    sys.exit(main())
