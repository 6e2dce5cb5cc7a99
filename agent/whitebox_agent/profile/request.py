"""What a caller asks of a profile, checked once before any row is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from whitebox_wire.errors import ConfigError
from whitebox_wire.spec import ModelKind, NoiseBudget, PrivacyPolicy, Segment, WindowPolicy

TYPES = ("numeric", "categorical", "boolean")
# Fewer rows are nearly the rows themselves, so a device keeps them until there are more.
MINIMUM_ROWS = 50


@dataclass(frozen=True, slots=True)
class Request:
    """The roles of columns and the caller's choices. `types` overrides what is inferred."""

    model_id: str
    kind: ModelKind
    target: str
    prediction: str = "prediction"
    scores: tuple[str, ...] = ()
    types: Mapping[str, str] = field(default_factory=dict)
    exclude: frozenset[str] = frozenset()
    withhold: frozenset[str] = frozenset()
    classes: tuple[object, ...] = ()
    positive: object = None
    window: WindowPolicy = field(default_factory=WindowPolicy)
    privacy: PrivacyPolicy = field(default_factory=PrivacyPolicy)
    segments: tuple[Segment, ...] = ()

    @property
    def regression(self) -> bool:
        return self.kind is ModelKind.REGRESSION

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The columns that are no features: target, prediction, scores."""
        return (self.target, self.prediction, *self.scores)

    def check(self) -> Request:
        """Return self, or raise ConfigError naming the argument that is wrong."""
        for column, kind in self.types.items():
            if kind not in TYPES:
                raise ConfigError(
                    f"types: {column!r} is to be {kind!r}", hint=f"choose from {', '.join(TYPES)}"
                )
        for column in self.outcomes:
            if column in self.exclude or column in self.withhold:
                raise ConfigError(f"column {column!r} is an outcome and cannot be left out")
        if self.regression and (self.classes or self.scores or self.positive is not None):
            raise ConfigError(
                "a regression model has no classes, scores or positive class",
                hint="leave them out, or say kind='binary' or kind='multi_class'",
            )
        if self.positive is not None and self.kind is not ModelKind.BINARY:
            raise ConfigError("positive: only a binary model has a positive class")
        return self


def model_kind(kind: str | ModelKind) -> ModelKind:
    """The kind of that name.

    Raises:
        ConfigError: there is none.

    >>> model_kind("binary")
    <ModelKind.BINARY: 'binary'>
    """
    try:
        return ModelKind(kind)
    except ValueError:
        names = ", ".join(k.value for k in ModelKind)
        raise ConfigError(f"kind: {kind!r} is no kind of model", hint=f"one of {names}") from None


def names_of(value: str | Sequence[str]) -> tuple[str, ...]:
    """One name or several, as several."""
    return (value,) if isinstance(value, str) else tuple(value)


def noise_budgets(
    noise: Mapping[str | tuple[str, ...], tuple[float, float]],
) -> tuple[NoiseBudget, ...]:
    """Budgets of (epsilon, delta) by feature or group of features.

    Raises:
        ConfigError: a budget is no pair of numbers.

    >>> noise_budgets({"age": (1, 1e-6)})
    (NoiseBudget(features=('age',), epsilon=1.0, delta=1e-06),)
    """
    try:
        return tuple(
            NoiseBudget(names_of(names), float(epsilon), float(delta))
            for names, (epsilon, delta) in noise.items()
        )
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"noise: {error}", hint="such as noise={('age', 'income'): (1.0, 1e-6)}"
        ) from error
