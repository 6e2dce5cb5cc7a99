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


@dataclass(frozen=True, slots=True)
class Band:
    """Mean and standard deviation of a metric over windows of the reference."""

    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class Classic:
    """What the classic rule says of one column: which test was chosen, its score and its limit.

    A p-value is drift below its limit, a distance from its limit on. `problem` says why there is no
    score.
    """

    rows: int
    title: str = ""
    score: float = 0.0
    limit: float = 0.0
    is_p_value: bool = False
    problem: str = ""

    @property
    def drifted(self) -> bool:
        if self.problem:
            return False
        return self.score < self.limit if self.is_p_value else self.score >= self.limit
