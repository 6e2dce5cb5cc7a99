"""A feature and its cells: the bins of a number, the vocabulary of a category.

Edges and vocabularies are all that a spec says of a column: no row, and no extreme of a column that
few rows share, is ever among them. Each value checks itself; `spec` checks what they are together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from whitebox_wire.errors import SpecError

NAME_BYTES_MAX = 256
CELLS_PER_FEATURE_MAX = 1_024
# Moments are taken by multiplying with 2**20 / scale, which must be finite and above zero.
_FIXED_POINT = 2.0**20


def check_text(text: str, what: str, *, empty: bool = False) -> None:
    """Raise SpecError for a text that is empty (unless it may be), too long or no Unicode."""
    try:
        length = len(text.encode())
    except UnicodeEncodeError:
        raise SpecError(f"{what} {text[:40]!r} is not valid Unicode") from None
    if length > NAME_BYTES_MAX or not (length or empty):
        raise SpecError(f"{what} {text[:40]!r} is empty or longer than {NAME_BYTES_MAX} bytes")


def is_unit(scale: float) -> bool:
    """Whether fixed-point sums can be taken in units of a scale."""
    return 0 < scale < math.inf and math.isfinite(_FIXED_POINT / scale)


def check_edges(edges: tuple[float, ...], what: str) -> None:
    """Raise SpecError unless there are 1 to 1,023 finite edges that rise strictly."""
    if not 1 <= len(edges) < CELLS_PER_FEATURE_MAX:
        raise SpecError(f"{what}: {len(edges)} bin edges; 1 to 1023 are possible")
    if not all(map(math.isfinite, edges)):
        raise SpecError(f"{what}: a bin edge is not a finite number")
    if any(b <= a for a, b in pairwise(edges)):
        raise SpecError(f"{what}: bin edges must rise strictly")


@dataclass(frozen=True, slots=True)
class NumericBins:
    """Cell 0 is below `edges[0]`; cell i holds `edges[i-1] <= x < edges[i]`; the last is open.

    Moments are kept of `(x - centre) / scale`.
    """

    edges: tuple[float, ...]
    centre: float
    scale: float

    @property
    def cells(self) -> int:
        return len(self.edges) + 1

    def check(self, name: str) -> None:
        """Raise SpecError unless edges rise strictly, centre is finite and scale a unit."""
        check_edges(self.edges, name)
        if not math.isfinite(self.centre):
            raise SpecError(f"{name}: the centre is not a finite number")
        if not is_unit(self.scale):
            raise SpecError(f"{name}: a scale of {self.scale} is not positive, or too small")


@dataclass(frozen=True, slots=True)
class CategoricalBins:
    """A vocabulary; `complete` says that it holds every category of the training set."""

    vocabulary: tuple[str, ...]
    complete: bool = True
    boolean: bool = False

    @property
    def cells(self) -> int:
        """The vocabulary's cells, then `other` and `unseen`."""
        return len(self.vocabulary) + 2

    def check(self, name: str) -> None:
        """Raise SpecError for an empty, repeating or oversized vocabulary."""
        if not 1 <= len(self.vocabulary) <= CELLS_PER_FEATURE_MAX - 2:
            raise SpecError(f"{name}: {len(self.vocabulary)} categories; 1 to 1022 are possible")
        for category in self.vocabulary:
            check_text(category, f"{name}: category", empty=True)
        if len(set(self.vocabulary)) != len(self.vocabulary):
            raise SpecError(f"{name}: a category appears twice")


@dataclass(frozen=True, slots=True)
class Feature:
    """A column that the model reads. Nothing of a `withheld` one is ever counted."""

    name: str
    bins: NumericBins | CategoricalBins
    withheld: bool = False
