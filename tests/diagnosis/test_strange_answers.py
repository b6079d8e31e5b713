"""404s from an address that was given to somebody else: told with DNS, and no alarm on ordinary ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from diagnosing import istio, scanned, served, written

from unstale.accesslog.result import Scan
from unstale.diagnosis.background import Background, DnsAnswer
from unstale.diagnosis.cause import Cause
from unstale.diagnosis.diagnose import diagnose
from unstale.diagnosis.finding import Finding

HOST, OLD, NEW = "api.example.com", "203.0.113.7", "203.0.113.99"
RECORDING = Path(__file__).resolve().parents[1] / "recordings" / "address-reused" / "none" / "access.log"


def findings(scan: Scan, *addresses: str, host: str = HOST) -> tuple[Finding, ...]:
    """What is found where DNS names these addresses now; without any, where DNS was not asked."""
    answer = DnsAnswer(host=host, addresses=addresses)
    return diagnose(scan, Background(dns=(answer,) if addresses else None)).findings


def missing(second: float, *, host: str = HOST, upstream: str = f"{OLD}:80") -> str:
    """A line of a 404 that the server sent."""
    return istio(second, 404, "-", "via_upstream", sent=9, took_ms=3, host=host, upstream=upstream)


def log(folder: Path, good: int, strange: int, *, host: str = HOST) -> Scan:
    """So many answers that went well, then so many 404s, a second apart."""
    lines = [istio(second, 200, "-", "via_upstream", sent=20, took_ms=3, host=host) for second in range(good)]
    lines += [missing(good + second, host=host) for second in range(strange)]
    return scanned(written(folder, *lines))


def test_the_address_is_no_longer_the_hosts(tmp_path: Path) -> None:
    (found,) = findings(log(tmp_path, 30, 30), NEW)
    assert (found.top.cause, found.count, found.flag) == (Cause.LB_IP_CHANGED, 30, "-")
    assert found.top.probability > 0.9
    assert any(f"{OLD} is not in the DNS answer now" in words for words in found.top.speaks_for)
    assert sum(found.minutes.values()) == 30


def test_the_lab_gives_the_old_addresses_to_a_stranger() -> None:
    scan = scanned(RECORDING)
    (found,) = findings(scan, "203.0.113.20", "203.0.113.21", host="host1.yourdomain.com")
    assert found.top.cause is Cause.LB_IP_CHANGED
    assert findings(scan, "203.0.113.10", "203.0.113.11", host="host1.yourdomain.com") == ()
    assert findings(scan) == ()


@pytest.mark.parametrize("addresses", [(), (OLD,), (OLD, NEW)], ids=["not-asked", "still-there", "among-others"])
def test_ordinary_404s_are_no_finding(tmp_path: Path, addresses: tuple[str, ...]) -> None:
    assert findings(log(tmp_path, 30, 30), *addresses) == ()


@pytest.mark.parametrize(("good", "strange", "is_told"), [(20, 20, True), (19, 20, False), (20, 19, False)])
def test_a_handful_says_nothing(tmp_path: Path, good: int, strange: int, is_told: bool) -> None:
    assert bool(findings(log(tmp_path, good, strange), NEW)) is is_told


def test_404s_that_were_always_there_are_the_servers_own(tmp_path: Path) -> None:
    lines = [missing(second) if second % 2 else served(second) for second in range(300)]
    assert findings(scanned(written(tmp_path, *lines)), NEW) == ()


def test_an_address_that_is_not_used_any_more_says_nothing(tmp_path: Path) -> None:
    lines = [served(second) for second in range(40)]
    lines += [missing(40 + second, upstream=f"{NEW}:80") for second in range(40)]
    assert findings(scanned(written(tmp_path, *lines)), NEW) == ()


def test_services_of_the_mesh_are_not_looked_at(tmp_path: Path) -> None:
    host = "orders.shop.svc.cluster.local"
    assert findings(log(tmp_path, 30, 30, host=host), NEW, host=host) == ()
