"""Window lengths as Whitebox writes them: `15T` (minutes), `2H`, `1D`, `1W`; and `90S`. Pure."""

from __future__ import annotations

import re

from whitebox_wire.errors import DataError

_UNITS_S = {"W": 604_800, "D": 86_400, "H": 3_600, "T": 60, "S": 1}
_TEXT = re.compile(r"([1-9][0-9]{0,5})([WDHTS])", re.ASCII)


def granularity_text(seconds: int) -> str:
    """A length in its largest whole unit.

    >>> [granularity_text(s) for s in (900, 7_200, 604_800, 90)]
    ['15T', '2H', '1W', '90S']
    """
    unit = next(unit for unit, length in _UNITS_S.items() if seconds % length == 0)
    return f"{seconds // _UNITS_S[unit]}{unit}"


def read_granularity(text: str) -> int:
    """The length in seconds; DataError when the text is not one.

    >>> read_granularity("15T")
    900
    """
    match = _TEXT.fullmatch(text)
    if match is None:
        raise DataError(f"granularity: {text[:20]!r} is not a length", hint="such as 15T, 2H, 1D")
    return int(match[1]) * _UNITS_S[match[2]]
