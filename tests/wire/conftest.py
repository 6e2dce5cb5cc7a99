"""What the wire's tests share: a full spec of each kind, and specs and vectors drawn at random.

Strategies are registered by type, so a test asks for `st.from_type(ModelSpec)`: test folders are no
packages and cannot import from each other.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import strategies as st

from whitebox_wire.spec import (
    Calibrator,
    CategoricalBins,
    ExplanationPolicy,
    ExplanationSpace,
    Feature,
    LossSplit,
    LossTree,
    ModelKind,
    ModelSpec,
    NoiseBudget,
    NumericBins,
    NumericRange,
    Predicate,
    Prediction,
    PrivacyPolicy,
    Segment,
    Target,
    WindowPolicy,
)

FEATURES = (
    Feature("age", NumericBins((20.0, 40.0, 60.0), 38.5, 13.4)),
    Feature("job", CategoricalBins(("clerk", "nurse", "")), withheld=False),
    Feature("member", CategoricalBins(("false", "true"), boolean=True)),
    Feature("income", NumericBins((0.0, 1e5), 4.2e4, 2e4)),
    Feature("race", CategoricalBins(("a", "b"), complete=False), withheld=True),
)
SEGMENTS = (
    Segment("old", (Predicate("age", NumericRange(60.0, float("inf"))),)),
    Segment("nurses", (Predicate("job", ("nurse", "")),), (("site", "north"), ("line", ""))),
)
COMMON = ModelSpec(
    model_id="Größe 7",
    kind=ModelKind.BINARY,
    features=FEATURES,
    prediction=Prediction(
        "label",
        classes=("no", "yes"),
        score_columns=("score",),
        score_bins=10,
        calibrators=(Calibrator((0.0, 0.5, 1.0), (0.1, 0.4, 0.9)),),
    ),
    target=Target("truth"),
    window=WindowPolicy(7 * 86_400, 600, 90 * 86_400),
    segments=SEGMENTS,
    privacy=PrivacyPolicy(50, (NoiseBudget(("income", "member"), 1.5, 1e-6),)),
    explanation=ExplanationPolicy(ExplanationSpace.PROBABILITY, (0.25,)),
)
TREE = LossTree(
    splits=(
        LossSplit(0, 40.0, 1, -3, missing_left=True),
        LossSplit(1, (0, 3, 4), -1, 2),
        LossSplit(5, 2.5, -2, -4),
    ),
    means=(0.5, 1.0, 2.0, 0.0),
    deviations=(0.25, 0.0, 3.0, 0.0),
)
SPECS = {
    "binary": COMMON,
    "multi_class": replace(
        COMMON,
        kind=ModelKind.MULTI_CLASS,
        prediction=Prediction("label", ("x", "y", "z"), ("px", "py", "pz"), 4),
        explanation=ExplanationPolicy(ExplanationSpace.MARGIN, (1.0, 2.0, 0.5), 20, 10),
    ),
    "regression": replace(
        COMMON,
        kind=ModelKind.REGRESSION,
        prediction=Prediction("label", value=NumericBins((1.0, 2.0), 1.5, 0.5)),
        target=Target("truth", NumericBins((1.0, 2.0, 3.0), 1.5, 0.5), (0.0, 0.5, 1.0)),
        explanation=ExplanationPolicy(ExplanationSpace.MARGIN, (2.0,)),
        loss_tree=TREE,
    ),
}


@pytest.fixture(params=sorted(SPECS))
def spec(request: pytest.FixtureRequest) -> ModelSpec:
    """A spec that uses every part, of each kind in turn."""
    return SPECS[request.param].check()


@pytest.fixture
def specs() -> dict[str, ModelSpec]:
    """The full specs by kind."""
    return SPECS


NAMES = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=6)
NUMBERS = st.floats(-1e300, 1e300)
UNITS = st.floats(1e-250, 1e250)


@st.composite
def _numeric_bins(draw: st.DrawFn) -> NumericBins:
    edges = sorted(draw(st.sets(NUMBERS.map(lambda x: x + 0.0), min_size=1, max_size=6)))
    return NumericBins(tuple(edges), draw(NUMBERS), draw(UNITS))


@st.composite
def _categorical_bins(draw: st.DrawFn) -> CategoricalBins:
    vocabulary = draw(st.lists(st.text(max_size=4), min_size=1, max_size=4, unique=True))
    return CategoricalBins(tuple(vocabulary), draw(st.booleans()), draw(st.booleans()))


def _calibrators(count: int) -> st.SearchStrategy[tuple[Calibrator, ...]]:
    knots = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=4)
    rising = knots.filter(lambda pairs: len({p[0] for p in pairs}) == len(pairs))
    one = rising.map(
        lambda pairs: Calibrator(
            tuple(sorted(p[0] for p in pairs)), tuple(sorted(p[1] for p in pairs))
        )
    )
    return st.lists(one, min_size=count, max_size=count).map(tuple) | st.just(())


@st.composite
def _segments(draw: st.DrawFn, free: tuple[Feature, ...]) -> tuple[Segment, ...]:
    segments = []
    for name in draw(st.lists(NAMES, max_size=2, unique=True)):
        where = []
        for feature in draw(st.lists(st.sampled_from(free), max_size=2)) if free else ():
            if isinstance(feature.bins, NumericBins):
                low = draw(NUMBERS)
                where.append(Predicate(feature.name, NumericRange(low, float("inf"))))
            else:
                picked = st.lists(st.sampled_from(feature.bins.vocabulary), min_size=1, unique=True)
                where.append(Predicate(feature.name, tuple(draw(picked))))
        labels = draw(st.dictionaries(NAMES, st.text(max_size=3), min_size=not where, max_size=2))
        segments.append(Segment(name, tuple(where), tuple(labels.items())))
    return tuple(segments)


@st.composite
def _loss_tree(
    draw: st.DrawFn, columns: tuple[tuple[int, NumericBins | CategoricalBins], ...]
) -> LossTree:
    """A tree grown by splitting an open place again and again; what stays open are leaves."""
    count = draw(st.integers(1, 5))
    open_places = [(0, 0), (0, 1)]
    children = [[0, 0] for _ in range(count)]
    for place in range(1, count):
        parent, side = open_places.pop(draw(st.integers(0, len(open_places) - 1)))
        children[parent][side] = place
        open_places += [(place, 0), (place, 1)]
    for leaf, (parent, side) in enumerate(open_places):
        children[parent][side] = -1 - leaf
    splits = []
    for left, right in children:
        feature, bins = draw(st.sampled_from(columns))
        cells = st.sets(st.integers(0, bins.cells - 1), min_size=1).map(sorted)
        test = draw(NUMBERS) if isinstance(bins, NumericBins) else tuple(draw(cells))
        splits.append(LossSplit(feature, test, left, right, draw(st.booleans())))
    losses = st.lists(st.floats(0, 1e300), min_size=count + 1, max_size=count + 1)
    return LossTree(tuple(splits), tuple(draw(losses)), tuple(draw(losses)))


@st.composite
def _specs(draw: st.DrawFn) -> ModelSpec:
    kind = draw(st.sampled_from(ModelKind))
    names = draw(st.lists(NAMES, min_size=9, max_size=12, unique=True))
    prediction_column, target_column, *score_names, last = names[:6]
    bins = st.one_of(_numeric_bins(), _categorical_bins())
    features = tuple(Feature(name, draw(bins), draw(st.booleans())) for name in (last, *names[6:]))
    counted = tuple(f for f in features if not f.withheld)
    noised = counted[: draw(st.integers(0, 2))]
    free = counted[len(noised) :]
    budget = NoiseBudget(tuple(f.name for f in noised), draw(st.floats(0.01, 10)), 1e-6)
    classes = draw(st.lists(st.text(max_size=3), min_size=2, max_size=3, unique=True))
    classes = classes[:2] if kind is ModelKind.BINARY else classes
    outputs = len(classes) if kind is ModelKind.MULTI_CLASS else 1
    value, tree = None, None
    if kind is ModelKind.REGRESSION:
        value = draw(_numeric_bins())
        prediction = Prediction(prediction_column, value=value)
        errors = sorted(draw(st.sets(st.floats(0, 1e300), min_size=1, max_size=4)))
        target = Target(target_column, draw(_numeric_bins()), tuple(errors))
        columns = [(i, f.bins) for i, f in enumerate(features) if f in free]
        tree = draw(st.none() | _loss_tree((*columns, (len(features), value))))
    else:
        scores = tuple(score_names[:outputs]) if draw(st.booleans()) else ()
        prediction = Prediction(
            prediction_column,
            tuple(classes),
            scores,
            draw(st.integers(2, 5)) if scores else 0,
            draw(_calibrators(len(scores))),
        )
        target = Target(target_column)
    policy = st.builds(
        ExplanationPolicy,
        st.just(ExplanationSpace.MARGIN),
        st.lists(UNITS, min_size=outputs, max_size=outputs).map(tuple),
        st.integers(1, 1_000),
        st.integers(1, 100),
    )
    return ModelSpec(
        model_id=draw(NAMES),
        kind=kind,
        features=features,
        prediction=prediction,
        target=target,
        window=WindowPolicy(draw(st.integers(1, 10**7)), draw(st.integers(0, 10**6))),
        segments=draw(_segments(free)),
        privacy=PrivacyPolicy(draw(st.integers(0, 1_000)), (budget,) if noised else ()),
        explanation=draw(st.none() | policy),
        loss_tree=tree,
    ).check()


st.register_type_strategy(NumericBins, _numeric_bins())
st.register_type_strategy(CategoricalBins, _categorical_bins())
st.register_type_strategy(ModelSpec, _specs())
