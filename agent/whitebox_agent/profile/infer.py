"""What a column is, and the feature it becomes. Pure: it judges a finished scan.

Rules, in order: no value at all, times, and what is neither number nor text are left out. Numbers
are numeric (few distinct ones get a bin each), unless they only count rows. Booleans, and texts
that say true and false, are boolean. Texts are categorical, unless they are dates or nearly all
different. A mixture of numbers and texts is categorical while its values are few.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from whitebox_agent.profile.scan import ColumnScan, storable
from whitebox_wire.bins import (
    DISTINCT_MAX,
    VOCABULARY_MAX,
    categorical_bins,
    coarsened,
    numeric_bins,
)
from whitebox_wire.policies import NOISED_CELLS_MAX
from whitebox_wire.spec import NAME_BYTES_MAX, CategoricalBins, Feature, NumericBins

_DATE = re.compile(r"\d{4}-\d\d?-\d\d?([T ]\d\d?:\d\d.*)?", re.ASCII)
_BOOLEAN_WORDS = frozenset({"true", "false", "True", "False", "TRUE", "FALSE"})
_ID_NAME = re.compile(r"(.*[_ .-])?(id|uuid|guid|index)", re.IGNORECASE)
# What a withheld feature's bins say: nothing. Its cells are never counted.
_NO_NUMBERS = NumericBins((0.0,), 0.0, 1.0)
_NO_CATEGORIES = CategoricalBins(("withheld",))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A column that is no feature, and why."""

    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class ColumnReport:
    """What became of one column. `cells` are those that the vector holds for it."""

    name: str
    role: str
    type: str
    cells: int
    distinct: int
    missing_share: float
    note: str = ""


def feature(
    name: str,
    scan: ColumnScan,
    rows: int,
    *,
    wanted: str | None,
    withheld: bool,
    noised: bool = False,
) -> tuple[Feature, ColumnReport] | LeftOut:
    """The feature that a scanned column becomes; `wanted` overrides the inferred type. A `noised`
    one has few cells.
    """
    reason = _unusable(name, scan, wanted)
    if reason:
        return LeftOut(name, reason)
    kind = wanted or inferred_type(scan)
    bins, distinct, note = _BINS[kind](scan)
    if withheld:
        bins = _NO_NUMBERS if kind == "numeric" else _NO_CATEGORIES
        note = "withheld: never counted"
    elif noised:
        bins = coarsened(bins, scan.sample.sorted(), NOISED_CELLS_MAX)
        note = _note((note, note), ("counts carry noise", True))
    missing = 1 - scan.present / rows
    cells = 0 if withheld else bins.cells
    return Feature(name, bins, withheld), ColumnReport(
        name, "feature", kind, cells, distinct, missing, note
    )


def inferred_type(scan: ColumnScan) -> str:
    """The type of a column that can be a feature."""
    if scan.numbers and not scan.texts:
        return "numeric"
    if scan.booleans and not scan.texts:
        return "boolean"
    words = scan.categories()
    return "boolean" if not scan.numbers and words.keys() <= _BOOLEAN_WORDS else "categorical"


def boolean_words(texts: set[str]) -> bool:
    """Whether texts only say true and false."""
    return texts <= _BOOLEAN_WORDS


def _unusable(name: str, scan: ColumnScan, wanted: str | None) -> str:
    """Why a column cannot be a feature, or nothing."""
    if not name or not storable(name):
        return f"its name is empty, longer than {NAME_BYTES_MAX} bytes, or not valid text"
    if not scan.present:
        return "it has no value in any row"
    if wanted == "numeric":
        return "" if scan.sample.seen else "it holds no number"
    if wanted == "boolean":
        return _not_boolean(scan)
    if wanted is None:
        for reason in (_times, _row_numbers, _texts, _mixture):
            found = reason(name, scan)
            if found:
                return found
    return "" if scan.numbers or scan.categories() else "its texts are all too long"


def _not_boolean(scan: ColumnScan) -> str:
    others = scan.categories().keys() - _BOOLEAN_WORDS - {"0", "1"}
    return "it holds other values than true and false" if others or scan.many_numbers else ""


def _times(_: str, scan: ColumnScan) -> str:
    if 2 * scan.times > scan.present:
        return "it holds times; derive a number from them, such as the hour or an age"
    if not (scan.numbers or scan.booleans or scan.texts):
        return "it holds neither numbers nor texts"
    return ""


def _row_numbers(name: str, scan: ColumnScan) -> str:
    if not scan.integers or scan.numbers < scan.present or scan.numbers <= DISTINCT_MAX:
        return ""
    dense = scan.high - scan.low < 2 * scan.numbers
    if not (dense or _ID_NAME.fullmatch(name)) or not scan.many_numbers:
        return ""
    values = scan.sample.sorted()
    if (np.diff(values) == 0).any():
        return ""
    return "its integers are all different, as an id's are"


def _texts(_: str, scan: ColumnScan) -> str:
    if not scan.texts or scan.numbers or scan.booleans:
        return ""
    words = scan.categories()
    if words and all(map(_DATE.fullmatch, words)):
        return "its texts are dates; derive a number from them, such as the hour or an age"
    if len(words) > DISTINCT_MAX and 2 * len(words) > scan.texts:
        return f"{len(words)} different texts in {scan.texts} rows: an id or free text"
    if 2 * scan.uncounted > scan.texts:
        return "most of its texts are different or long: an id or free text"
    return ""


def _mixture(_: str, scan: ColumnScan) -> str:
    if not (scan.numbers and scan.texts):
        return ""
    if scan.many_numbers or len(scan.categories()) > VOCABULARY_MAX:
        return f"it mixes {scan.numbers} numbers and {scan.texts} texts of many different values"
    return ""


def _numeric(scan: ColumnScan) -> tuple[NumericBins, int, str]:
    values = scan.sample.sorted()
    bins = numeric_bins(values)
    distinct = int(np.unique(values).size)
    invalid = scan.invalid + scan.texts + scan.times
    return (
        bins,
        distinct,
        _note(
            ("constant", distinct == 1),
            ("a bin for each value", 1 < distinct <= DISTINCT_MAX),
            (f"edges from a sample of {values.size}", not scan.sample.complete),
            (f"{invalid} invalid", invalid),
        ),
    )


def _categorical(scan: ColumnScan) -> tuple[CategoricalBins, int, str]:
    counts = scan.categories()
    bins = categorical_bins(counts)
    if scan.uncounted or scan.many_numbers:
        bins = CategoricalBins(bins.vocabulary, complete=False)
    return (
        bins,
        len(counts),
        _note(
            ("constant", len(counts) == 1),
            ("numbers and texts", scan.numbers and scan.texts),
            (f"counts the {len(bins.vocabulary)} most frequent", not bins.complete),
            (f"{scan.invalid} invalid", scan.invalid),
        ),
    )


def _boolean(scan: ColumnScan) -> tuple[CategoricalBins, int, str]:
    texts = {"true" if text.lower() in ("true", "1") else "false" for text in scan.categories()}
    bins = CategoricalBins(("false", "true"), boolean=True)
    return (
        bins,
        len(texts),
        _note(("constant", len(texts) == 1), (f"{scan.invalid} invalid", scan.invalid)),
    )


def _note(*notes: tuple[str, object]) -> str:
    """The texts that hold, joined."""
    return ", ".join(text for text, holds in notes if holds)


_BINS: dict[str, Callable[[ColumnScan], tuple[NumericBins | CategoricalBins, int, str]]] = {
    "numeric": _numeric,
    "categorical": _categorical,
    "boolean": _boolean,
}
