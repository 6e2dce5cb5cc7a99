"""Windows as SQLite's tables name them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whitebox_hub.store import Window

OF_WINDOW = "model_id = ? AND digest = ? AND segment = ? AND start_s = ? AND length_s = ?"


def window_of(row: Mapping[str, Any]) -> Window:
    return Window(row["model_id"], row["digest"], row["segment"], row["start_s"], row["length_s"])


def window_key(window: Window) -> tuple[str, bytes, int, int, int]:
    """What names a window, in the order of `OF_WINDOW`."""
    return (window.model_id, window.digest, window.segment, window.start_s, window.length_s)
