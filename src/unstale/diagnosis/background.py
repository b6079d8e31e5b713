"""What is known beside the logs: DNS answers, Envoy's own counters and endpoints, the manifests. All of it optional."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsAnswer:
    """An answer for a host: `at_s` seconds since 1970, None for a look-up made now. `rcode` as in NOERROR, NXDOMAIN."""

    host: str
    addresses: tuple[str, ...]
    rcode: str = "NOERROR"
    at_s: float | None = None

    @property
    def is_failure(self) -> bool:
        """Whether it names no address, for whatever reason."""
        return self.rcode != "NOERROR" or not self.addresses


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterState:
    """One of Envoy's clusters: endpoints with their health flags, counters, and what its configuration says.

    `endpoints` is None where /clusters was not given; `idle_timeout_s` is None where not known.
    """

    name: str
    endpoints: Mapping[str, str] | None = None
    counters: Mapping[str, int] = field(default_factory=dict)
    kind: str = ""
    idle_timeout_s: float | None = None
    connect_timeout_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredHost:
    """A host of a ServiceEntry: its resolution (DNS, NONE, STATIC ..), and the place that declares it."""

    host: str
    resolution: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """Everything beside the logs. `declared` is None where no manifests were given; so are `clusters` and `dns`."""

    dns: tuple[DnsAnswer, ...] | None = None
    clusters: Mapping[str, ClusterState] | None = None
    declared: tuple[DeclaredHost, ...] | None = None

    def answers(self, host: str) -> tuple[DnsAnswer, ...]:
        """The answers for a host, the oldest first, a look-up made now last."""
        found = [answer for answer in self.dns or () if answer.host.rstrip(".").lower() == host.rstrip(".").lower()]
        return tuple(sorted(found, key=lambda answer: float("inf") if answer.at_s is None else answer.at_s))

    def declaration(self, host: str) -> DeclaredHost | None:
        """The ServiceEntry of a host, wildcards included; the longest match wins."""
        matches = [one for one in self.declared or () if _covers(one.host, host)]
        return max(matches, key=lambda one: len(one.host), default=None)


def _covers(pattern: str, host: str) -> bool:
    if pattern.startswith("*"):
        return host.lower().endswith(pattern[1:].lower()) and len(host) > len(pattern) - 1
    return pattern.lower() == host.lower()
