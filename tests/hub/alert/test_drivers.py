"""What drives an alert, in words, for each kind of metric."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.hub.alert.conftest import line
from tests.hub.conftest import Bench, Rows
from whitebox_hub.alert.describe import describe
from whitebox_hub.alert.drivers import drivers
from whitebox_hub.alert.follow import follow
from whitebox_hub.monitor import ModelContext, Monitor
from whitebox_hub.store.contexts import context_of
from whitebox_wire.layout import Layout, NumericBlock, Section
from whitebox_wire.spec import Feature, ModelKind, ModelSpec, NumericBins, Prediction, Target
from whitebox_wire.vector import IntVector, zeros

BINS = NumericBins((0.0, 10.0, 20.0), 10.0, 5.0)


@pytest.fixture
def context(bench: Bench) -> ModelContext:
    return context_of(bench.bundle, 86_400)


def _features(bench: Bench, rows: Rows) -> dict[Section, IntVector]:
    return {Section.FEATURES: bench.features(rows)}


def test_a_numeric_feature_names_the_ranges_that_gained_and_lost(
    bench: Bench, context: ModelContext
) -> None:
    live = _features(bench, bench.rows(2_000, age_shift=1.0))

    said = drivers(context, live, "data_drift", "age")

    assert said[0].startswith("age: group 55 and above rose from ")
    verbs = [clause.split(" from ")[0].split()[-1] for clause in said]
    assert verbs == ["rose", "rose", "fell", "fell"]


def test_a_category_is_named_with_its_shares_before_and_now(
    bench: Bench, context: ModelContext
) -> None:
    rows = bench.rows(1_000)
    live = _features(bench, replace(rows, job=np.where(np.arange(1_000) < 900, 2, 0)))

    gained, *lost = drivers(context, live, "data_drift", "job")

    assert gained == "job: 'nurse' rose from 20.1 % to 90.0 %"
    assert [clause.split(" fell ")[0] for clause in lost] == ["job: 'clerk'", "job: 'driver'"]


def test_missing_values_are_told_as_their_share_of_all_rows(
    bench: Bench, context: ModelContext
) -> None:
    rows = bench.rows(1_000)
    live = _features(bench, replace(rows, age=np.where(np.arange(1_000) < 300, np.nan, rows.age)))

    [said] = drivers(context, live, "missing_rate", "age")

    assert said == "age: missing rose from 2.2 % to 31.2 %"


def test_drift_of_predictions_names_classes(bench: Bench, context: ModelContext) -> None:
    rows = bench.rows(1_000)
    live = _features(bench, replace(rows, score=rows.score**4))

    said = drivers(context, live, "prediction_drift", None)

    assert [clause.split(" from ")[0] for clause in said] == [
        "prediction: 'no' rose",
        "prediction: 'yes' fell",
    ]
    assert drivers(context, live, "concept_drift", "prediction") == said


def test_performance_names_the_kinds_of_error(bench: Bench, context: ModelContext) -> None:
    rows = bench.rows(1_000)
    live = {Section.LABELS: bench.labels(replace(rows, target=1 - rows.target))}

    said = drivers(context, live, "accuracy", None)

    assert {clause.split(" from ")[0] for clause in said} == {
        "y: 'no' predicted as 'yes' rose",
        "y: 'yes' predicted as 'no' rose",
        "y: 'no' predicted as 'no' fell",
        "y: 'yes' predicted as 'yes' fell",
    }


def test_what_is_not_of_groups_or_labels_has_no_drivers(
    bench: Bench, context: ModelContext
) -> None:
    rows = bench.rows(1_000, age_shift=1.0)
    live = {
        Section.FEATURES: bench.features(rows),
        Section.LABELS: bench.labels(rows),
        Section.EXPLANATIONS: np.zeros(3, np.int64),
    }

    for metric in ("volume", "dataset_drift", "target_drift", "attribution_ndcg"):
        assert drivers(context, live, metric, None) == ()
    assert drivers(context, live, "attribution_change", "age") == ()


def test_a_distance_of_the_prediction_by_its_column_names_classes(
    bench: Bench, context: ModelContext
) -> None:
    rows = bench.rows(1_000)
    live = _features(bench, replace(rows, score=np.full(1_000, 0.9)))

    assert drivers(context, live, "hellinger", "prediction") == drivers(
        context, live, "prediction_drift", None
    )


def test_nothing_is_said_where_nothing_is_known(bench: Bench, context: ModelContext) -> None:
    live = _features(bench, bench.rows(1_000, age_shift=1.0))
    bare = context_of(replace(bench.bundle, references=()), 86_400)
    empty = {Section.FEATURES: zeros(bench.layout, Section.FEATURES)}

    assert drivers(bare, live, "data_drift", "age") == ()
    assert drivers(bare, {Section.LABELS: bench.labels(bench.rows(9))}, "accuracy", None) == ()
    assert drivers(context, empty, "data_drift", "age") == ()
    assert drivers(context, {}, "data_drift", "age") == ()
    assert drivers(context, live, "accuracy", None) == ()
    assert drivers(context, live, "no metric", None) == ()


def test_a_regression_names_ranges_of_its_predictions_and_leaves_errors_alone() -> None:
    spec = ModelSpec(
        model_id="price",
        kind=ModelKind.REGRESSION,
        features=(Feature("size", BINS),),
        prediction=Prediction("said", value=BINS),
        target=Target("price", BINS, (1.0, 2.0)),
    ).check()
    layout = Layout.of(spec)
    block = layout.prediction
    assert isinstance(block, NumericBlock)
    before, now = (zeros(layout, Section.FEATURES) for _ in range(2))
    before[block.bins], now[block.bins] = [10, 40, 40, 10], [10, 10, 10, 70]
    before[layout.features[0].bins] = 25
    context = ModelContext(spec, layout, {Section.FEATURES: before})
    live = {Section.FEATURES: now, Section.LABELS: zeros(layout, Section.LABELS)}

    gained, *lost = drivers(context, live, "prediction_drift", None)

    assert gained == "said: group 20 and above rose from 10.0 % to 70.0 %"
    assert len(lost) == 2
    assert drivers(context, live, "mean_absolute_error", None) == ()


def test_an_alert_is_told_in_one_sentence(monitor: Monitor) -> None:
    [alert] = follow(replace(monitor, segment=2), [], None, line("v"), 1).alerts
    [ended] = follow(monitor, [], None, line("vo"), 1).alerts

    assert describe(alert) == "Data drift of 'age' in segment 2: window 0; 100 rows"
    assert describe(replace(ended, feature=None, drivers=("a rose", "b fell"))) == (
        "Data drift (resolved): window 0; 100 rows. a rose; b fell"
    )
