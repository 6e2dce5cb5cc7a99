"""The measured model's spec file: what `whitebox-agent profile` would have written."""

from __future__ import annotations

from pathlib import Path

from tests.bench.model import Rows, Subject
from whitebox_wire.codec import Reference, SpecBundle, encode_bundle
from whitebox_wire.layout import Section
from whitebox_wire.messages import Dataset

REFERENCE_ROWS = 1_000


def write_spec_file(subject: Subject, folder: Path) -> Path:
    """Write spec and reference into a folder; the file."""
    batch = Rows.of(subject.shape, REFERENCE_ROWS).batch(subject)
    vectors = {Section.FEATURES: subject.fold.features(batch)}
    reference = Reference(Dataset.TRAINING, batch.rows, vectors)
    path = folder / f"{subject.spec.model_id}.spec"
    path.write_bytes(encode_bundle(SpecBundle(subject.spec, subject.spec_bytes, (reference,))))
    return path
