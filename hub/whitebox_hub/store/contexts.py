"""What windows are judged against, by digest and segment, kept decoded: spec, layout, references.

A spec never changes under its digest, but its references can be registered anew: then `forget`.
Methods block and may be called from any thread.
"""

from __future__ import annotations

from functools import lru_cache

from whitebox_hub.monitor import ModelContext
from whitebox_hub.store import RecordStore
from whitebox_wire.codec import SpecBundle
from whitebox_wire.layout import Layout
from whitebox_wire.messages import Dataset

CONTEXTS_CACHED_MAX = 256


def context_of(bundle: SpecBundle, alarm_interval_s: int, segment: int = 0) -> ModelContext:
    """The context that a bundle gives one of its spec's segments.

    A segment is compared with the reference's rows that satisfy its predicates. One that is
    defined by agent labels alone has no such rows of its own, and is compared with all of them.
    """
    own = segment if segment and bundle.spec.segments[segment - 1].where else 0
    datasets = {
        reference.dataset: reference.vectors
        for reference in bundle.references
        if reference.segment == own
    }
    return ModelContext(
        spec=bundle.spec,
        layout=Layout.of(bundle.spec),
        training=datasets.get(Dataset.TRAINING),
        test=datasets.get(Dataset.TEST),
        alarm_interval_s=alarm_interval_s,
    )


class ContextBook:
    """`alarm_interval_s` is the time in which a model may give one false alarm."""

    def __init__(self, records: RecordStore, alarm_interval_s: int) -> None:
        self._records = records
        self._alarm_interval_s = alarm_interval_s
        self._known = lru_cache(CONTEXTS_CACHED_MAX)(self._read)

    def of(self, digest: bytes, segment: int = 0) -> ModelContext | None:
        """The context of a segment of a registered spec; None when either is not there."""
        try:
            return self._known(digest, segment)
        except KeyError:  # is not cached, so it will be asked for again
            return None

    def forget(self) -> None:
        """Read every reference anew."""
        self._known.cache_clear()

    def _read(self, digest: bytes, segment: int) -> ModelContext:
        bundle = self._records.bundle(digest)
        if bundle is None or not 0 <= segment <= len(bundle.spec.segments):
            raise KeyError(digest)
        return context_of(bundle, self._alarm_interval_s, segment)
