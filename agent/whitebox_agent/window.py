"""Which window a row belongs to, and when a window's sum leaves the device. Pure.

Rows fold into the window of their own time whenever they come, so a late row is nothing special: it
opens the old window's sum anew, and that sum ships like any other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from whitebox_wire.spec import WindowPolicy

Rows = npt.NDArray[np.intp]


def split_by_window(
    times_ms: npt.NDArray[np.int64], policy: WindowPolicy
) -> list[tuple[int, Rows]]:
    """The windows of some rows: pairs of start (seconds since 1970) and places, oldest first.

    `times_ms` has shape [rows]: milliseconds since 1970 in UTC. Places keep the order of the rows.

    >>> split_by_window(np.array([7_200_000, 100, 7_300_000]), WindowPolicy(3600))
    [(0, array([1])), (7200, array([0, 2]))]
    """
    if not times_ms.size:
        return []
    starts = policy.origin_s + (
        (times_ms // 1_000 - policy.origin_s) // policy.granularity_s * policy.granularity_s
    )
    order = np.argsort(starts, kind="stable")
    ordered = starts[order]
    bounds = np.flatnonzero(np.diff(ordered, prepend=ordered[0] - 1))
    parts = np.split(order, bounds[1:])
    return list(zip(ordered[bounds].tolist(), parts, strict=True))


@dataclass(frozen=True, slots=True)
class ShipPolicy:
    """How long sums gather before they ship.

    A window that is over waits `settle_ms` for stragglers; one still open is shipped in part
    every `partial_ms`, so that the hub never knows less than that. Both trade bytes for freshness.
    """

    settle_ms: int = 5_000
    partial_ms: int = 300_000

    def ready_ms(self, end_s: int, opened_ms: int) -> int:
        """When a sum may ship whose first row was folded at `opened_ms`.

        >>> policy = ShipPolicy(settle_ms=10, partial_ms=1_000)
        >>> policy.ready_ms(60, 59_900), policy.ready_ms(60, 70_000), policy.ready_ms(60, 0)
        (60010, 70010, 1000)
        """
        settled = max(end_s * 1_000, opened_ms) + self.settle_ms
        return min(settled, opened_ms + max(self.partial_ms, self.settle_ms))
