"""Rows into vectors: the counts and sums that leave the device instead of the rows."""

from whitebox_agent.fold.batch import take_rows
from whitebox_agent.fold.model import ModelFold
from whitebox_agent.fold.prediction import Predictions, record_bytes

__all__ = ["ModelFold", "Predictions", "record_bytes", "take_rows"]
