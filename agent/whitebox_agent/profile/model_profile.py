"""What a profile gives back: the bundle to register, and what was made of every column."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from whitebox_agent.profile.infer import ColumnReport, LeftOut
from whitebox_agent.profile.report import profile_text
from whitebox_wire.codec import SpecBundle, encode_bundle


@dataclass(frozen=True, slots=True)
class ModelProfile:
    """A model's spec and references. Neither holds a row of the data."""

    bundle: SpecBundle
    columns: tuple[ColumnReport, ...]
    left_out: tuple[LeftOut, ...]

    def save(self, path: str | Path) -> Path:
        """Write the bundle as a spec file, all of it or nothing, and return its path."""
        path = Path(path)
        partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        try:
            partial.write_bytes(encode_bundle(self.bundle))
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        return path

    def text(self) -> str:
        """A summary for people: the spec, its columns, and what was left out."""
        return profile_text(self.bundle, self.columns, self.left_out)
