"""A model with one column of each type, and its encoder."""

from __future__ import annotations

import pytest

from whitebox_agent.table import Encoder
from whitebox_wire.spec import (
    CategoricalBins,
    Feature,
    ModelKind,
    ModelSpec,
    NumericBins,
    Prediction,
    Target,
)

BINS = NumericBins((0.0, 50.0, 100.0), 40.0, 10.0)


@pytest.fixture
def spec() -> ModelSpec:
    return ModelSpec(
        model_id="income",
        kind=ModelKind.BINARY,
        features=(
            Feature("age", BINS),
            Feature("job", CategoricalBins(("clerk", "nurse"))),
            Feature("member", CategoricalBins(("false", "true"), boolean=True)),
            Feature("name", CategoricalBins(("ann", "bob")), withheld=True),
        ),
        prediction=Prediction("prediction", ("no", "yes"), ("score",), 10),
        target=Target("y"),
    ).check()


@pytest.fixture
def encoder(spec: ModelSpec) -> Encoder:
    return Encoder(spec, b"d" * 32)
