"""Segments as people write them: a name, what is true of the rows, and which agents carry them.

    young: age < 30
    older nurses: age >= 50 and job in {nurse, "head nurse"} @site=berlin
    Berlin: @site=berlin

Conditions are joined by `and`; labels come last. Names of columns, categories and labels that hold
spaces or signs of this grammar are quoted. There is no `or` and no `not`: two segments are clearer.
Pure; whether a column can be tested so is for the spec to say.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from whitebox_wire.errors import ConfigError
from whitebox_wire.spec import NumericRange, Predicate, Segment

_CONDITION = re.compile(
    r"""\s* (?: "(?P<quoted>[^"]+)" | (?P<plain>[^\s"<>{}@]+) ) \s*
        (?: (?P<sign><=|>=|<|>) \s* (?P<number>[^\s@]+)
          | in \s* \{ (?P<categories>(?:"[^"]*"|[^"{}])*) \} ) \s*""",
    re.VERBOSE,
)
_AND = re.compile(r"and\b")
_LABEL = re.compile(r'@(?P<key>[^\s=@]+)=(?:"(?P<quoted>[^"]*)"|(?P<plain>[^\s@"]*))\s*')
_CATEGORY = re.compile(r'\s*(?:"(?P<quoted>[^"]*)"|(?P<plain>[^",]*))\s*(?:,|$)')
_HINT = "such as 'young: age < 30', 'nurses: job in {nurse, medic} and age >= 50 @site=berlin'"


def segments_of(given: str | Segment | Sequence[str | Segment]) -> tuple[Segment, ...]:
    """Segments, of which those that are texts are read.

    Raises:
        ConfigError: a text is no segment.
    """
    several = (given,) if isinstance(given, (str, Segment)) else given
    return tuple(each if isinstance(each, Segment) else read_segment(each) for each in several)


def read_segment(text: str) -> Segment:
    """The segment that a text describes.

    Raises:
        ConfigError: it describes none; the message says where it stops to make sense.

    >>> read_segment("nurses: job in {nurse}").where
    (Predicate(feature='job', test=('nurse',)),)
    """
    name, colon, rest = text.partition(":")
    if not colon or not name.strip():
        raise ConfigError(f"segment {text[:80]!r} has no name before a colon", hint=_HINT)
    where, labels = [], []
    at, awaited = len(text) - len(rest.lstrip()), True
    while awaited:
        found = _CONDITION.match(text, at)
        if found is None:
            break
        where.append(_predicate(found, text))
        joined = _AND.match(text, found.end())
        at, awaited = (joined or found).end(), joined is not None
    if awaited and where:
        raise _unreadable(text, at)
    while label := _LABEL.match(text, at):
        labels.append((label["key"], _either(label)))
        at = label.end()
    if at < len(text) or not (where or labels):
        raise _unreadable(text, at)
    return Segment(name.strip(), tuple(where), tuple(labels))


def _predicate(found: re.Match[str], text: str) -> Predicate:
    feature = _either(found)
    if found["sign"] is None:
        return Predicate(feature, _categories(found["categories"], text))
    try:
        number = float(found["number"])
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ConfigError(f"segment {text[:80]!r}: {found['number']!r} is no number", hint=_HINT)
    # Ranges are half-open; the next number makes the other two signs of that.
    if found["sign"] in {"<=", ">"}:
        number = math.nextafter(number, math.inf)
    below = found["sign"] in {"<", "<="}
    ends = (-math.inf, number) if below else (number, math.inf)
    return Predicate(feature, NumericRange(*ends))


def _categories(listed: str, text: str) -> tuple[str, ...]:
    found: list[str] = []
    at = 0
    while at < len(listed) or not found:
        category = _CATEGORY.match(listed, at)
        if category is None:
            raise ConfigError(
                f"segment {text[:80]!r}: {{{listed[:80]}}} is no list of categories", hint=_HINT
            )
        plain = category["plain"]
        found.append(category["quoted"] if plain is None else plain.strip())
        at = category.end()
    return tuple(found)


def _either(found: re.Match[str]) -> str:
    return str(found["plain"] if found["quoted"] is None else found["quoted"])


def _unreadable(text: str, at: int) -> ConfigError:
    rest = text[at:].strip()[:80]
    said = f"cannot be read from {rest!r} on" if rest else "ends too early"
    return ConfigError(f"segment {text[:80]!r} {said}", hint=_HINT)
