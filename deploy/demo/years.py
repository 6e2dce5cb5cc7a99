"""The hub's weekly reports summed up by year, as somebody reads them first. Pure.

Counts of right and wrong answers add up exactly. Rankings and drift have no sum: of those it gives
the mean and the median of the weeks, and the report says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

Documents = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Quality:
    """How well a binary model did on some rows; None is what cannot be said of them."""

    rows: int
    accuracy: float | None
    precision: float | None
    recall: float | None
    f1: float | None
    roc_auc: float | None


@dataclass(frozen=True, slots=True)
class Drift:
    """How far a column lay from its reference in the weeks of a year."""

    psi_median: float
    weeks: int
    weeks_drifted: int


def quality(counts: Documents) -> Quality:
    """The quality over all rows of performance reports.

    >>> part = {"true_positive": 3, "false_positive": 1, "false_negative": 0, "true_negative": 4}
    >>> quality([{**part, "roc_auc": 0.75}, {**part, "roc_auc": None}])
    Quality(rows=16, accuracy=0.875, precision=0.75, recall=1.0, f1=0.857..., roc_auc=0.75)
    """
    tp, fp, fn, tn = (
        sum(document[name] for document in counts)
        for name in ("true_positive", "false_positive", "false_negative", "true_negative")
    )
    ranked = [d["roc_auc"] for d in counts if d["roc_auc"] is not None]
    return Quality(
        rows=tp + fp + fn + tn,
        accuracy=_share(tp + tn, tp + fp + fn + tn),
        precision=_share(tp, tp + fp),
        recall=_share(tp, tp + fn),
        f1=_share(2 * tp, 2 * tp + fp + fn),
        roc_auc=fmean(ranked) if ranked else None,
    )


def quality_by_year(performance: Documents) -> dict[int, Quality]:
    return {year: quality(documents) for year, documents in _by_year(performance).items()}


def drift_by_year(reports: Documents) -> dict[str, dict[int, Drift]]:
    """Of every feature, those that lay furthest from the reference first."""
    weeks: dict[str, dict[int, list[Mapping[str, Any]]]] = defaultdict(dict)
    for year, documents in _by_year(reports).items():
        for document in documents:
            for name, column in document["data_drift_summary"]["drift_by_columns"].items():
                if column["drift_score"] is not None:
                    weeks[name].setdefault(year, []).append(column)
    drifts = {
        name: {year: _drift(columns) for year, columns in of_year.items()}
        for name, of_year in weeks.items()
    }
    return dict(sorted(drifts.items(), key=lambda item: _furthest(item[1].values()), reverse=True))


def _drift(columns: Documents) -> Drift:
    return Drift(
        psi_median=median(column["drift_score"] for column in columns),
        weeks=len(columns),
        weeks_drifted=sum(column["drift_detected"] for column in columns),
    )


def _furthest(drifts: Iterable[Drift]) -> tuple[int, float]:
    drifts = list(drifts)
    return sum(d.weeks_drifted for d in drifts), max(d.psi_median for d in drifts)


def _by_year(documents: Documents) -> dict[int, list[Mapping[str, Any]]]:
    """Weeks by the year they begin in: the demo's weeks never cross one's end."""
    years: dict[int, list[Mapping[str, Any]]] = {}
    for document in documents:
        years.setdefault(int(document["window_start"][:4]), []).append(document)
    return years


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
