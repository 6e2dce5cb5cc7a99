"""Contexts by digest: kept, read anew when told, and never a wrong answer kept."""

from __future__ import annotations

from dataclasses import replace

from tests.hub.conftest import Bench, model_record
from whitebox_hub.store import Store
from whitebox_hub.store.contexts import ContextBook
from whitebox_wire.codec import Reference, SpecBundle, encode_spec
from whitebox_wire.layout import Section
from whitebox_wire.messages import Dataset
from whitebox_wire.spec import NumericRange, Predicate, Segment


def test_a_context_holds_the_spec_and_its_references(registered: Store, bench: Bench) -> None:
    context = ContextBook(registered.records, 99).of(bench.bundle.digest)

    assert context is not None
    assert (context.spec, context.test, context.alarm_interval_s) == (bench.spec, None, 99)
    assert context.training is not None
    assert context.training[Section.FEATURES][bench.layout.rows] == 20_000


def test_a_context_is_kept_until_it_is_to_be_forgotten(registered: Store, bench: Bench) -> None:
    book = ContextBook(registered.records, 99)
    first = book.of(bench.bundle.digest)

    assert book.of(bench.bundle.digest) is first
    book.forget()
    assert book.of(bench.bundle.digest) is not first


def test_a_spec_that_is_registered_later_is_found_then(store: Store, bench: Bench) -> None:
    book = ContextBook(store.records, 99)
    assert book.of(bench.bundle.digest) is None

    bare = replace(bench.bundle, references=())
    store.records.put_bundle(model_record(bare), bare, [])

    context = book.of(bench.bundle.digest)
    assert context is not None
    assert context.training is None


def test_a_segment_has_its_own_reference_and_one_of_labels_alone_that_of_every_row(
    store: Store, bench: Bench
) -> None:
    young = Segment("young", (Predicate("age", NumericRange(0.0, 30.0)),), (("site", "b"),))
    old = Segment("old", (Predicate("age", NumericRange(60.0, 90.0)),))
    spec = replace(bench.spec, segments=(young, Segment("Berlin", (), (("site", "b"),)), old))
    own = {Section.FEATURES: bench.features(bench.rows(77))}
    references = (*bench.bundle.references, Reference(Dataset.TRAINING, 77, own, 1))
    bundle = SpecBundle(spec.check(), encode_spec(spec), references)
    store.records.put_bundle(model_record(bundle), bundle, [])
    book = ContextBook(store.records, 99)

    rows = []
    for segment in range(4):
        context = book.of(bundle.digest, segment)
        assert context is not None
        training = context.training
        rows.append(training and int(training[Section.FEATURES][bench.layout.rows]))

    assert rows == [20_000, 77, 20_000, None]
    assert book.of(bundle.digest, 4) is None
