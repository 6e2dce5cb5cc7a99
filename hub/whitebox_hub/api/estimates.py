"""The part of a performance report that needs no labels.

Pure: from a context and a window's vectors to a document. Every metric that a kind of model has is
there, with a value and its band or with the reason why there is none.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from whitebox_hub.monitor import ModelContext, WindowVectors
from whitebox_hub.monitor.estimates import Estimates, estimates_of, metrics_of, range_warning
from whitebox_wire.layout import Section

Document = dict[str, Any]

_NOTHING: Document = {"value": None, "low": None, "high": None}


def estimated(context: ModelContext, window: WindowVectors) -> Document:
    """What should have come out, over `estimated_rows`; `estimate_warning` says why to doubt it.

    `estimated` is None where the model's spec has neither scores nor a loss tree, or no features
    have arrived; metrics have the names of the realised ones.
    """
    vector = window.vectors.get(Section.FEATURES)
    reference = context.estimate_reference
    said = None
    if vector is not None:
        said = estimates_of(context.spec, context.layout, vector, reference.leaves)
    if said is None or vector is None:
        return {"estimated": None, "estimated_rows": 0, "estimate_warning": None}
    return {
        "estimated": _metrics(context, said),
        "estimated_rows": said.rows,
        "estimate_warning": range_warning(context.spec, context.layout, reference.cells, vector),
    }


def _metrics(context: ModelContext, said: Estimates) -> Document:
    metrics = {
        name: {**asdict(said.metrics[name]), "reason": ""}
        if name in said.metrics
        else {**_NOTHING, "reason": said.reasons[name]}
        for name in metrics_of(context.spec.kind)
    }
    cells = {name: {**asdict(cell), "reason": ""} for name, cell in said.confusion.items()}
    return metrics | cells
