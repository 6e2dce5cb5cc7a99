"""A measure: one metric of one feature, or of the model, in one window, before it is judged."""

from __future__ import annotations

from dataclasses import dataclass

NO_REFERENCE = "the model has no reference to compare with: register its training set"

# A metric's name, and a feature where the metric has one value for each.
Key = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Measure:
    """What a window says. No field is NaN.

    `problem` says why there is no `value`, `untested` why there is a value but no `p_value`,
    which is the one of this test alone. `reference` is the metric's value in the reference.
    """

    rows: int
    value: float | None = None
    reference: float | None = None
    p_value: float | None = None
    problem: str = ""
    untested: str = ""
