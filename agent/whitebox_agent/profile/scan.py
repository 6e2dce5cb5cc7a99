"""The first look at a column: how many cells of each kind, its categories, a sample of numbers.

Memory is bounded: `CATEGORIES_MAX` categories a column (rows of later ones are only counted), a
sample of numbers, and no text longer than a spec can hold.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from whitebox_agent.profile.sample import Sample
from whitebox_agent.table import Cells, categories, numbers
from whitebox_agent.table.cells import are_plain, category, is_missing
from whitebox_wire.bins import category_text
from whitebox_wire.messages import INVALID, Codes
from whitebox_wire.spec import NAME_BYTES_MAX
from whitebox_wire.vector import FloatArray

CATEGORIES_MAX = 100_000
# More distinct numbers than this are no categories, unless the caller says so.
NUMBER_CATEGORIES_MAX = 500

_BOOLEANS = frozenset({bool, np.bool_, type(None)})
_TIMES = (dt.date, dt.time, dt.timedelta, np.datetime64, np.timedelta64)


def storable(text: str) -> bool:
    r"""Whether a spec can hold a text as a name: short enough, and encodable.

    >>> [storable(text) for text in ("a" * 256, "é" * 129, "\ud800")]
    [True, False, False]
    """
    try:
        # A character is at least a byte: long texts are not even encoded whole.
        return len(text[: NAME_BYTES_MAX + 1].encode()) <= NAME_BYTES_MAX
    except UnicodeEncodeError:
        return False


class ColumnScan:
    """What is known of one column. Counts are of cells; missing cells are those not counted.

    `categorical` says that the caller wants categories even of many numbers.
    """

    def __init__(self, sample_max: int, *, categorical: bool = False) -> None:
        self.numbers = self.booleans = self.texts = self.times = self.invalid = 0
        # Cells whose text is too long for a vocabulary, or came after CATEGORIES_MAX others.
        self.uncounted = 0
        self.integers = True
        self.low, self.high = math.inf, -math.inf
        self.sample = Sample(sample_max)
        self._counts: Counter[str] = Counter()
        self._number_counts: Counter[float] = Counter()
        self._categorical = categorical
        # Whether there are too many distinct numbers for them to be categories.
        self.many_numbers = False

    @property
    def present(self) -> int:
        """The cells that are not missing."""
        return self.numbers + self.booleans + self.texts + self.times + self.invalid

    @property
    def distinct(self) -> int:
        """How many different values there are, as far as they were kept."""
        if self.numbers:
            return int(np.unique(self.sample.sorted()).size) + len(self._counts)
        return len(self._counts)

    def categories(self) -> Counter[str]:
        """Rows by category, as far as they were counted."""
        counts = self._counts.copy()
        for value, count in self._number_counts.items():
            counts[category_text(value)] += count
        return counts

    def add(self, cells: Cells) -> None:
        """Look at the cells of further rows."""
        if isinstance(cells, Codes):
            self._add_texts(cells)
        elif cells.dtype.kind == "b":
            self._add_booleans(cells)
        elif cells.dtype.kind in "fiu":
            self._add_numbers(numbers(cells))
        elif cells.dtype.kind in "mM":
            self.times += int(np.count_nonzero(~np.isnat(cells)))
        elif cells.dtype.kind in "OUS":
            self._add_objects(cells.tolist())
        else:
            self.invalid += cells.size

    def _add_texts(self, cells: Codes) -> None:
        self.invalid += int(np.count_nonzero(cells.codes == INVALID))
        found = np.bincount(cells.codes[cells.codes >= 0], minlength=0)
        for place in np.flatnonzero(found).tolist():
            text, count = cells.dictionary[place], int(found[place])
            self.texts += count
            known = text in self._counts or len(self._counts) < CATEGORIES_MAX
            if known and storable(text):
                self._counts[text] += count
            else:
                self.uncounted += count

    def _add_booleans(self, cells: npt.NDArray[Any]) -> None:
        true = int(np.count_nonzero(cells))
        self.booleans += cells.size
        found = {"true": true, "false": cells.size - true}
        self._counts.update({text: count for text, count in found.items() if count})
        self.sample.add(cells.astype(np.float64))

    def _add_numbers(self, values: FloatArray) -> None:
        """Values as `numbers` gives them: NaN is missing, an infinity invalid."""
        finite = values[np.isfinite(values)]
        self.invalid += int(np.count_nonzero(np.isinf(values)))
        if not finite.size:
            return
        self.numbers += finite.size
        self.low = min(self.low, float(finite.min()))
        self.high = max(self.high, float(finite.max()))
        self.integers = self.integers and bool((finite == np.floor(finite)).all())
        self.sample.add(finite)
        if not self.many_numbers:
            distinct, counts = np.unique(finite, return_counts=True)
            self._number_counts.update(dict(zip(distinct.tolist(), counts.tolist(), strict=True)))
            self._bound_numbers()

    def _bound_numbers(self) -> None:
        limit = CATEGORIES_MAX if self._categorical else NUMBER_CATEGORIES_MAX
        self.many_numbers = len(self._number_counts) > limit
        if self.many_numbers and not self._categorical:
            self._number_counts.clear()

    def _add_objects(self, cells: Sequence[object]) -> None:
        types = set(map(type, cells))
        if types <= _BOOLEANS:
            self._add_booleans(np.array([cell for cell in cells if cell is not None], bool))
        elif are_plain(types) and not types & {bool, np.bool_}:
            self._add_numbers(numbers(np.fromiter(cells, object, len(cells))))
        elif types <= {str, type(None)}:
            self._add_texts(categories(np.fromiter(cells, object, len(cells))))
        else:
            self._add_mixed(cells)

    def _add_mixed(self, cells: Sequence[object]) -> None:
        """Cells of several types, sorted by what each is."""
        booleans, values, texts = [], [], []
        for cell in cells:
            if is_missing(cell):
                continue
            if isinstance(cell, (bool, np.bool_)):
                booleans.append(cell)
            elif isinstance(cell, _TIMES):
                self.times += 1
            elif isinstance(cell, (str, bytes)) or category(cell) == INVALID:
                texts.append(cell)
            else:
                values.append(cell)
        self._add_booleans(np.array(booleans, bool))
        self._add_numbers(numbers(np.fromiter(values, object, len(values))))
        self._add_texts(categories(np.fromiter(texts, object, len(texts))))
