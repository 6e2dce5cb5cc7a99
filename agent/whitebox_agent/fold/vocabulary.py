"""Texts, codes and numbers to places in a vocabulary: features, predicted and true classes alike.

A place is 0 or more, or one of the messages' codes: MISSING, INVALID, OUT_OF_VOCABULARY. No cell's
value raises; a code that points nowhere does, since it can only come from a broken encoder.
Texts cost one look-up for each entry of a dictionary, rows cost 2-3 ns.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from whitebox_wire.bins import category_text
from whitebox_wire.errors import MalformedError
from whitebox_wire.messages import INVALID, MISSING, OUT_OF_VOCABULARY, Codes, Column
from whitebox_wire.vector import FloatArray, IntVector

# The codes that are no place: counts have these cells before those of the vocabulary.
ABSENT = -OUT_OF_VOCABULARY


class Vocabulary:
    """The texts of one column. Its name is for error messages."""

    def __init__(self, name: str, texts: Sequence[str]) -> None:
        self._name = name
        self._places = {text: place for place, text in enumerate(texts)}
        self._numbers, self._number_places = _numbers_among(texts)

    def places(self, column: Column) -> npt.NDArray[np.int32]:
        """The place of each cell, int32, shape [rows].

        Raises:
            MalformedError: a code is in neither dictionary nor vocabulary.
        """
        if not isinstance(column, Codes):
            return self._places_of_numbers(column)
        self._check(column)
        if not column.dictionary:
            return column.codes.astype(np.int32, copy=False)
        # Negative codes index the table from its end, where they find themselves.
        ends = (OUT_OF_VOCABULARY, INVALID, MISSING)
        table = np.array([*self._translated(column.dictionary), *ends], np.int32)
        return table.take(column.codes)

    def count(self, column: Column) -> IntVector:
        """How many cells are out of vocabulary, invalid, missing, and at each place, in order.

        Raises:
            MalformedError: a code is in neither dictionary nor vocabulary.
        """
        if not isinstance(column, Codes):
            return self._count_numbers(column)
        self._check(column)
        size = ABSENT + len(column.dictionary or self._places)
        found = np.bincount(column.codes + ABSENT, minlength=size).astype(np.int64, copy=False)
        if not column.dictionary:
            return found
        counts = self._zeros()
        counts[:ABSENT] = found[:ABSENT]
        # Only what occurs is looked up: a slice of a long table may keep the whole dictionary.
        [seen] = found[ABSENT:].nonzero()
        texts = [column.dictionary[code] for code in seen.tolist()]
        at = np.array(self._translated(texts), np.intp) + ABSENT
        np.add.at(counts, at, found[ABSENT + seen])
        return counts

    def _translated(self, dictionary: Sequence[str]) -> list[int]:
        place_of = self._places.get
        return [place_of(text, OUT_OF_VOCABULARY) for text in dictionary]

    def _check(self, column: Codes) -> None:
        codes = column.codes
        if not codes.size:
            return
        if int(codes.min()) < OUT_OF_VOCABULARY:
            raise MalformedError(f"column {self._name!r} has a code below {OUT_OF_VOCABULARY}")
        known = "dictionary" if column.dictionary else "vocabulary"
        if int(codes.max()) >= len(column.dictionary or self._places):
            raise MalformedError(
                f"column {self._name!r} has a code beyond its {known}",
                hint="send a dictionary with the codes, or code by the model's present spec",
            )

    def _places_of_numbers(self, column: FloatArray) -> npt.NDArray[np.int32]:
        places = np.full(column.size, OUT_OF_VOCABULARY, np.int32)
        if self._numbers.size:
            near = self._numbers.searchsorted(column)
            near[near == self._numbers.size] = 0
            same = self._numbers[near] == column
            places[same] = self._number_places[near[same]]
        places[np.isinf(column)] = INVALID
        places[np.isnan(column)] = MISSING
        return places

    def _count_numbers(self, column: FloatArray) -> IntVector:
        # NaN sorts to the end, infinities to both ends: a few searches count all there is.
        ordered = np.sort(column)
        low, high, end = ordered.searchsorted((-np.finfo(np.float64).max, np.inf, np.nan))
        found = ordered.searchsorted(self._numbers, "right") - ordered.searchsorted(self._numbers)
        counts = self._zeros()
        counts[ABSENT + self._number_places] = found
        counts[ABSENT + MISSING] = ordered.size - end
        counts[ABSENT + INVALID] = low + end - high
        counts[ABSENT + OUT_OF_VOCABULARY] = high - low - found.sum()
        return counts

    def _zeros(self) -> IntVector:
        return np.zeros(ABSENT + len(self._places), np.int64)


def _numbers_among(texts: Sequence[str]) -> tuple[FloatArray, npt.NDArray[np.intp]]:
    """The finite numbers whose category texts are in a vocabulary, rising, and their places."""
    found = []
    for place, text in enumerate(texts):
        try:
            number = float(text)
        except ValueError:
            continue
        # "1.0" and "1e2" are texts that no number has: 1.0 is known as "1".
        if math.isfinite(number) and category_text(number) == text:
            found.append((number, place))
    found.sort()
    numbers = np.array([number for number, _ in found], np.float64)
    return numbers, np.array([place for _, place in found], np.intp)
