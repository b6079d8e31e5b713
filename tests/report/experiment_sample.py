"""A plausible experiment built from code: seven scenarios, five policies, GET and POST, 200 requests/s for 8 s.

Invented, with the shape and size of what the lab measures.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import cache

from unstale.model.experiment import Actor, Bound, Bucket, Cell, Event, Experiment, Failure, HostChange, Latency, Run

HOST = "api.example.com"
OLD = ("198.51.100.11", "198.51.100.12")
NEW = ("198.51.100.21", "198.51.100.22")
RATE = 200
BUCKET_S = 0.25
DURATION_S = 8.0
POLICIES = ("none", "fresh-dns", "short-lived", "article", "recommended")
METHODS = ("GET", "POST")

_UC = "503 UC connection_termination"
_UF = "503 UF remote_connection_failure"
_URX_UC = "503 UC,URX connection_termination"
_URX_UF = "503 UF,URX remote_connection_failure"
_OWN = "503 via_upstream"
_TIMEOUT = "the application gave up after 10 s"

_MOVED = Event(at_s=2.0, actor=Actor.DNS, what=f"moved to {', '.join(NEW)}")
_EVENTS: dict[str, tuple[Event, ...]] = {
    "calm": (),
    "rotation-slow": (_MOVED, Event(at_s=5.001, actor=Actor.LOAD_BALANCER, what=f"{', '.join(OLD)} hang up")),
    "rotation-sudden": (_MOVED, Event(at_s=2.002, actor=Actor.LOAD_BALANCER, what=f"{', '.join(OLD)} hang up")),
    "runs-then-cuts": (
        Event(at_s=2.0, actor=Actor.SERVER, what="runs one request in ten, then cuts the connection"),
        Event(at_s=6.0, actor=Actor.SERVER, what="behaves again"),
    ),
    "own-503": (
        Event(at_s=2.0, actor=Actor.SERVER, what="answers three in four with its own 503"),
        Event(at_s=6.0, actor=Actor.SERVER, what="behaves again"),
    ),
}
_LEASE = tuple(
    Event(at_s=at_s, actor=Actor.FIREWALL, what=f"{what} {address}{' for 2.5 s' if what == 'learnt' else ''}")
    for at_s, what in ((-0.31, "learnt"), (2.19, "forgot"), (2.74, "learnt"), (5.24, "forgot"), (5.79, "learnt"))
    for address in OLD
)
SCENARIOS = ("calm", "rotation-slow", "rotation-sudden", "firewall-rst", "firewall-drop", "runs-then-cuts", "own-503")

_TEXTS = {
    "calm": "Nothing goes wrong. What fails here fails because of the policy itself.",
    "rotation-slow": "The load balancer moves, and leaves time: DNS names new addresses, the old nodes hang up three "
    "seconds later.\n\nThis is how a cloud load balancer scales.",
    "rotation-sudden": "The load balancer moves at once: DNS names new addresses at the very moment at which the old "
    "nodes hang up.",
    "firewall-rst": "The firewall learns addresses from DNS answers, forgets each after a lease, and then answers with "
    "a reset.",
    "firewall-drop": "The firewall learns addresses from DNS answers, forgets each after a lease, and then drops "
    "without a word.",
    "runs-then-cuts": "The server runs the request, then cuts the connection before it answers.",
    "own-503": "The server runs requests but answers three of four with a 503 of its own, for four seconds.",
    "none": "Nothing is done: the application keeps its connections, and the host is unknown to the mesh.",
    "fresh-dns": "Fix 1: the application looks the host up again every time to live and leaves old connections.",
    "short-lived": "Fix 2: the application closes its connection after each request.",
    "article": "Fix 3: a ServiceEntry with `resolution: DNS` and three retries on nearly everything.",
    "recommended": "Ours: DNS followed by the mesh, retries that outlast a DNS refresh, and never a second run of a "
    "POST.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trouble:
    """`share` of the requests between two moments fails: `first_few` for the first of the reasons, then the last."""

    start_s: float
    end_s: float = 99.0
    share: float
    reasons: tuple[str, ...]
    first_few: int = 3


_TROUBLES: dict[tuple[str, str], _Trouble] = {
    ("rotation-slow", "none"): _Trouble(start_s=5.0, share=1.0, reasons=(_UC, _UF)),
    ("rotation-sudden", "none"): _Trouble(start_s=2.0, share=1.0, reasons=(_UC, _UF)),
    ("rotation-sudden", "fresh-dns"): _Trouble(start_s=2.0, end_s=2.75, share=0.9, reasons=(_UC, _UF)),
    ("rotation-sudden", "short-lived"): _Trouble(start_s=2.0, end_s=3.0, share=0.85, reasons=(_UF,)),
    ("rotation-sudden", "article"): _Trouble(start_s=2.0, end_s=2.5, share=0.5, reasons=(_URX_UC, _URX_UF)),
    ("firewall-rst", "none"): _Trouble(start_s=2.25, share=1.0, reasons=(_UC, _UF)),
    ("firewall-rst", "fresh-dns"): _Trouble(start_s=2.25, end_s=2.75, share=0.9, reasons=(_UC, _UF)),
    ("firewall-rst", "short-lived"): _Trouble(start_s=2.25, end_s=2.75, share=1.0, reasons=(_UF,)),
    ("firewall-rst", "article"): _Trouble(start_s=2.25, end_s=2.75, share=0.8, reasons=(_URX_UC, _URX_UF)),
    ("firewall-drop", "none"): _Trouble(start_s=7.75, share=0.26, reasons=(_TIMEOUT,)),
    ("runs-then-cuts", "none"): _Trouble(start_s=2.0, end_s=6.0, share=0.1, reasons=(_UC,)),
    ("runs-then-cuts", "fresh-dns"): _Trouble(start_s=2.0, end_s=6.0, share=0.11, reasons=(_UC,)),
    ("runs-then-cuts", "short-lived"): _Trouble(start_s=2.0, end_s=6.0, share=0.09, reasons=(_UC,)),
    ("own-503", "none"): _Trouble(start_s=2.0, end_s=6.0, share=0.76, reasons=(_OWN,)),
    ("own-503", "fresh-dns"): _Trouble(start_s=2.0, end_s=6.0, share=0.74, reasons=(_OWN,)),
    ("own-503", "short-lived"): _Trouble(start_s=2.0, end_s=6.0, share=0.75, reasons=(_OWN,)),
    ("own-503", "article"): _Trouble(start_s=2.0, end_s=6.0, share=0.31, reasons=("503 URX via_upstream",)),
    ("own-503", "recommended"): _Trouble(start_s=2.0, end_s=6.0, share=0.75, reasons=(_OWN,)),
}
_TWICE = {("runs-then-cuts", "article"): 89, ("own-503", "article"): 1212}


_BOUND = Bound(failed=400, executed_twice=0, why="the server itself answers 503")
_EXPECTATIONS = {("runs-then-cuts", "short-lived", "GET"): "failed 72 of 1600, expected 5 % to 100 %"}
_RUNS = tuple(
    Run(failed=failed, executed_twice=0, p50_ms=0.9, p99_ms=120.0 + failed, expectation="met") for failed in (45, 50)
)
_NEIGHBOUR = "kind: ServiceEntry\nmetadata:\n  name: neighbour\n"
_MANIFESTS = {
    "none": _NEIGHBOUR,
    "fresh-dns": _NEIGHBOUR,
    "article": "kind: VirtualService\nspec:\n  retries:\n    attempts: 3\n",
    "recommended": "kind: VirtualService\nspec:\n  retries:\n    attempts: 15 # outlasts a DNS refresh\n",
}


@cache
def experiment() -> Experiment:
    """The whole experiment of 70 cells."""
    return Experiment(
        versions={"unstale": "0.1.0", "envoy": "1.40.0", "istio": "1.32", "python": "3.11.9", "kernel": "6.1.0"},
        parameters={
            "files": [],
            "rate": 200.0,
            "connections": 8,
            "duration_s": 8.0,
            "ttl_s": 1,
            "timeout_s": 10.0,
            "host": None,
            "port": None,
        },
        command="unstale prove --html report.html --json report.json",
        started="2025-03-01T12:00:00+00:00",
        took_s=104.217,
        cells=tuple(
            cell(scenario, policy, method) for scenario in SCENARIOS for policy in POLICIES for method in METHODS
        ),
        texts=_TEXTS,
        manifests=_MANIFESTS,
        left_out={"nat-forgets": "it needs a kernel with connection tracking"},
    )


def cell(scenario: str, policy: str, method: str) -> Cell:
    """One plausible cell."""
    trouble = _trouble(scenario, policy, method)
    timeline = _timeline(trouble, method)
    ok, failed = sum(bucket.ok for bucket in timeline), sum(bucket.failed for bucket in timeline)
    twice = _TWICE.get((scenario, policy), 0)
    failures = _failures(trouble, failed)
    return Cell(
        scenario=scenario,
        policy=policy,
        method=method,
        requests=ok + failed,
        ok=ok,
        failed=failed,
        failures=failures,
        executed_twice=twice,
        executions=ok + twice,
        latency_ms=_latency(scenario, policy),
        recovery_s=_recovery(trouble, failed),
        upstream_connections=8 + failed,
        late_ms=0.9,
        host_changes=_host_changes(scenario, policy),
        events=_events(scenario, policy),
        timeline=timeline,
        bucket_s=BUCKET_S,
        first_failures=_first(trouble, failures, method, policy),
        sentence=_sentence(method, ok + failed, failed, twice, failures, trouble),
        log=f"recordings/20250301T120000Z/{scenario}-{policy}-{method}",
        since_s=trouble.start_s if trouble and failed else None,
        until_s=min(trouble.end_s, DURATION_S) if trouble and failed else None,
        retries=twice,
        amplification=round((ok + failed + twice) / max(1, ok + failed), 4),
        memory_bytes=9 * 1024 * 1024,
        bound=_BOUND if scenario == "own-503" else None,
        expectation=_EXPECTATIONS.get((scenario, policy, method), "met"),
        histogram=((1.0, ok // 2), (10.0, ok - ok // 2), (100.0, 0), (math.inf, min(1, failed))),
        conditions=("40 ms each way, made by netem",) if scenario == "rotation-slow" else (),
        runs=_RUNS if (scenario, policy) == ("rotation-sudden", "article") else (),
    )


def _trouble(scenario: str, policy: str, method: str) -> _Trouble | None:
    if (scenario, policy, method) == ("runs-then-cuts", "recommended", "POST"):
        return _TROUBLES["runs-then-cuts", "none"]
    return _TROUBLES.get((scenario, policy))


def _timeline(trouble: _Trouble | None, method: str) -> tuple[Bucket, ...]:
    size = int(RATE * BUCKET_S)
    buckets = []
    for number in range(int(DURATION_S / BUCKET_S)):
        start_s = number * BUCKET_S
        is_bad = trouble is not None and trouble.start_s <= start_s < trouble.end_s
        wobble = (number * 7 + len(method)) % 5 - 2 if trouble and trouble.share < 1 else 0
        failed = max(0, round(size * trouble.share) + wobble) if is_bad and trouble else 0
        buckets.append(Bucket(start_s=start_s, ok=size - min(size, failed), failed=min(size, failed)))
    return tuple(buckets)


def _failures(trouble: _Trouble | None, failed: int) -> dict[str, int]:
    if trouble is None or not failed:
        return {}
    if len(trouble.reasons) == 1:
        return {trouble.reasons[0]: failed}
    first, rest = trouble.reasons
    return dict(Counter({rest: failed - trouble.first_few, first: trouble.first_few}).most_common())


def _latency(scenario: str, policy: str) -> Latency:
    if policy == "recommended" and scenario in ("rotation-sudden", "firewall-rst"):
        return Latency(p50=0.7, p99=934.2, max=1807.4)
    if scenario == "firewall-drop":
        return Latency(p50=1.1, p99=1204.8, max=1690.3 if policy != "none" else 10010.2)
    return Latency(p50=1.2, p99=2.8, max=9.1) if policy != "article" else Latency(p50=0.9, p99=129.4, max=160.0)


def _recovery(trouble: _Trouble | None, failed: int) -> float | None:
    if not failed or trouble is None:
        return 0.0
    return None if trouble.end_s > DURATION_S else trouble.end_s - trouble.start_s + 0.003


def _events(scenario: str, policy: str) -> tuple[Event, ...]:
    world = _LEASE if scenario.startswith("firewall") else _EVENTS[scenario]
    used = tuple(
        Event(at_s=change.at_s, actor=Actor.SIDECAR, what=f"uses {', '.join(change.addresses)}")
        for change in _host_changes(scenario, policy)
    )
    return tuple(sorted((*world, *used), key=lambda event: event.at_s))


def _host_changes(scenario: str, policy: str) -> tuple[HostChange, ...]:
    if policy not in ("article", "recommended"):
        return ()
    first = HostChange(at_s=-0.048, host=HOST, addresses=OLD)
    moved = HostChange(at_s=2.713, host=HOST, addresses=NEW)
    return (first, moved) if scenario.startswith("rotation") else (first,)


def _first(trouble: _Trouble | None, failures: dict[str, int], method: str, policy: str) -> tuple[Failure, ...]:
    if trouble is None or not failures:
        return ()
    return tuple(
        _failure(trouble.start_s + 0.004 * number, number, trouble.reasons[0], method, policy)
        for number in range(min(5, sum(failures.values())))
    )


def _failure(at_s: float, number: int, reason: str, method: str, policy: str) -> Failure:
    request_id = f"0f0e7a52-6d1c-4c1c-9d35-{number:012d}"
    if reason == _TIMEOUT:
        return Failure(at_s=at_s, request_id=request_id, reason=reason, body_bytes=0, line="")
    status, flags, *details = reason.split()
    cluster = "PassthroughCluster" if policy not in ("article", "recommended") else f"outbound|80||{HOST}"
    node = OLD[number % 2]
    line = (
        f'[2025-03-01T12:00:{at_s + 10:06.3f}Z] "{method} /orders HTTP/1.1" {status} {flags} '
        f'upstream_reset_before_response_started{{{"".join(details)}}} - "-" 0 95 3 - "-" "-" "{request_id}" '
        f'"{HOST}" "{node}:80" {cluster} 10.0.0.10:48{number}12 {node}:80 10.0.0.10:5112{number} - -'
    )
    return Failure(at_s=at_s, request_id=request_id, reason=reason, body_bytes=95, line=line)


def _sentence(
    method: str, requests: int, failed: int, twice: int, failures: dict[str, int], trouble: _Trouble | None
) -> str:
    also = f"; {twice} {method}s ran more than once on the server" if twice else ""
    if not failed or trouble is None:
        return f"All {requests} {method}s succeeded{also or '; the slowest took 9 ms'}."
    main, number = next(iter(failures.items()))
    until = "to the end" if trouble.end_s > DURATION_S else f"for {trouble.end_s - trouble.start_s:.1f} s"
    why = main if len(failures) == 1 else f"mostly {main} ({number})"
    return f"{failed} of {requests} {method}s failed, from {trouble.start_s:.1f} s {until}: {why}{also}."
