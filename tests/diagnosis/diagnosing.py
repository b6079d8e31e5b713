"""Diagnosing a file of log lines in tests, by the way that the command takes."""

from __future__ import annotations

from pathlib import Path

from unstale.accesslog.options import Options
from unstale.accesslog.result import Scan
from unstale.accesslog.scan import scan
from unstale.diagnosis.background import Background
from unstale.diagnosis.case import Case
from unstale.diagnosis.diagnose import diagnose
from unstale.diagnosis.dns_history import read_dns_history
from unstale.diagnosis.envoy_state import with_stats
from unstale.diagnosis.finding import Finding
from unstale.diagnosis.grouping import cases_of
from unstale.diagnosis.registry import sights

CASES = Path(__file__).parent / "rules"


def scanned(path: Path) -> Scan:
    """The scan of one file, on one thread."""
    return scan([str(path)], Options(workers=1))


def findings_of(path: Path) -> tuple[Finding, ...]:
    """The findings of a case file and what lies beside it."""
    found = scanned(path)
    dns, stats = path.with_name(f"{path.stem}.dns.jsonl"), path.with_name(f"{path.stem}.stats")
    background = Background(
        dns=read_dns_history(dns.read_text(), source=dns.name, begin_s=found.first_s) if dns.exists() else None,
        clusters=with_stats({}, stats.read_text(), source=stats.name) if stats.exists() else None,
    )
    return diagnose(found, background).findings


def cases_in(path: Path) -> tuple[Case, ...]:
    """The cases of a file, without any background."""
    return cases_of(scanned(path), Background())


def clues_of(case: Case) -> set[str]:
    """The names of the clues that are seen in a case."""
    return {sighting.clue.name for see in sights() for sighting in see(case)}


def written(folder: Path, *lines: str) -> Path:
    """A file of lines."""
    path = folder / "case.log"
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


def istio(
    second: float = 0.0,
    status: int = 503,
    flags: str = "UC",
    details: str = "upstream_reset_before_response_started{connection_termination}",
    *,
    sent: int = 95,
    took_ms: int = 1,
    host: str = "api.example.com",
    upstream: str = "203.0.113.7:80",
    cluster: str = "outbound|80||api.example.com",
    local: str = "10.0.0.1:40000",
    user: str = "10.0.0.1:50000",
    request: str = "GET /a HTTP/1.1",
    failure: str = "-",
    ident: str = "r",
    route: str = "-",
    received: int = 0,
) -> str:
    """A line of Istio's default text, a few fields of it chosen."""
    minutes, seconds = divmod(second, 60)
    time = f"2025-01-02T03:{int(minutes):02d}:{seconds:06.3f}Z"
    return (
        f'[{time}] "{request}" {status} {flags} {details} - "{failure}" {received} {sent} {took_ms} - "-" "curl" '
        f'"{ident}" "{host}" "{upstream}" {cluster} {local} {upstream} {user} - {route}'
    )


def served(second: float, *, upstream: str = "203.0.113.7:80", local: str = "10.0.0.1:40000") -> str:
    """A line of a request that went well."""
    return istio(second, 200, "-", "via_upstream", sent=20, took_ms=3, upstream=upstream, local=local)
