"""The bench of the agent: starts `endurance` with the project's folder as the place of modules."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    from tests.bench.endurance import main

    sys.exit(main())
