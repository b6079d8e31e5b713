"""A diagnosis as plain values: what `unstale diagnose -o json` prints and `unstale fix --from` reads."""

from __future__ import annotations

from typing import Any

from unstale.accesslog.instant import iso_time
from unstale.diagnosis.finding import Diagnosis, Finding


def diagnosis_json(diagnosis: Diagnosis) -> dict[str, Any]:
    """Lines as they were taken, and the findings, the first one first. The causes' probabilities add up to 1."""
    lines = diagnosis.lines
    return {
        "lines": {"total": lines.total, "rows": lines.rows, "bad": lines.bad, "ambiguous": lines.ambiguous},
        "findings": [_finding(finding) for finding in diagnosis.findings],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "host": finding.host,
        "flag": finding.flag,
        "count": finding.count,
        "first": _time(finding.first_s),
        "last": _time(finding.last_s),
        "causes": [
            {
                "cause": suspect.cause.value,
                "probability": suspect.probability,
                "for": list(suspect.speaks_for),
                "against": list(suspect.speaks_against),
            }
            for suspect in finding.suspects
        ],
        "would_settle": list(finding.would_settle),
        "next": list(finding.next),
    }


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else iso_time(seconds)
