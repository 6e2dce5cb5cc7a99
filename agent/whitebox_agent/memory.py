"""Giving freed memory back to the system, in a process that is the agent's own.

The C library keeps what was freed for the next burst of rows; on a small device other processes
need it between bursts. Not for serving processes: their heap is not ours to walk.
"""

from __future__ import annotations

import ctypes


def give_back() -> None:
    """Return freed pages, where the C library can (glibc); elsewhere do nothing."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
