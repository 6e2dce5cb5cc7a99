"""What every store promises of models, specs and monitors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.contract.store.conftest import (
    ALERT,
    BUNDLE,
    CELLS,
    MODEL,
    MONITOR,
    SPEC,
    group,
    partial,
    vector,
    window,
)
from whitebox_hub.alert import AlertEvent, Reason
from whitebox_hub.store import (
    Evaluation,
    Judgement,
    Store,
    Totals,
)
from whitebox_wire.codec import Reference, SpecBundle, encode_spec
from whitebox_wire.layout import Section
from whitebox_wire.messages import Dataset
from whitebox_wire.spec import Predicate, Segment


def test_what_people_wrote_reads_back_as_it_was(store: Store) -> None:
    bundle = store.records.bundle(BUNDLE.digest)

    assert store.records.model("m") == MODEL
    assert store.records.monitor("w") == MONITOR
    assert bundle is not None
    assert (bundle.spec, bundle.spec_bytes) == (SPEC, BUNDLE.spec_bytes)
    [reference] = bundle.references
    assert (reference.dataset, reference.rows) == (Dataset.TRAINING, 9)
    assert np.array_equal(reference.vectors[Section.FEATURES], np.arange(CELLS))
    assert store.records.bundle(b"?" * 32) is None
    assert store.records.model("n") is None
    assert store.records.monitor("x") is None


def test_references_of_segments_are_kept_apart(store: Store) -> None:
    segments = (Segment("a", (Predicate("c", ("a",)),)), Segment("b", (Predicate("c", ("b",)),)))
    spec = replace(SPEC, segments=segments).check()
    references = tuple(
        Reference(dataset, 9, {Section.FEATURES: np.arange(CELLS) + segment}, segment)
        for dataset in (Dataset.TEST, Dataset.TRAINING)
        for segment in (0, 2)
    )
    bundle = SpecBundle(spec, encode_spec(spec), references)

    store.records.put_bundle(replace(MODEL, digest=bundle.digest), bundle, [])

    found = store.records.bundle(bundle.digest)
    assert found is not None
    assert [(r.dataset, r.segment, r.rows) for r in found.references] == [
        (r.dataset, r.segment, r.rows) for r in references
    ]
    for reference, made in zip(found.references, references, strict=True):
        features = reference.vectors[Section.FEATURES]
        assert np.array_equal(features, made.vectors[Section.FEATURES])


def test_writing_a_model_again_keeps_what_belongs_to_it(store: Store) -> None:
    store.sketches.commit(group(partial(vector(1))))

    store.records.put_model(replace(MODEL, name="renamed"))
    store.records.put_bundle(MODEL, BUNDLE, [])

    assert store.records.model("m") == MODEL
    assert store.records.monitor("w") == MONITOR
    assert store.sketches.totals("m").windows == 1


def test_lists_go_on_behind_the_last_id(store: Store) -> None:
    other = replace(MODEL, id="n", digest=b"")
    store.records.put_model(other)
    second = replace(MONITOR, id="v", active=False, feature="x")
    store.records.put_monitor(second)

    assert store.records.models("", 1) == (MODEL,)
    assert store.records.models("m", 9) == (other,)
    assert store.records.monitors("m", "", 9) == (second, MONITOR)
    assert store.records.monitors("", "v", 9) == (MONITOR,)
    assert store.records.monitors("n", "", 9) == ()


def test_deleting_a_monitor_takes_its_alerts_and_keeps_its_events(store: Store) -> None:
    event = AlertEvent(Reason.FIRST_FIRING, 5, ALERT)
    evaluation = Evaluation("w", window(), ())
    store.judgements.record(Judgement((), (evaluation,), (ALERT,), (event,)))

    assert store.records.delete_monitor("w")
    assert not store.records.delete_monitor("w")

    assert store.judgements.alerts(limit=9) == ()
    assert store.judgements.history("w", 0, 9) == ()
    assert len(store.judgements.events(0, 9)) == 1


def test_deleting_a_model_takes_everything_of_it(store: Store) -> None:
    store.sketches.commit(group(partial(vector(1))))
    store.judgements.record(Judgement((), (), (ALERT,)))

    assert store.records.delete_model("m")
    assert not store.records.delete_model("m")

    assert store.records.bundle(BUNDLE.digest) is None
    assert store.sketches.windows("m", 0, 9) == ()
    assert store.sketches.vectors(window()) == {}
    assert store.sketches.totals("m") == Totals()
    assert store.judgements.due(9_999, 9) == ()
    assert store.judgements.alerts(limit=9) == ()
