"""What is known of an external host: all that a policy for it may follow from.

Only what an operator can know beforehand belongs here; what will go wrong, and when, does not. What is not known is
None, and the policy says what it assumes instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

NEWEST = "1.32"
REPEATABLE = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE")
"""Methods whose repetition changes nothing (RFC 9110, 9.2.2; TRACE is not let through by servers)."""

_HOST = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.I | re.A)

OPAQUE = frozenset({"HTTPS", "TLS", "TCP"})


class Encryption(StrEnum):
    """Who speaks TLS to the host: nobody, the application (the sidecar passes bytes), or the sidecar for it."""

    NONE = "none"
    PASSTHROUGH = "passthrough"
    ORIGINATED = "originated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A port as the application calls it; `target` is the server's, where that is another one."""

    number: int
    protocol: str = "HTTP"
    target: int | None = None

    @property
    def is_opaque(self) -> bool:
        """Bytes pass unread: no request can be repeated there."""
        return self.protocol.upper() in OPAQUE


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFacts:
    """One host. Times are seconds.

    `ttl_s` is the DNS time to live, `address_count` how many addresses an answer has. `server_idle_s` and
    `server_max_age_s` say after how long without a request, and after how long at all, the server or a NAT on the way
    closes or forgets a connection; `firewall_lease_s` how long a firewall lets an address through that it learnt from
    DNS, and `firewall_hears_sidecar` whether from the sidecar's look-ups too. `repeatable` are the methods that may
    run twice; with `idempotency_key` so may requests that carry the header `idempotency_header`. `latency_budget_s`
    is the longest that a caller waits, `slowest_answer_s` what a good answer takes at most. `dns_refresh_s` is the
    mesh's `dnsRefreshRate`. `is_patched` asks for an EnvoyFilter with what no field of Istio's says. `istio` is the
    release.
    """

    host: str
    ports: tuple[Port, ...] = (Port(number=80),)
    namespace: str | None = None
    encryption: Encryption = Encryption.NONE
    ca_certificates: str | None = None
    ttl_s: float | None = None
    address_count: int | None = None
    server_idle_s: float | None = None
    server_max_age_s: float | None = None
    firewall_lease_s: float | None = None
    firewall_hears_sidecar: bool = True
    repeatable: tuple[str, ...] = REPEATABLE
    idempotency_key: bool = False
    idempotency_header: str = "idempotency-key"
    slowest_answer_s: float | None = None
    latency_budget_s: float = 30.0
    dns_refresh_s: float = 60.0
    is_patched: bool = False
    istio: str = NEWEST

    @property
    def name(self) -> str:
        """What its objects are called: the host with dashes, a wildcard told in a word."""
        return self.host.replace("*", "any").replace(".", "-").lower()

    @property
    def minor(self) -> int:
        """The number behind `1.` of the release."""
        return int(self.istio.split(".")[1])

    @property
    def read_ports(self) -> tuple[Port, ...]:
        """Those on which the sidecar sees requests."""
        return tuple(port for port in self.ports if not port.is_opaque)

    @property
    def opaque_ports(self) -> tuple[Port, ...]:
        """Those on which it sees bytes."""
        return tuple(port for port in self.ports if port.is_opaque)

    @property
    def has_retry_backoff(self) -> bool:
        """`retries.backoff` and `retryIgnorePreviousHosts` are known since 1.26 (istio.io/api, the CRDs' schema)."""
        return self.minor >= 26

    @property
    def keeps_addresses(self) -> bool:
        """DNS_ROUND_ROBIN leaves connections to addresses that left DNS, and keeps the last ones where DNS has none.

        The last ones are kept by every Envoy (source/extensions/clusters: an empty answer does not update a logical
        host; measured with 1.38.3 and 1.40.0). Connections are left since Envoy 1.39 (measured: 1.38.3 keeps them),
        which is that of Istio 1.31 (istio/proxy, WORKSPACE and go.mod of release-1.31); before, they were never left.
        """
        return self.minor >= 31

    @property
    def has_connection_settings(self) -> bool:
        """`connectionSettings` of MeshConfig are known since 1.31."""
        return self.minor >= 31


def is_host(text: str) -> bool:
    """A DNS name of several labels, or a wildcard of one (RFC 1123)."""
    return len(text) <= 253 and _HOST.fullmatch(text) is not None
