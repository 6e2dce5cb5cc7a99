"""The contract between agent and hub: specs, the vector they imply, and its bytes.

Everything that crosses the network is one additive vector of integers per window (plus
identifiers and times). This package knows how a `ModelSpec` fixes the meaning of each integer
(`layout`), how vectors add and read back (`vector`), and how they become bytes (`codec`).
It knows no socket, no clock, no file and no database.
"""

from whitebox_wire.errors import WhiteboxError
from whitebox_wire.layout import Layout, Section
from whitebox_wire.spec import ModelKind, ModelSpec

__all__ = ["Layout", "ModelKind", "ModelSpec", "Section", "WhiteboxError", "__version__"]

__version__ = "0.1.0"
