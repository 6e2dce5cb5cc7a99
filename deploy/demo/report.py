"""What the demo says at its end: aligned plain text, at most 100 columns wide. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import groupby
from textwrap import wrap
from typing import Any

from deploy.demo.census import MEANINGS, MODEL_ID
from deploy.demo.device import ID_PREFIX
from deploy.demo.outcome import Outcome
from deploy.demo.years import Documents, Drift, Quality, drift_by_year, quality_by_year

COLUMNS = 100
FEATURES_SHOWN = 5
ALERTS_SHOWN = 8
ALERTS_PATH = f"/v1/alerts?model_id={MODEL_ID}"
_STATES = ("firing", "pending", "resolved")
_SEVERITIES = ("high", "mid", "low")


def report_text(outcome: Outcome, hub_store: str) -> str:
    """Rows and bytes, what did not leave, quality and drift by year, alerts."""
    parts = (
        _rows(outcome),
        _privacy(outcome, hub_store),
        _quality(outcome.performance, outcome.reference),
        _drift(outcome.drift),
        _alerts(outcome.alerts),
    )
    return "\n\n".join("\n".join(lines) for lines in parts)


def _rows(outcome: Outcome) -> Iterator[str]:
    yield (
        f"{'ROWS':13}{'recorded':>10}{'in the hub':>12}{'labelled':>10}{'dropped':>9}"
        f"{'as JSON lines':>18}{'shipped':>14}{'ratio':>10}"
    )
    for device in outcome.devices:
        agent = outcome.agents.get(device.site, {})
        rows = (device.recorded, agent.get("rows", 0), agent.get("labelled_rows", 0))
        sizes = (device.raw_bytes, agent.get("received_bytes", 0))
        yield _row(device.site, (*rows, device.dropped), *sizes)
    rows = (outcome.rows_recorded, outcome.rows_in_hub, outcome.labels_joined)
    dropped = sum(device.dropped for device in outcome.devices)
    yield _row("together", (*rows, dropped), outcome.raw_bytes, outcome.shipped_bytes)


def _row(name: str, counts: tuple[int, int, int, int], raw: int, shipped: int) -> str:
    recorded, in_hub, labelled, dropped = counts
    ratio = f"{raw / shipped:.0f} : 1" if shipped else "-"
    return (
        f"  {name:11}{recorded:>10,}{in_hub:>12,}{labelled:>10,}{dropped:>9,}"
        f"{raw:>16,} B{shipped:>12,} B{ratio:>10}"
    )


def _privacy(outcome: Outcome, hub_store: str) -> Iterator[str]:
    found = outcome.ids_in_hub
    yield "NO ROW LEFT A DEVICE"
    yield "  An export has no field for a row or an id: see proto/whitebox_wire/v1/ingest.proto"
    yield f"  Every row's id begins with {ID_PREFIX!r}. Times the hub's store has that: {found}"
    yield f"    grep -c {ID_PREFIX} {hub_store}"


def _quality(performance: Documents, reference: Quality) -> Iterator[str]:
    names = ("labelled", "accuracy", "precision", "recall", "F1", "AUROC")
    yield f"{'QUALITY BY YEAR':22}" + "".join(f"{name:>11}" for name in names)
    yield _quality_line("2015, the test set", reference)
    for year, quality in quality_by_year(performance).items():
        yield _quality_line(str(year), quality)
    yield "  AUROC of a year is the mean of its weeks; all else is exact."


def _quality_line(name: str, quality: Quality) -> str:
    shares = (
        quality.accuracy,
        quality.precision,
        quality.recall,
        quality.f1,
        quality.roc_auc,
    )
    cells = ("-" if share is None else f"{share:.4f}" for share in shares)
    return f"  {name:20}{quality.rows:>11,}" + "".join(f"{cell:>11}" for cell in cells)


def _drift(reports: Documents) -> Iterator[str]:
    drifts = drift_by_year(reports)
    years = sorted({year for of_year in drifts.values() for year in of_year})
    yield f"{'DRIFT BY YEAR':35}" + "".join(f"{year:>20}" for year in years)
    shown = [*drifts.items()][:FEATURES_SHOWN]
    for name, of_year in shown:
        cells = "".join(f"{_drift_cell(of_year.get(year)):>20}" for year in years)
        yield f"  {name:9}{MEANINGS.get(name, ''):24}{cells}"
    drifted = sum(any(drift.weeks_drifted for drift in d.values()) for d in drifts.values())
    seen = f"in brackets, for {drifted} of {len(drifts)} features" if drifted else "none"
    yield "  Median PSI of the weeks against 2015."
    yield f"  Weeks that drifted (PSI of 0.1 or more, and not by chance): {seen}."


def _drift_cell(drift: Drift | None) -> str:
    if drift is None:
        return "-"
    weeks = f"  ({drift.weeks_drifted} of {drift.weeks})" if drift.weeks_drifted else ""
    return f"{drift.psi_median:.4f}{weeks}"


def _alerts(alerts: Documents) -> Iterator[str]:
    states = Counter(alert["status"] for alert in alerts)
    counts = ", ".join(f"{states[state]} {state}" for state in _STATES if states[state])
    yield f"ALERTS, as pulled from GET {ALERTS_PATH}: {counts or 'none'}"
    ranked = sorted(alerts, key=_rank)
    # Alerts on one week's errors are driven by the same: it is said once.
    for drivers, driven in groupby(ranked[:ALERTS_SHOWN], key=lambda alert: alert["drivers"]):
        yield from map(_alert_line, driven)
        indent = " " * 18
        yield from wrap(
            "; ".join(drivers), COLUMNS, initial_indent=indent, subsequent_indent=indent
        )
    if len(ranked) > ALERTS_SHOWN:
        yield f"  and {len(ranked) - ALERTS_SHOWN} more"


def _rank(alert: Mapping[str, Any]) -> tuple[int, int, float, str]:
    """Firing ones first, then the severe, then the sure."""
    p_value = alert["p_value"]
    return (
        _STATES.index(alert["status"]),
        _SEVERITIES.index(alert["severity"]),
        1.0 if p_value is None else p_value,
        alert["id"],
    )


def _alert_line(alert: Mapping[str, Any]) -> str:
    what = alert["metric"].replace("_", " ")
    if alert["feature"] is not None:
        what += f" of {alert['feature']}"
    side = "below" if alert["value"] < alert["threshold"] else "above"
    values = f"{alert['value']:.4f}, {side} {alert['threshold']:.4f}{_chance(alert['p_value'])}"
    weeks = alert["violated_windows"]
    since = f"{weeks} week{'s' if weeks > 1 else ''} from {alert['since'][:10]}"
    return f"  {alert['status']:9} {alert['severity']:5} {what:20} {values:36} {since}"


def _chance(p_value: float | None) -> str:
    """How likely such a value were if nothing had changed.

    >>> _chance(0.0123), _chance(1e-9), _chance(None)
    (' (p = 0.012)', ' (p < 0.0001)', '')
    """
    if p_value is None:
        return ""
    return f" (p = {p_value:.2g})" if p_value >= 1e-4 else " (p < 0.0001)"


def next_text(folder: str, hub: str) -> str:
    """Where to look next. `hub` is its address where it was left running, else empty."""
    look = {
        "every week": f"{folder}/report.json",
        "a device's books": f".venv/bin/whitebox-agent status --store {folder}/boston.db",
    }
    if not hub:
        look["ask the hub"] = "make demo KEEP=1"
        return _signposts("WHERE TO LOOK NEXT", look)
    query = f"model_id={MODEL_ID}"
    ask = {
        "alerts": f"curl '{hub}{ALERTS_PATH}'",
        "their history": f"curl '{hub}{ALERTS_PATH}&after=0'",
        "last week": f"curl '{hub}/v1/performance-metrics?{query}&limit=1'",
        "its drift": f"curl '{hub}/v1/drifting-metrics?{query}&limit=1'",
        "its ages": f"curl '{hub}/v1/windows?{query}&feature=AGEP&limit=1'",
        "all devices": f"curl '{hub}/v1/agents'",
        "end it": f"kill $(cat {folder}/pids)",
    }
    parts = (_signposts("WHERE TO LOOK NEXT", look), _signposts("STILL RUNNING", ask))
    return "\n\n".join(parts)


def _signposts(title: str, signposts: Mapping[str, str]) -> str:
    return "\n".join((title, *(f"  {what:17}{where}" for what, where in signposts.items())))
