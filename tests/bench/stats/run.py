"""`make bench-stats`: starts the suite with the project's folder, not this one, as its root.

See `suite` for what it does and `goals` for what the figures should be.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[3])
    from tests.bench.stats.suite import main

    sys.exit(main())
