"""A spec's vocabulary as a table from cells to codes. It keeps no text but its own.

Numbers are known by their text, so 1, 1.0 and "1" are one category. A boolean counts as "1" or
"0" where the vocabulary has numbers but no booleans, and 1 or 0 as a boolean where it is the other
way round: a model trained on one may be served with the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat

import numpy as np
import numpy.typing as npt

from whitebox_agent.table.cells import Cells, categories, category
from whitebox_wire.bins import category_text
from whitebox_wire.messages import INVALID, MISSING, OUT_OF_VOCABULARY, Codes

_ALIASES = {"false": ("0", "False", "FALSE"), "true": ("1", "True", "TRUE"), "0": ("false",)}
_ALIASES["1"] = ("true",)
# What the fast lookup answers for cells it does not know: they are looked at one by one.
_UNKNOWN = -4

Int32Array = npt.NDArray[np.int32]


class CategoryCoder:
    """The categories of one column; a category's code is its place."""

    def __init__(self, texts: Sequence[str]) -> None:
        places = {text: code for code, text in enumerate(texts)}
        for text, code in tuple(places.items()):
            for alias in _ALIASES.get(text, ()):
                places.setdefault(alias, code)
        self._size = len(texts)
        self._places = places
        self._known: dict[object, int] = {None: MISSING}
        self._known.update(places.items())
        self._known.update(_number_keys(places))

    def codes(self, cells: Cells) -> Int32Array:
        """A column as int32 codes, shape [rows]; see `messages` for the negative ones.

        >>> CategoryCoder(("a", "b")).codes(np.array(["b", "c", None, 1.5], object)).tolist()
        [1, -3, -1, -3]
        """
        if isinstance(cells, Codes):
            return self._recode(cells)
        if cells.dtype.kind in "OUS":
            return self.codes_of(cells.tolist())
        return self._recode(categories(cells))

    def codes_of(self, cells: Sequence[object]) -> Int32Array:
        """Python cells as codes; about 35 ns a value for those in the vocabulary."""
        try:
            found = map(self._known.get, cells, repeat(_UNKNOWN))
            codes: Int32Array = np.fromiter(found, np.int32, len(cells))
        except TypeError:  # a cell that cannot be hashed, such as a list
            return np.fromiter(map(self._code, cells), np.int32, len(cells))
        for row in np.flatnonzero(codes == _UNKNOWN).tolist():
            codes[row] = self._code(cells[row])
        return codes

    def _code(self, cell: object) -> int:
        text = category(cell)
        return self._places.get(text, OUT_OF_VOCABULARY) if isinstance(text, str) else text

    def _recode(self, cells: Codes) -> Int32Array:
        if not cells.dictionary:
            own = cells.codes < self._size
            return np.where(own, cells.codes, OUT_OF_VOCABULARY).astype(np.int32)
        # Negative codes read the table from its end.
        get = self._places.get
        table = [get(text, OUT_OF_VOCABULARY) for text in cells.dictionary]
        table += [OUT_OF_VOCABULARY, INVALID, MISSING]
        return np.array(table, np.int32)[cells.codes]


def _number_keys(places: dict[str, int]) -> dict[object, int]:
    """Numbers whose text is in the vocabulary, as keys of their own.

    To Python True == 1, so a vocabulary that tells booleans from numbers has no such keys.
    """
    if places.get("true") != places.get("1") or places.get("false") != places.get("0"):
        return {}
    keys: dict[object, int] = {}
    for text, code in places.items():
        try:
            value = float(text)
        except ValueError:
            continue
        if np.isfinite(value) and category_text(value) == text:
            keys[value] = code
    return keys
