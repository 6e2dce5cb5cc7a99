"""Values inside a store's text columns: ledgers, rejections, findings and alerts as JSON.

Short keys are not worth their price here: an operator reads these columns with a SQL prompt.
Pure; the store's own writing is trusted, so a damaged document raises as the JSON parser does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any

from whitebox_hub.alert import Alert, DeviceShare, State
from whitebox_hub.monitor import Finding, Severity, Verdict
from whitebox_wire.messages import (
    DropReason,
    ModelLedger,
    Rejection,
    RejectReason,
    RowLedger,
)

_VERDICTS = {verdict.value: verdict for verdict in Verdict}
_ALERT_FIELDS = tuple(f.name for f in fields(Alert))


def _text(document: object) -> str:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def ledger_document(ledger: RowLedger) -> dict[str, Any]:
    """One ledger as JSON has it; the API shows the same."""
    return {
        "recorded": ledger.recorded,
        "folded": ledger.folded,
        "acknowledged": ledger.acknowledged,
        "pending": ledger.pending,
        "dropped": {reason.value: rows for reason, rows in ledger.dropped.items()},
    }


def ledgers_text(ledgers: Iterable[ModelLedger]) -> str:
    return _text(
        [
            {
                "model_id": ledger.model_id,
                "inferences": ledger_document(ledger.inferences),
                "labels": ledger_document(ledger.labels),
            }
            for ledger in ledgers
        ]
    )


def read_ledgers(text: str) -> tuple[ModelLedger, ...]:
    return tuple(
        ModelLedger(entry["model_id"], _ledger(entry["inferences"]), _ledger(entry["labels"]))
        for entry in json.loads(text)
    )


def _ledger(entry: Mapping[str, Any]) -> RowLedger:
    dropped = {DropReason(reason): rows for reason, rows in entry["dropped"].items()}
    return RowLedger(**{**entry, "dropped": dropped})


def rejections_text(rejections: Iterable[Rejection]) -> str:
    return _text([[r.delta, r.reason.value, r.message] for r in rejections])


def read_rejections(text: str) -> tuple[Rejection, ...]:
    return tuple(
        Rejection(delta, RejectReason(reason), message)
        for delta, reason, message in json.loads(text)
    )


def findings_text(findings: Iterable[Finding]) -> str:
    return _text([{**asdict(f), "verdict": f.verdict.value} for f in findings])


def read_findings(text: str) -> tuple[Finding, ...]:
    entries: list[dict[str, Any]] = json.loads(text)
    for entry in entries:
        entry["verdict"] = _VERDICTS[entry["verdict"]]
    return tuple(Finding(**entry) for entry in entries)


def alert_text(alert: Alert) -> str:
    enums = {"severity": alert.severity.value, "state": alert.state.value}
    return _text({**asdict(alert), **enums})


def read_alert(text: str) -> Alert:
    entry = json.loads(text)
    known = {name: entry[name] for name in _ALERT_FIELDS if name in entry}
    enums = {"severity": Severity(entry["severity"]), "state": State(entry["state"])}
    lists = {
        "drivers": tuple(known.get("drivers", ())),
        "devices": tuple(DeviceShare(**device) for device in known.get("devices", ())),
    }
    return Alert(**{**known, **enums, **lists})
