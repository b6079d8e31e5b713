"""From a diagnosis to the hosts whose failure manifests can end, and the causes that no manifest ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from unstale.model.errors import InputError
from unstale.remedy.registry import remedies
from unstale.remedy.remedy import Remedy

_NO_REMEDY = {
    "upstream_own_5xx": "the server itself answers the error; only the server's owner can end it",
    "upstream_protocol_error": "the server breaks the protocol; only the server's owner can end it",
    "upstream_timeout": "the server is slower than the time-out; decide which of the two is wrong",
    "overflow": "a limit of the DestinationRule is reached; raise it, or send less",
    "lifecycle": "a pod started or ended; let the proxy start first and drain long enough",
    "other": "the cause is not known well enough; see what would settle it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What to do about one host's likeliest cause. `remedies` is empty where no manifest helps, `why` then says why."""

    host: str
    cause: str
    probability: float
    remedies: tuple[Remedy, ...]
    why: str = ""


def advice_of(diagnosis: Any, *, name: str) -> tuple[Advice, ...]:
    """One piece of advice for each finding of what `unstale diagnose -o json` printed, each host and cause once.

    Raises InputError, beginning with `name`, where the value is something else.
    """
    findings = diagnosis.get("findings") if isinstance(diagnosis, Mapping) else None
    if not isinstance(findings, list):
        raise InputError(f"{name}: no findings. Give what `unstale diagnose -o json` printed.")
    found: dict[tuple[str, str], Advice] = {}
    for index, finding in enumerate(findings):
        one = _advice(finding, f"{name}: findings[{index}]")
        found.setdefault((one.host, one.cause), one)
    return tuple(found.values())


def hosts_to_fix(advice: tuple[Advice, ...]) -> tuple[str, ...]:
    """The hosts with a cause that manifests end."""
    return tuple(dict.fromkeys(one.host for one in advice if one.remedies and one.host))


def _advice(finding: Any, place: str) -> Advice:
    causes = finding.get("causes") if isinstance(finding, Mapping) else None
    first = causes[0] if isinstance(causes, list) and causes else None
    if not isinstance(first, Mapping) or not isinstance(finding.get("host"), str):
        raise InputError(f"{place}: has no host or no causes. Give what `unstale diagnose -o json` printed.")
    cause, probability = str(first.get("cause", "")), first.get("probability", 0)
    if not isinstance(probability, int | float):
        raise InputError(f"{place}: probability is no number ({probability}). It is one from 0 to 1.")
    helps = tuple(_helping(cause))
    why = "" if helps else _NO_REMEDY.get(cause, "no remedy is known for it")
    host = finding["host"].rsplit(":", 1)[0] if finding["host"].count(":") == 1 else finding["host"]
    return Advice(host=host, cause=cause, probability=float(probability), remedies=helps, why=why)


def _helping(cause: str) -> Iterator[Remedy]:
    return (remedy for remedy in remedies().values() if cause in remedy.causes)
