"""What the agent's tests share: a spec of each kind of model, and drawn rows for any of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from whitebox_agent import Agent, Config
from whitebox_agent.buffer.sqlite import open_sqlite
from whitebox_agent.fold import ModelFold
from whitebox_wire.codec import SpecBundle, encode_bundle, encode_spec
from whitebox_wire.layout import Section
from whitebox_wire.messages import Codes, Column, InferenceBatch
from whitebox_wire.spec import (
    Calibrator,
    CategoricalBins,
    Feature,
    ModelKind,
    ModelSpec,
    NumericBins,
    Prediction,
    Target,
    WindowPolicy,
)
from whitebox_wire.vector import IntVector, zeros

# 2026-01-01T00:00:00Z
START_MS = 1_767_225_600_000
JOBS = ("clerk", "driver", "nurse")
FEATURES = (
    Feature("age", NumericBins(tuple(float(e) for e in range(15, 70, 5)), 40.0, 10.0)),
    Feature("job", CategoricalBins(JOBS)),
    Feature("name", NumericBins((0.0,), 0.0, 1.0), withheld=True),
)

DrawBatch = Callable[..., InferenceBatch]


@pytest.fixture(scope="session")
def binary_spec() -> ModelSpec:
    """A model of income: two features that are counted, one withheld, one score."""
    return ModelSpec(
        model_id="income",
        kind=ModelKind.BINARY,
        features=FEATURES,
        prediction=Prediction(
            "prediction",
            classes=("no", "yes"),
            score_columns=("score",),
            score_bins=10,
            calibrators=(Calibrator((0.0, 0.5, 1.0), (0.1, 0.4, 0.9)),),
        ),
        target=Target("y"),
        window=WindowPolicy(granularity_s=3_600, lateness_s=60),
    ).check()


@pytest.fixture(scope="session")
def multi_class_spec() -> ModelSpec:
    """The same features, three classes and a score for each."""
    return ModelSpec(
        model_id="fruit",
        kind=ModelKind.MULTI_CLASS,
        features=FEATURES,
        prediction=Prediction(
            "prediction",
            classes=("apple", "pear", "plum"),
            score_columns=("p_apple", "p_pear", "p_plum"),
            score_bins=10,
        ),
        target=Target("y"),
    ).check()


@pytest.fixture(scope="session")
def regression_spec() -> ModelSpec:
    """The same features and a price."""
    bins = NumericBins((50.0, 100.0, 150.0), 100.0, 25.0)
    return ModelSpec(
        model_id="price",
        kind=ModelKind.REGRESSION,
        features=FEATURES,
        prediction=Prediction("prediction", value=bins),
        target=Target("y", bins, (5.0, 10.0, 20.0)),
    ).check()


@pytest.fixture(scope="session", params=[kind.value for kind in ModelKind])
def spec(request: pytest.FixtureRequest) -> ModelSpec:
    """A spec of each kind in turn."""
    found: ModelSpec = request.getfixturevalue(f"{request.param}_spec")
    return found


@pytest.fixture(scope="session")
def draw_batch() -> DrawBatch:
    """`draw_batch(spec, rows, seed=0)`: rows with ids `r0`, `r1`, ... a second apart from 2026."""
    return _draw_batch


def _draw_batch(spec: ModelSpec, rows: int, *, seed: int = 0) -> InferenceBatch:
    rng = np.random.default_rng(seed)
    age = rng.normal(40.0, 10.0, rows)
    age[rng.uniform(size=rows) < 0.02] = np.nan
    columns: dict[str, Column] = {
        "age": age,
        "job": Codes(rng.integers(-1, 3, rows).astype(np.int32), JOBS),
    }
    prediction = spec.prediction
    if spec.kind is ModelKind.REGRESSION:
        columns[prediction.column] = rng.normal(100.0, 25.0, rows)
    else:
        classes = rng.integers(0, len(prediction.classes), rows).astype(np.int32)
        columns[prediction.column] = Codes(classes, prediction.classes)
    scores = rng.dirichlet(np.ones(max(2, len(prediction.score_columns))), rows)
    columns |= {name: scores[:, -1 - i] for i, name in enumerate(prediction.score_columns)}
    return InferenceBatch(
        model_id=spec.model_id,
        rows=rows,
        columns=columns,
        received_ms=START_MS + 1_000 * rows,
        ids=tuple(f"r{i}" for i in range(rows)),
        times_ms=START_MS + 1_000 * np.arange(rows, dtype=np.int64),
    )


@pytest.fixture
def spec_file(tmp_path: Path) -> Callable[[ModelSpec], str]:
    """`spec_file(spec)`: the path of a file that holds it."""

    def write(spec: ModelSpec) -> str:
        path = tmp_path / f"{spec.model_id}.spec"
        path.write_bytes(encode_bundle(SpecBundle(spec, encode_spec(spec), ())))
        return str(path)

    return write


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Where the agent keeps its store."""
    return tmp_path / "agent.db"


@pytest.fixture
def agent(
    store: Path, binary_spec: ModelSpec, spec_file: Callable[[ModelSpec], str]
) -> Iterator[Agent]:
    """An agent that knows the binary model and no hub."""
    with Agent(Config(store_path=str(store), specs=(spec_file(binary_spec),))) as opened:
        yield opened


@pytest.fixture
def sums(
    agent: Agent, store: Path, binary_spec: ModelSpec
) -> Callable[[], dict[Section, IntVector]]:
    """`sums()`: close the agent, and add up what lies in its outbox."""

    def add_up() -> dict[Section, IntVector]:
        agent.close()
        layout = ModelFold(binary_spec).layout
        found = {section: zeros(layout, section) for section in (Section.FEATURES, Section.LABELS)}
        with open_sqlite(store, "t", 1) as buffer:
            buffer.outbox.hasten()
            flight = buffer.outbox.take_off(0, 10**9, empty=False)
        for item in flight.items if flight else ():
            found[item.key.section] += item.vector
        return found

    return add_up
