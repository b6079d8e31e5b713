"""What a rule found, and what no rule could judge."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from unstale.model.origin import Origin


class Severity(StrEnum):
    """E does not do what its author wants or can break, W is risky, I is information."""

    ERROR = "E"
    WARNING = "W"
    INFORMATION = "I"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One pitfall at one place.

    `message` names what is there with its values, `why` what comes of it, `fix` what to write instead. `measured` is
    what the lab saw of it ("249 of 4007 requests failed"), None where nothing was measured. `others` are the codes that
    istioctl analyze (IST) and Kiali (KIA) have for the same.
    """

    code: str
    severity: Severity
    origin: Origin
    message: str
    why: str
    fix: str
    measured: str | None = None
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotJudged:
    """Rules that could not be applied because something is not known; `how` says how to make it known."""

    codes: tuple[str, ...]
    what: str
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LintResult:
    """Findings by file, line and column; `ignored` counts those that comments switch off."""

    findings: tuple[Finding, ...]
    not_judged: tuple[NotJudged, ...]
    ignored: int = 0
