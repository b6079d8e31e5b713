"""What is wrong with an input, and what would be right."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from unstale.model.origin import Origin


class Severity(StrEnum):
    """An error stops everything; a warning is told and work goes on."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong at one place.

    `what` names the fault with the offending value in brackets, `allowed` says what may stand there instead:
    `vs.yaml:14:9: idleTimeout has no unit (5). Write a duration such as 5s or 5000ms.`
    """

    origin: Origin
    what: str
    allowed: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        return f"{self.origin}: {self.what}." + (f" {self.allowed}" if self.allowed else "")
