"""Devices' rows by group as bytes: whole numbers of one width, behind a mark of their plan.

When a reference is registered anew its groups may be others, and counts of the old ones say
nothing: the mark tells them apart. Every report is written so, which is why this is not the packing
of vectors: that is smaller and takes ten times as long. Pure.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np

from whitebox_hub.statistics.groups import GroupPlan
from whitebox_wire.spec import ModelSpec
from whitebox_wire.vector import FloatArray

# The plan's mark, and the bytes of a number.
_HEAD = struct.Struct("<IB")
_WIDTHS = (1, 2, 4, 8)


def column_names(spec: ModelSpec) -> tuple[str, ...]:
    """What a baseline's plan cuts into groups: the counted features, then the prediction."""
    return (*(feature.name for feature in spec.counted), spec.prediction.column)


class CountsCodec:
    """Reads and writes rows by group for one plan.

    >>> plan = GroupPlan(*(np.arange(3),) * 2, 3, *(np.zeros(1, int),) * 3, np.zeros(3))
    >>> [data] = CountsCodec(plan).write(np.array([[0.0, 7.0, 300.0]]))
    >>> len(data), CountsCodec(plan).read(data)
    (11, array([  0.,   7., 300.]))
    """

    def __init__(self, plan: GroupPlan) -> None:
        self._groups = plan.kept.size
        self._mark = zlib.crc32(plan.kept.tobytes(), zlib.crc32(plan.starts.tobytes()))

    def write(self, counts: FloatArray) -> list[bytes]:
        """The bytes of each device; whole numbers from 0, shape [devices, groups]."""
        largest = counts.max(initial=0.0)
        width = next(width for width in _WIDTHS if largest < 2.0 ** (8 * width) or width == 8)
        head = _HEAD.pack(self._mark, width)
        return [head + row.tobytes() for row in counts.astype(f"<u{width}")]

    def read(self, data: bytes) -> FloatArray | None:
        """One device's rows by group, float64; None when they were cut by another plan (or are
        damaged: what is lost with them is no row of any sum).
        """
        if len(data) < _HEAD.size:
            return None
        mark, width = _HEAD.unpack_from(data)
        if mark != self._mark or len(data) != _HEAD.size + self._groups * width:
            return None
        return np.frombuffer(data, f"<u{width}", offset=_HEAD.size).astype(np.float64)
