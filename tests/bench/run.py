"""`make bench`: starts the suite with the project's folder, not this one, as the place of modules.

See `suite` for what it does and `table` for the goals.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    from tests.bench.suite import main

    sys.exit(main())
