"""The models an agent knows: each one's current spec, with what encodes and folds its rows.

A spec given as a file is pinned: the hub does not replace it. Old specs are kept, since rows and
sums made with them are still on their way. Any thread may ask; adopting swaps one reference.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from whitebox_agent.buffer import SpecShelf, StoredSpec
from whitebox_agent.fold import ModelFold
from whitebox_agent.privacy import Seal
from whitebox_agent.table import Encoder
from whitebox_wire.codec import decode_spec, spec_digest
from whitebox_wire.errors import UnknownModelError
from whitebox_wire.layout import Layout
from whitebox_wire.messages import SpecRef
from whitebox_wire.spec import ModelSpec


@dataclass(frozen=True, slots=True)
class Model:
    """One spec and its tools."""

    spec: ModelSpec
    digest: bytes
    encoder: Encoder
    fold: ModelFold
    seal: Seal

    @staticmethod
    def of(spec_bytes: bytes, labels: Mapping[str, str] | None = None) -> Model:
        """The model of an encoded spec, on an agent that carries some labels."""
        spec, digest = decode_spec(spec_bytes), spec_digest(spec_bytes)
        fold = ModelFold(spec, labels=labels or {})
        return Model(spec, digest, Encoder(spec, digest), fold, Seal.of(spec, fold.layout))

    @property
    def ref(self) -> SpecRef:
        return SpecRef(self.spec.model_id, self.digest)


class Models:
    def __init__(
        self,
        shelf: SpecShelf,
        wanted: Iterable[str] = (),
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """Begin with the specs on the shelf; `wanted` models are to be fetched where missing.
        `labels` are the agent's, which segments ask for.
        """
        self._shelf = shelf
        self._wanted = frozenset(wanted)
        self._labels = dict(labels or {})
        self._pinned: set[str] = set()
        self._lock = threading.Lock()
        self._current: dict[str, Model] = {}
        self._made: dict[bytes, Model] = {}
        self._bytes: dict[bytes, bytes] = {}
        for stored in shelf.all():
            self._bytes[stored.digest] = stored.spec_bytes
            if stored.current:
                self._current[stored.model_id] = self._make(stored.digest)

    def __getitem__(self, model_id: str) -> Model:
        """The model as it is recorded now; UnknownModelError when nobody registered it."""
        try:
            return self._current[model_id]
        except KeyError:
            raise UnknownModelError(
                f"model {model_id[:80]!r} is not known to this agent", hint=self._hint(model_id)
            ) from None

    def of(self, digest: bytes) -> Model | None:
        """The model of any spec that was ever adopted."""
        with self._lock:
            return self._make(digest) if digest in self._bytes else None

    def adopt(self, spec_bytes: bytes, *, pinned: bool = False) -> Model:
        """Make a spec the current one of its model, on disk first.

        Raises:
            MalformedError: the bytes are no spec.
            SpecError: the spec contradicts itself or asks for what this version cannot do.
        """
        spec, digest = decode_spec(spec_bytes), spec_digest(spec_bytes)
        _check_supported(spec)
        self._shelf.keep(StoredSpec(spec.model_id, digest, spec_bytes, current=True))
        with self._lock:
            self._bytes[digest] = spec_bytes
            model = self._make(digest)
            self._current[spec.model_id] = model
            if pinned:
                self._pinned.add(spec.model_id)
        return model

    def pin(self, specs: Sequence[bytes], wanted: Iterable[str]) -> None:
        """Pin these specs and no others, and want these models: all, or nothing changes.

        Raises:
            MalformedError, SpecError: as `adopt`.
        """
        for spec_bytes in specs:
            _check_supported(decode_spec(spec_bytes))
        with self._lock:
            self._wanted = frozenset(wanted)
            self._pinned.clear()
        for spec_bytes in specs:
            self.adopt(spec_bytes, pinned=True)

    def current(self) -> tuple[Model, ...]:
        return tuple(self._current[model_id] for model_id in sorted(self._current))

    def missing(self) -> tuple[str, ...]:
        """The wanted models that have no spec yet."""
        return tuple(sorted(self._wanted - self._current.keys()))

    def outdated(self, refs: Iterable[SpecRef]) -> tuple[SpecRef, ...]:
        """Those of the hub's current specs that should replace ours."""
        return tuple(
            ref
            for ref in refs
            if ref.model_id not in self._pinned
            and ref.model_id in self._current
            and self._current[ref.model_id].digest != ref.digest
        )

    def _make(self, digest: bytes) -> Model:
        model = self._made.get(digest)
        if model is None:
            model = self._made[digest] = Model.of(self._bytes[digest], self._labels)
        return model

    def _hint(self, model_id: str) -> str:
        if model_id in self._wanted:
            return "its spec has not come from the hub yet: register it there, or wait for the hub"
        known = ", ".join(sorted(self._current)) or "none"
        return f"known: {known}; give its spec file, or name it in `models`"


def _check_supported(spec: ModelSpec) -> None:
    """Refuse what cannot be kept: a policy that is ignored is worse than none."""
    Seal.of(spec, Layout.of(spec))
