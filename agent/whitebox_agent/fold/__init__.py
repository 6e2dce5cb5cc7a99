"""Rows into vectors: the counts and sums that leave the device instead of the rows."""

from whitebox_agent.fold.batch import join_batches, take_column, take_rows
from whitebox_agent.fold.model import ModelFold, SegmentSum
from whitebox_agent.fold.prediction import Predictions, record_bytes
from whitebox_agent.fold.segments import Masks

__all__ = [
    "Masks",
    "ModelFold",
    "Predictions",
    "SegmentSum",
    "join_batches",
    "record_bytes",
    "take_column",
    "take_rows",
]
