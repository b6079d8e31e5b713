"""A reader for the application's side: what a client library says when a connection fails, and Envoy's own answer.

The application's log is often the only one at hand. It never says which connection failed, so what is taken from it is
what the line itself shows: the kind of failure in one word, and host, address, status and time where they are named.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from unstale.accesslog.instant import epoch_s, iso_time
from unstale.accesslog.result import AppError, Place

_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: at for at, name in enumerate(_MONTH_NAMES, 1)}
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?")
_HTTP_DATE = re.compile(r"[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d:\d\d:\d\d) GMT")
_STATUS = re.compile(
    r"(?:status|code|HTTP/[\d.]+|response)\W{0,6}(?:status|code)?\W{0,6}([1-5]\d\d)\b"
    r"|\b(5\d\d)\b[\W_]{1,3}(?:SERVICE|Service|GATEWAY|Gateway|BAD|Bad|Internal|INTERNAL)",
    re.IGNORECASE,
)
_HOST = re.compile(
    r"https?://([A-Za-z0-9._-]+)|\bhost=['\"]([^'\"]+)['\"]|\bCannot connect to host ([\w.-]+)"
    r"|\blookup ([\w.-]+)|\b(?:ENOTFOUND|EAI_AGAIN) ([\w.-]+)|UnknownHostException: ([\w.-]+)"
    r"|resolve (?:host:? )?['\"]?([\w-]+\.[\w.-]+)|([\w-]+(?:\.[\w-]+)+)(?::\d+)? failed to respond"
)
_ADDRESS = re.compile(r"(?:->|dial tcp |ECONN\w+ |ETIMEDOUT |/)(\d{1,3}(?:\.\d{1,3}){3}:\d{1,5})\b")
_LENGTH = re.compile(r"content-length\W{1,6}(\d{1,9})", re.IGNORECASE)
_ENVOY = re.compile(r"\bserver\W{1,6}(?:istio-)?envoy", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """One way to fail: the expression that shows it, and the failure in one word (see `AppError.reason`)."""

    shows: re.Pattern[str]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationFormat:
    """The errors of one language's clients; the first symptom that shows is taken.

    `name` is what is told to the user. A line without any of the `hints` (texts) shows none of the symptoms, and is not
    looked at further. The name of the exception is the expression's group `name`, if it has one.
    """

    name: str
    language: str
    hints: tuple[str, ...]
    symptoms: tuple[Symptom, ...]
    kind: str = "exception"

    def find(self, line: str, place: Place) -> AppError | None:
        """The error that a line tells of, None where it is none of these."""
        if not any(hint in line for hint in self.hints):
            return None
        for symptom in self.symptoms:
            found = symptom.shows.search(line)
            if found is not None:
                return self._error(symptom, found, line, place)
        return None

    def _error(self, symptom: Symptom, found: re.Match[str], line: str, place: Place) -> AppError:
        groups = found.groupdict()
        host, address, length = _HOST.search(line), _ADDRESS.search(line), _LENGTH.search(line)
        return AppError(
            place=place,
            kind=self.kind,
            line=line,
            reason=symptom.reason or (groups.get("reason") or "").strip().replace(" ", "_"),
            name=groups.get("name") or "",
            language=self.language,
            status=_status(line),
            time=_time(line),
            host=next((each for each in host.groups() if each), "") if host else "",
            address=address.group(1) if address else "",
            transport_failure=(groups.get("transport") or "").strip(" \"'"),
            content_length=int(length.group(1)) if length else None,
            is_from_envoy=self.kind == "envoy-body" or _ENVOY.search(line) is not None,
            is_retried=bool(groups.get("retried")),
        )


def symptoms(*pairs: tuple[str, str]) -> tuple[Symptom, ...]:
    """Symptoms of (expression, reason)."""
    return tuple(Symptom(shows=re.compile(expression), reason=reason) for expression, reason in pairs)


def _status(line: str) -> int:
    found = _STATUS.search(line)
    return int(found.group(1) or found.group(2)) if found else 0


def _time(line: str) -> str:
    """The line's own time stamp, else the Date of the answer it quotes, as ISO 8601; "" for none."""
    stamp = _ISO.search(line)
    seconds = epoch_s(stamp.group(0)) if stamp else None
    if seconds is None:
        date = _HTTP_DATE.search(line)
        if date is None or date.group(2) not in _MONTHS:
            return ""
        seconds = epoch_s(f"{date.group(3)}-{_MONTHS[date.group(2)]:02d}-{date.group(1)}T{date.group(4)}Z")
    return iso_time(seconds) if seconds is not None else ""
