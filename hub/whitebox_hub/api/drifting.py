"""One window's drift in Whitebox's shape, by the default statistic or any other. Pure.

By default the tests are those of the default monitors, so the verdicts are theirs. Columns that do
not have the statistic that is asked for, as categories have no Kolmogorov-Smirnov distance, keep
the default one, and every column says by its `stattest_name` which it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whitebox_hub.monitor import Finding, ModelContext, Monitor, Rule, Verdict, WindowVectors
from whitebox_hub.monitor.classic import measure_classic
from whitebox_hub.monitor.evaluate import evaluate
from whitebox_hub.monitor.measure import Classic, Key
from whitebox_hub.monitor.metrics import DATASET_DRIFT_SHARE, METRICS, find
from whitebox_wire.errors import DataError
from whitebox_wire.layout import Section
from whitebox_wire.spec import CategoricalBins, ModelKind, NumericBins

CLASSIC = "classic"
DEFAULT = "psi"
_COLUMN_TYPES = {NumericBins: "num", CategoricalBins: "cat"}

Document = dict[str, Any]


def checked_stattest(name: str) -> str:
    """The name of a statistic that can be asked for; empty for the default one.

    Raises:
        DataError: there is no such statistic.
    """
    possible = [DEFAULT, *(m.name for m in METRICS.values() if m.of_prediction), CLASSIC]
    metric = find(name)
    if not name or (metric is not None and metric.name == "data_drift"):
        return DEFAULT
    if name not in possible:
        raise DataError(
            f"stattest: {name[:80]!r} is unknown", hint=f"use one of {', '.join(possible)}"
        )
    return name


def drift(context: ModelContext, window: WindowVectors, stattest: str = DEFAULT) -> Document | None:
    """Drift of every feature and of the prediction; None where no features have arrived.

    `stattest` is a checked name; `classic` is the rule of that name.
    """
    if Section.FEATURES not in window.vectors:
        return None
    asked = _monitors(context, window, stattest)
    found = {(f.monitor_id, f.feature): f for f in evaluate(context, window, asked)}
    classic = measure_classic(context, window.vectors) if stattest == CLASSIC else {}
    columns = {
        feature.name: _column(
            feature.name,
            _COLUMN_TYPES[type(feature.bins)],
            *_chosen(found, classic, stattest, ("data_drift", feature.name), feature.name),
        )
        for feature in context.spec.counted
    }
    drifted = sum(column["drift_detected"] for column in columns.values())
    share = drifted / len(columns) if columns else 0.0
    prediction = context.spec.prediction
    kind = "num" if context.spec.kind is ModelKind.REGRESSION else "cat"
    chosen = _chosen(found, classic, stattest, ("prediction_drift", None), prediction.column)
    summary = _column(prediction.column, kind, *chosen)
    return {
        "data_drift_summary": {
            "number_of_columns": len(columns),
            "number_of_drifted_columns": drifted,
            "share_of_drifted_columns": share,
            "dataset_drift": share >= DATASET_DRIFT_SHARE,
            "drift_by_columns": columns,
        },
        "concept_drift_summary": {
            "concept_drift_summary": {**summary, "stattest_threshold": summary["threshold"]},
            # It would need rows; columns are counted one by one.
            "column_correlation": None,
        },
    }


def _monitors(context: ModelContext, window: WindowVectors, stattest: str) -> list[Monitor]:
    """The default monitors of features, and those of the statistic; ids are metrics."""
    rule = Rule.CLASSIC if stattest == CLASSIC else Rule.CALIBRATED
    model, segment = context.spec.model_id, window.segment
    asked = [
        Monitor(name, model, name, name, segment=segment, rule=rule)
        for name in ("data_drift", "prediction_drift")
    ]
    if stattest == DEFAULT:
        name = "missing_rate"
        asked.append(Monitor(name, model, name, name, segment=segment, rule=rule))
    metric = METRICS.get(stattest)
    if metric is not None:
        features = [None, context.spec.prediction.column]
        asked += [
            Monitor(stattest, model, stattest, stattest, feature, segment, rule)
            for feature in features
            if feature is None or metric.has(feature, context.spec)
        ]
    return asked


def _chosen(
    found: Mapping[tuple[str, str | None], Finding],
    classic: Mapping[Key, Classic],
    stattest: str,
    default: Key,
    column: str,
) -> tuple[str, Finding]:
    """The statistic's name and finding of a column: the one asked for, or else the default."""
    if default in classic:
        return classic[default].title or CLASSIC, found[default]
    if (stattest, column) in found:
        return METRICS[stattest].title, found[stattest, column]
    return METRICS["data_drift"].title, found[default]


def _column(name: str, kind: str, stattest_name: str, finding: Finding) -> Document:
    return {
        "column_name": name,
        "column_type": kind,
        "stattest_name": stattest_name,
        "drift_score": finding.value,
        "drift_detected": finding.verdict is Verdict.VIOLATED,
        "threshold": finding.threshold,
        "p_value": finding.p_value,
        "rows": finding.rows,
        "verdict": finding.verdict.value,
        "reason": finding.reason,
    }
