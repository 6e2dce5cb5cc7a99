"""Segments by number or name: questions may use either, answers carry both.

A number is a place in a spec, 0 being every row. Names are those of the model's current spec.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from whitebox_hub.api.questions import Body
from whitebox_hub.store import RecordStore
from whitebox_hub.store.contexts import ContextBook
from whitebox_wire.errors import DataError
from whitebox_wire.spec import ModelSpec, NumericRange, Predicate

NUMBER_DIGITS_MAX = 9


def segment_name(spec: ModelSpec, number: int) -> str | None:
    """The name of a segment; None for every row, and for a number that the spec has not."""
    return spec.segments[number - 1].name if 0 < number <= len(spec.segments) else None


def segment_number(asked: str, spec: ModelSpec | None) -> int:
    """The segment that a query asks for: digits are a number, other texts a name.

    Raises:
        DataError: the spec has no segment of that name.
    """
    if not asked:
        return 0
    if asked.isascii() and asked.isdecimal() and len(asked) <= NUMBER_DIGITS_MAX:
        return int(asked)
    names = [segment.name for segment in spec.segments] if spec else []
    if asked in names:
        return names.index(asked) + 1
    raise DataError(
        f"segment: {asked[:80]!r} is no segment of the model",
        hint=f"it has {', '.join(names)}" if names else "name a model_id that has segments",
    )


def with_number(body: Body, spec: ModelSpec) -> Body:
    """The body with its segment's number in place of a name."""
    asked = body.fields.get("segment")
    if not isinstance(asked, str):
        return body
    return Body({**body.fields, "segment": segment_number(asked, spec)})


def segment_documents(spec: ModelSpec) -> list[dict[str, Any]]:
    """The segments of a spec, in order of their numbers."""
    return [
        {
            "number": number,
            "name": segment.name,
            "where": [_predicate(predicate) for predicate in segment.where],
            "labels": dict(segment.labels),
        }
        for number, segment in enumerate(spec.segments, start=1)
    ]


def _predicate(predicate: Predicate) -> dict[str, Any]:
    """A half-open range, low <= x < high (an end that is open being None), or some categories."""
    test = predicate.test
    if isinstance(test, NumericRange):
        return {"feature": predicate.feature, "low": test.low, "high": test.high}
    return {"feature": predicate.feature, "categories": list(test)}


@dataclass(frozen=True, slots=True)
class SegmentBook:
    """The current specs of models, each read once. Blocks; make one for a request."""

    records: RecordStore
    contexts: ContextBook
    _specs: dict[str, ModelSpec | None] = field(default_factory=dict)

    def spec(self, model_id: str) -> ModelSpec | None:
        """The model's current spec, if it has one."""
        if model_id not in self._specs:
            model = self.records.model(model_id)
            context = self.contexts.of(model.digest) if model else None
            self._specs[model_id] = context.spec if context else None
        return self._specs[model_id]

    def name(self, model_id: str, segment: int) -> str | None:
        """The name of a model's segment."""
        spec = self.spec(model_id) if segment else None
        return segment_name(spec, segment) if spec else None
