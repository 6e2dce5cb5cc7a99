"""What the labels section is compared with, and what is said where a metric is undefined."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from whitebox_hub.monitor import ModelContext
from whitebox_hub.monitor.performance import NO_LABELS, NO_REFERENCE_LABELS, measure_performance
from whitebox_wire.layout import ClassLabelBlock, Section
from whitebox_wire.spec import ModelKind
from whitebox_wire.vector import IntVector, zeros

Context = Callable[..., ModelContext]
Vectors = Callable[..., Mapping[Section, IntVector]]


def labels(context: ModelContext, confusion: list[int]) -> IntVector:
    """The labels of a binary model with no scored row."""
    vector, block = zeros(context.layout, Section.LABELS), context.layout.labels
    assert isinstance(block, ClassLabelBlock)
    vector[block.rows] = sum(confusion)
    vector[block.confusion] = confusion
    return vector


def test_the_test_sets_labels_are_the_reference_before_the_training_sets(
    context: Context, vectors: Vectors
) -> None:
    bare = context()
    model = context(test=vectors(bare, 5_000, wrong=0.4))

    said = measure_performance(model, vectors(model)[Section.LABELS])

    assert said["accuracy", None].reference == pytest.approx(0.6, abs=0.02)


def test_the_training_sets_labels_serve_where_the_test_set_has_none(
    context: Context, vectors: Vectors
) -> None:
    model = context(test={Section.LABELS: zeros(context().layout, Section.LABELS)})

    said = measure_performance(model, vectors(model)[Section.LABELS])

    assert said["accuracy", None].reference == pytest.approx(0.8, abs=0.02)


def test_without_labels_in_the_reference_values_have_no_test(
    context: Context, vectors: Vectors
) -> None:
    model = context(training=None)

    said = measure_performance(model, vectors(model)[Section.LABELS])

    assert {m.untested for m in said.values()} == {NO_REFERENCE_LABELS}
    assert all(m.value is not None for m in said.values())


@pytest.mark.parametrize(
    ("confusion", "undefined"),
    [
        ([40, 0, 10, 0], {"precision": "no labelled row was predicted positive"}),
        ([40, 10, 0, 0], {"recall": "no labelled row is positive"}),
        ([0, 0, 10, 40], {"specificity": "no labelled row is negative"}),
        ([50, 0, 0, 0], {"f1": "no labelled row is positive or was predicted so"}),
    ],
)
def test_a_metric_that_is_undefined_says_why(
    confusion: list[int], undefined: dict[str, str], context: Context
) -> None:
    model = context()

    said = measure_performance(model, labels(model, confusion))

    for name, reason in undefined.items():
        assert said[name, None].value is None
        assert reason in said[name, None].problem
    assert said["accuracy", None].value is not None
    assert "needs scored rows" in said["roc_auc", None].problem


@pytest.mark.parametrize("kind", ModelKind)
def test_no_labelled_rows_are_said_of_every_metric(kind: ModelKind, context: Context) -> None:
    model = context(kind)

    said = measure_performance(model, zeros(model.layout, Section.LABELS))

    assert {m.problem for m in said.values()} == {NO_LABELS}


def test_few_errors_have_no_test_of_their_mean(context: Context, vectors: Vectors) -> None:
    model = context(ModelKind.REGRESSION)

    said = measure_performance(model, vectors(model, 29)[Section.LABELS])

    measure = said["mean_absolute_error", None]
    assert measure.value is not None
    assert measure.untested == "30 labelled rows are needed for a test"
