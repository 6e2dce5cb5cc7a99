"""A profile, and how far it has come, as text for people. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from whitebox_agent.privacy import sigma_of
from whitebox_agent.profile.infer import ColumnReport, LeftOut
from whitebox_agent.profile.progress import Progress
from whitebox_wire.codec import SpecBundle, encode_bundle
from whitebox_wire.layout import Layout, Section
from whitebox_wire.spec import ModelSpec

_HEAD = ("column", "role", "type", "cells", "distinct", "missing", "")


def profile_text(
    bundle: SpecBundle, columns: Sequence[ColumnReport], left_out: Sequence[LeftOut]
) -> str:
    """Several lines: the model, its columns, the columns left out and why."""
    parts = [_model(bundle), "", *_table(columns)]
    if left_out:
        parts += ["", "Left out:", *(f"  {c.column}: {c.reason}" for c in left_out)]
    return "\n".join(parts)


def progress_text(progress: Progress) -> str:
    """One line.

    >>> progress_text(Progress("counting the test set", 1500, 3000))
    'counting the test set: 1,500 of 3,000 rows (50 %)'
    """
    if not progress.rows_total:
        return f"{progress.stage}: {progress.rows:,} rows"
    share = 100 * progress.rows // progress.rows_total
    return f"{progress.stage}: {progress.rows:,} of {progress.rows_total:,} rows ({share} %)"


def _model(bundle: SpecBundle) -> str:
    spec, layout = bundle.spec, Layout.of(bundle.spec)
    sets = [f"{r.dataset.value} {r.rows:,} rows" for r in bundle.references if not r.segment]
    kind = f"{spec.model_id}: {spec.kind.value}, {len(spec.counted)} features counted"
    if spec.prediction.classes:
        kind += f", classes {', '.join(spec.prediction.classes[:10])}"
        kind += ", ..." if len(spec.prediction.classes) > 10 else ""
    labelled = any(Section.LABELS in r.vectors for r in bundle.references)
    cells = layout.sizes[Section.FEATURES].cells + layout.sizes[Section.LABELS].cells
    return "\n".join(
        (
            kind,
            f"references: {', '.join(sets)}" + ("" if labelled else "; without predictions"),
            f"a window is {cells:,} integers, the spec file {len(encode_bundle(bundle)):,} bytes",
            *_segments(bundle),
            *_privacy(spec),
            f"digest {bundle.digest.hex()}",
        )
    )


def _segments(bundle: SpecBundle) -> Iterable[str]:
    """A line if there are any: each with its rows in the first data set, or that agents make it."""
    rows = {r.segment: f"{r.rows:,} rows" for r in reversed(bundle.references)}
    named = [
        f"{segment.name} {rows.get(number, 'by agent')}"
        for number, segment in enumerate(bundle.spec.segments, start=1)
    ]
    if named:
        yield f"segments: {', '.join(named)}"


def _privacy(spec: ModelSpec) -> Iterable[str]:
    """What devices keep to themselves, a line for each promise."""
    if spec.privacy.minimum_rows:
        yield f"privacy: sums of fewer than {spec.privacy.minimum_rows:,} rows stay on the device"
    for budget in spec.privacy.budgets:
        yield (
            f"privacy: {', '.join(budget.features)}: epsilon {budget.epsilon:g}, "
            f"delta {budget.delta:g} for a row, noise of {sigma_of(budget, spec):.1f} rows a cell"
        )


def _table(columns: Iterable[ColumnReport]) -> list[str]:
    rows = [_HEAD, *(_row(column) for column in columns)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _row(column: ColumnReport) -> tuple[str, ...]:
    name = column.name if len(column.name) <= 40 else column.name[:39] + "…"
    missing = f"{column.missing_share:.1%}" if column.missing_share else "-"
    counts = (f"{column.cells:,}", f"{column.distinct:,}", missing)
    return (name, column.role, column.type, *counts, column.note)
