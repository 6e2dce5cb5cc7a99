"""`make demo`: a hub and three devices on real data, from nothing to alerts, in seconds.

See README.md beside this file; `--help` shows the options. The story itself is in story.py.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # `deploy` is a folder of the repository and not installed: its modules are found from the root.
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from deploy.demo.story import main

    sys.exit(main())
