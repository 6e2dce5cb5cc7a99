"""Every error that Whitebox raises, told apart by whose fault it is.

All derive from `WhiteboxError` and carry a `hint`: what to type or change. The base is never
raised itself. Agent and hub add leaves of their own beside the code that raises them.
"""

from __future__ import annotations


class WhiteboxError(Exception):
    """The base of all; catch this to catch everything Whitebox raises.

    >>> str(DataError("column 'age' appears twice", hint="rename one of them"))
    "column 'age' appears twice (rename one of them)"
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class DataError(WhiteboxError):
    """The caller's data cannot be used as it is."""


class SpecError(WhiteboxError):
    """A model's spec contradicts itself or asks for what this version cannot do."""


class ConfigError(WhiteboxError):
    """A configuration file or setting is wrong."""


class UnknownModelError(WhiteboxError):
    """Rows or labels name a model that nobody registered."""


class MalformedError(WhiteboxError):
    """Bytes from a peer or a file are truncated, corrupt, oversized or foreign."""


class MergeError(WhiteboxError):
    """Two vectors cannot be added: their layouts differ or a sum would pass its limit."""
