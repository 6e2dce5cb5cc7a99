"""What a request asks, checked: JSON bodies field by field, and the query's numbers.

Every refusal is a DataError (or MalformedError for a body that is not JSON) that names the field.
"""

from __future__ import annotations

import enum
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, TypeVar

from aiohttp import web

from whitebox_wire.errors import DataError, MalformedError
from whitebox_wire.spec import NAME_BYTES_MAX

TEXT_BYTES_MAX = 4_096
PAGE_ITEMS = 100
PAGE_ITEMS_MAX = 1_000

Choice = TypeVar("Choice", bound=enum.Enum)


@dataclass(frozen=True, slots=True)
class Body:
    """A JSON object. Readers give the default for a field that is absent or null; without a
    default such a field is an error.
    """

    fields: Mapping[str, Any]

    def __contains__(self, name: str) -> bool:
        return self.fields.get(name) is not None

    def spelt(self, *names: str) -> str:
        """Of several names of one field the first that is there, or else the first."""
        return next((name for name in names if name in self), names[0])

    def text(
        self, name: str, default: str | None = None, *, bytes_max: int = TEXT_BYTES_MAX
    ) -> str:
        value = self._value(name, default)
        if not isinstance(value, str):
            raise DataError(f"{name}: text is expected")
        if len(value.encode()) > bytes_max:
            raise DataError(f"{name}: longer than {bytes_max} bytes")
        return value

    def name(self, name: str, default: str | None = None) -> str:
        """A text that is not empty and as long as names may be."""
        value = self.text(name, default, bytes_max=NAME_BYTES_MAX)
        if not value.strip():
            raise DataError(f"{name}: must not be empty")
        return value

    def choice(self, name: str, kind: type[Choice], default: Choice | None = None) -> Choice:
        value = self._value(name, default.value if default else None)
        try:
            return kind(value)
        except ValueError:
            choices = ", ".join(str(member.value) for member in kind)
            raise DataError(f"{name}: {value!r:.80} is not one of {choices}") from None

    def number(self, name: str) -> float | None:
        value = self.fields.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise DataError(f"{name}: a number is expected")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise DataError(f"{name}: a finite number is expected")
        return number

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        value = self._value(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise DataError(f"{name}: a whole number from {low} to {high} is expected")
        return value

    def _value(self, name: str, default: object) -> object:
        value = self.fields.get(name)
        value = default if value is None else value
        if value is None:
            raise DataError(f"{name}: is missing")
        return value


async def body_of(request: web.Request) -> Body:
    """The request's JSON object."""
    data = await request.read()
    try:
        document = json.loads(data)
        # Half of a surrogate pair is JSON but no text that can be stored.
        json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"the body is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise MalformedError("the body is not a JSON object")
    return Body(document)


def number_of(request: web.Request, name: str, default: int, low: int, high: int) -> int:
    """A whole number of the query."""
    text = request.query.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdecimal() or not low <= int(text[:20]) <= high:
        raise DataError(f"{name}: a whole number from {low} to {high} is expected")
    return int(text)


def second_of(request: web.Request, name: str, default: int) -> int:
    """A time of the query, ISO 8601 in UTC unless it says otherwise, in seconds since 1970."""
    text = request.query.get(name, "")
    if not text:
        return default
    try:
        # Before Python 3.11 the letter Z is not read; a plus comes as a space.
        moment = datetime.fromisoformat(text.replace("Z", "+00:00").replace(" ", "+"))
    except ValueError:
        raise DataError(
            f"{name}: {text[:40]!r} is not a time", hint="such as 2026-01-31T12:00:00Z"
        ) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return math.floor(moment.timestamp())


def limit_of(request: web.Request) -> int:
    return number_of(request, "limit", PAGE_ITEMS, 1, PAGE_ITEMS_MAX)


def choice_of(request: web.Request, name: str, kind: type[Choice]) -> Choice | None:
    """One of an enumeration's values in the query; None when it is not asked for."""
    text = request.query.get(name, "")
    return Body({name: text}).choice(name, kind) if text else None


def model_of(request: web.Request) -> str:
    """The model a query names; Whitebox's SDK spells it `modelId`. Empty for every model."""
    return request.query.get("model_id") or request.query.get("modelId") or ""
