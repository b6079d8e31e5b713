"""What a diagnosis says: per host and flag the ranked causes, with what speaks for and against each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from unstale.accesslog.result import Address, Lines
from unstale.diagnosis.cause import STALE, Cause
from unstale.diagnosis.symptom import Symptom


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A cause with its probability (0..1) and the evidence, the weightiest first."""

    cause: Cause
    probability: float
    speaks_for: tuple[str, ...] = ()
    speaks_against: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What fails at one host with one flag. `first_s`, `last_s` are seconds since 1970, None without time stamps.

    `histories` are the host's addresses, `minutes` counts the failures by minute (`2024-09-25T09:59`), `gaps_s` are the
    idle times before the kept ones, `places` the lines (file:line) of the first few and `line` the first of them,
    `is_single` says that it rests on a line or two.
    """

    host: str
    flag: str
    symptom: Symptom
    count: int
    first_s: float | None
    last_s: float | None
    suspects: tuple[Suspect, ...]
    would_settle: tuple[str, ...]
    next: tuple[str, ...]
    histories: tuple[Address, ...] = ()
    minutes: Mapping[str, int] = field(default_factory=dict)
    gaps_s: tuple[float, ...] = ()
    places: tuple[str, ...] = ()
    line: str = ""
    is_single: bool = False

    @property
    def top(self) -> Suspect:
        """The likeliest cause."""
        return self.suspects[0]

    @property
    def is_stale(self) -> bool:
        """Whether the likeliest cause is a stale connection."""
        return self.top.cause in STALE


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """The findings, what began a failure before what follows from it, and how the lines were taken."""

    lines: Lines
    findings: tuple[Finding, ...]
    formats: Mapping[str, int] = field(default_factory=dict)
