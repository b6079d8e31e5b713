"""What each scenario of the lab really does to the host: the truth that the diagnosis is held against."""

from __future__ import annotations

from unstale.diagnosis.cause import Cause

FEW = 3
"""So many failing lines let causes be told apart; below, the answer must only say that it is not sure."""

TRUTH = {
    "nobody-listens": Cause.CONNECT_REFUSED,
    "server-ends": Cause.LIFECYCLE,
    "registry-only": Cause.BLACKHOLE_OR_NO_ROUTE,
    "h2-to-h1": Cause.PROTOCOL_MISMATCH,
    "rotation": Cause.LB_IP_CHANGED,
    "address-reused": Cause.LB_IP_CHANGED,
    "dns-ttl": Cause.LB_IP_CHANGED,
    "h2-": Cause.LB_IP_CHANGED,
    "grpc-": Cause.LB_IP_CHANGED,
    "firewall": Cause.FIREWALL_OR_NAT_DROP,
    "nat-forgets": Cause.FIREWALL_OR_NAT_DROP,
    "idle-race": Cause.STALE_KEEPALIVE_RACE,
    "server-max-age": Cause.STALE_KEEPALIVE_RACE,
    "one-dead-address": Cause.CONNECT_TIMEOUT,
    "stalls": Cause.UPSTREAM_TIMEOUT,
    "overflow": Cause.OVERFLOW,
    "own-503": Cause.UPSTREAM_OWN_5XX,
    "runs-then-cuts": Cause.UPSTREAM_PROTOCOL_ERROR,
    "dns-": Cause.DNS_FAILURE,
}
"""The first prefix that fits decides."""


def true_cause(scenario: str) -> Cause | None:
    """What a scenario does to the host, whoever speaks TLS in it; None for calm weather."""
    name = scenario.removeprefix("tls-originated-").removeprefix("tls-passthrough-")
    return next((cause for prefix, cause in TRUTH.items() if name.startswith(prefix)), None)
