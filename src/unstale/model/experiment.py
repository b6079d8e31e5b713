"""What one experiment measured: cells of scenario x policy x method, and what changed in the world meanwhile.

`lab` fills these in and `report` draws them, so neither knows the other. All times named `at_s` count seconds from
the moment the first request of the cell was due.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Actor(StrEnum):
    """Who changed something in the world of a cell."""

    DNS = "dns"
    LOAD_BALANCER = "load balancer"
    FIREWALL = "firewall"
    SERVER = "server"
    SIDECAR = "sidecar"
    APP = "app"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something changed: `what` is one phrase without a full stop."""

    at_s: float
    actor: Actor
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostChange:
    """The addresses that the sidecar used for a host from this moment on, in sorted order.

    Empty where the sidecar has no endpoints of its own (passthrough: the application's look-up decides).
    """

    at_s: float
    host: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Requests that ended in one slice of time, `start_s` inclusive."""

    start_s: float
    ok: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Milliseconds from the moment a request was due to its end, waiting for a free connection included.

    None where no request ended well.
    """

    p50: float | None
    p99: float | None
    max: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One failed request as the application saw it and as the sidecar logged it (`line`, empty if it did not)."""

    at_s: float
    request_id: str
    reason: str
    body_bytes: int
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What no policy at the sidecar can avoid in a cell: requests, measured with the best policy found; and why."""

    failed: int
    executed_twice: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One of several runs of a cell; milliseconds are None where no request ended well."""

    failed: int
    executed_twice: int
    p50_ms: float | None
    p99_ms: float | None
    expectation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One scenario under one policy with one method.

    `failures` counts failed requests by reason, e.g. `503 UC connection_termination`. `executed_twice` is the number
    of requests whose effect ran more than once on the server, `executions` the number of runs in all. `recovery_s` is
    the time from the first failed request to the first success after the last failed one: 0 when nothing failed,
    None when the cell ended failing. `late_ms` is the p99 of how late the load generator sent a request although it
    was due and a connection was free: what tells a slow machine from a slow proxy. `log` is the path of the recording.

    `since_s` and `until_s` are when the first failed request was due and the last one ended, None where none failed.
    `retries` are Envoy's, `amplification` is requests that reached the server for each that the application sent,
    `memory_bytes` the most that Envoy had allocated. `bound` is None where zero is possible. `expectation` is empty
    where the scenario expects nothing of the policy, `met`, or how it was missed. `disagreements` say where the
    ledgers, the counters and the log contradict each other; such a cell proves nothing. `histogram` counts the
    requests that ended well by their latency: upper limits in milliseconds, the last one infinite. `conditions` say
    what was used where the machine decides, e.g. how distance was made. `runs` are all of several runs; the cell is
    then the worst of them. `app` is the application that sent the requests, empty in files of older releases.
    """

    scenario: str
    policy: str
    method: str
    requests: int
    ok: int
    failed: int
    failures: Mapping[str, int]
    executed_twice: int
    executions: int
    latency_ms: Latency
    recovery_s: float | None
    upstream_connections: int
    late_ms: float
    host_changes: tuple[HostChange, ...]
    events: tuple[Event, ...]
    timeline: tuple[Bucket, ...]
    bucket_s: float
    first_failures: tuple[Failure, ...]
    sentence: str
    log: str
    since_s: float | None = None
    until_s: float | None = None
    retries: int = 0
    amplification: float = 1.0
    memory_bytes: int = 0
    bound: Bound | None = None
    expectation: str = ""
    disagreements: tuple[str, ...] = ()
    histogram: tuple[tuple[float, int], ...] = ()
    conditions: tuple[str, ...] = ()
    runs: tuple[Run, ...] = ()
    app: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """All cells of one run. `parameters` is what was asked for, `texts` explains scenarios and policies by name.

    `manifests` are each policy's, as YAML; empty where the sidecar gets none. `left_out` names what this machine could
    not run, and why.
    """

    versions: Mapping[str, str]
    parameters: Mapping[str, object]
    command: str
    started: str
    took_s: float
    cells: tuple[Cell, ...]
    texts: Mapping[str, str] = field(default_factory=dict)
    manifests: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
