"""A model's training set, read where it lies, to its spec and references.

It knows files, data in memory and chunks of either, and no network. What leaves is names, bin
edges, vocabularies and counts: no row, and no extreme of a column of many values.
"""

from whitebox_agent.profile.infer import ColumnReport, LeftOut
from whitebox_agent.profile.model_profile import ModelProfile
from whitebox_agent.profile.profiling import profile
from whitebox_agent.profile.progress import Progress
from whitebox_agent.profile.report import profile_text, progress_text

__all__ = [
    "ColumnReport",
    "LeftOut",
    "ModelProfile",
    "Progress",
    "profile",
    "profile_text",
    "progress_text",
]
