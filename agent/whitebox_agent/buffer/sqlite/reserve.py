"""The reserve: disk space set aside while there is some, so that a full disk can be tidied.

SQLite needs space even to delete, since what it changes goes to its log first. The reserve is given
back to the disk when that is full, and taken again when there is space. Nothing is ever in it.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

# The largest fold deletes one batch, and its pages go to the log as zeros.
RESERVE_BYTES_MAX = 10 * 1024 * 1024
# Of the whole file system: a small one is not filled by its own reserve.
_SHARE = 4
RETRY_S = 1.0


class Reserve:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._due_s = 0.0
        self.bytes = RESERVE_BYTES_MAX

    def take(self) -> bool:
        """Set the space aside, unless it was tried a moment ago; whether it is now."""
        if time.monotonic() < self._due_s:
            return False
        self._due_s = time.monotonic() + RETRY_S
        try:
            disk = os.statvfs(self._path.parent)
            self.bytes = min(RESERVE_BYTES_MAX, disk.f_blocks * disk.f_frsize // _SHARE)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                _allocate(descriptor, self.bytes)
            finally:
                os.close(descriptor)
        except OSError:
            self.release()
            return False
        return True

    def release(self) -> None:
        """Give the space back."""
        self._due_s = time.monotonic() + RETRY_S
        self._path.unlink(missing_ok=True)


def _allocate(descriptor: int, size: int) -> None:
    """Blocks for the whole file. OSError when there are not as many."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
        return
    # macOS has no such call: zeros that are written take their space.
    for at in range(0, size, 1 << 16):
        os.pwrite(descriptor, bytes(min(1 << 16, size - at)), at)
