"""connectionPool: connections end on our side first, a dead address is given up soon, a dead connection is noticed.

A pool that keeps an idle connection longer than the server does sends a request into a connection that is being
closed. A connection that never ends never meets the addresses that DNS names today.
"""

from __future__ import annotations

from unstale.remedy.facts import HostFacts
from unstale.remedy.manifest import Because, Value, seconds

USUAL_SERVER_IDLE_S = 60.0
"""What common load balancers keep idle connections for (AWS Application Load Balancer's default)."""

_USUAL_AGE_S = 300.0
_SHARE = 0.8
_LEAST_S = 0.2
_CONNECT_S = 1.0


def connection_pool(facts: HostFacts) -> dict[str, Value]:
    """For ports on which requests are read."""
    return {
        "tcp": {
            "connectTimeout": connect_timeout(),
            "maxConnectionDuration": max_connection_duration(facts),
            "tcpKeepalive": tcp_keepalive(facts),
        },
        "http": {"idleTimeout": idle_timeout(facts), **_version(facts), **_old_limits(facts)},
    }


def opaque_pool(facts: HostFacts) -> dict[str, Value]:
    """For ports whose bytes pass unread: an age limit there would cut calls that are under way."""
    tcp: dict[str, Value] = {
        "connectTimeout": connect_timeout(),
        "idleTimeout": idle_timeout(facts),
        "tcpKeepalive": tcp_keepalive(facts),
    }
    limits = _old_limits(facts)
    return {"tcp": tcp, "http": limits} if limits else {"tcp": tcp}


def connect_timeout() -> Value:
    """Of one try."""
    return Because(seconds(_CONNECT_S), "a dead address costs a second, not ten")


def max_connection_duration(facts: HostFacts) -> Value:
    """Below what the firewall and the server allow; a request under way is let end first."""
    known = [limit for limit in (facts.firewall_lease_s, facts.server_max_age_s) if limit is not None]
    if not known:
        return Because(seconds(_USUAL_AGE_S), "no connection outlives a change for longer than this")
    limit = min(known)
    whose = "the firewall's lease" if limit == facts.firewall_lease_s else "the server's limit"
    return Because(seconds(below(limit)), f"below {whose} of {limit:g} s")


def idle_timeout(facts: HostFacts) -> Value:
    """Below the server's."""
    if facts.server_idle_s is None:
        return Because(seconds(50), f"below the {USUAL_SERVER_IDLE_S:g} s after which common load balancers close")
    return Because(seconds(below(facts.server_idle_s)), f"below the {facts.server_idle_s:g} s of the other side")


def below(limit_s: float) -> float:
    """Four fifths of a limit: what is left for a request on its way."""
    return max(_LEAST_S, min(limit_s * _SHARE, limit_s - 0.1))


def tcp_keepalive(facts: HostFacts) -> Value:
    """Probes on idle connections."""
    time_s = 30 if facts.firewall_lease_s is None else max(1, min(30, int(facts.firewall_lease_s / 2)))
    return {
        "time": Because(seconds(time_s), "a silently forgotten connection is noticed before it is needed"),
        "interval": seconds(max(1, time_s // 3)),
        "probes": 3,
    }


def _version(facts: HostFacts) -> dict[str, Value]:
    """A mesh that upgrades everything to HTTP/2 upgrades what is declared too, and knows nothing of the server."""
    if any(port.protocol.upper() != "HTTP" for port in facts.read_ports):
        return {}
    return {"h2UpgradePolicy": Because("DO_NOT_UPGRADE", "as the port says, whatever the mesh upgrades")}


def _old_limits(facts: HostFacts) -> dict[str, Value]:
    if facts.has_retry_backoff:
        return {}
    return {"maxRetries": Because(1024, "bounds the retries under way, for this release has no backoff of its own")}
