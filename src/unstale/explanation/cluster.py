"""Of a cluster: how its endpoints are found, how long connections live, what limits and encrypts them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from unstale.envoy.resource import Json, Traced
from unstale.explanation.fact import ENVOY, Aspect, Fact, facts
from unstale.istio.message import Message

_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_UNLIMITED = 4294967295
_LIMITS = {
    "max_connections": ("connection_pool.tcp.max_connections",),
    "max_pending_requests": ("connection_pool.http.http1_max_pending_requests",),
    "max_requests": ("connection_pool.http.http2_max_requests",),
    "max_retries": ("connection_pool.http.max_retries",),
}


def cluster_facts(cluster: Json, mesh: Message | None = None, *, speaks_http: bool = True) -> tuple[Fact, ...]:
    """What the cluster says of its connections; what concerns HTTP alone only where it is spoken."""
    return facts((*_DISCOVERY, *(_HTTP if speaks_http else ()), *_LIMITED), cluster, mesh)


def pipe_facts(proxy: Json, cluster: Json) -> tuple[Fact, ...]:
    """What a TCP proxy says of connections; the rule for the host has said it, so its cluster knows the places."""
    sources = cluster.sources if isinstance(cluster, Traced) else ()
    return facts(_PIPE, Traced(proxy, *sources), None)


def _plain(name: str) -> Callable[[Json], str | None]:
    def read(cluster: Json) -> str | None:
        value = cluster.get(name)
        return None if value is None else str(value)

    return read


def _discovery(cluster: Json) -> str:
    custom = cluster.get("cluster_type", {}).get("name")
    return str(custom or cluster.get("type", "STATIC"))


def _options(cluster: Json) -> Json:
    found: Json = cluster.get("typed_extension_protocol_options", {}).get(_OPTIONS, {})
    return found


def _common(name: str, unset: str | None) -> Callable[[Json], str | None]:
    def read(cluster: Json) -> str | None:
        value = _options(cluster).get("common_http_protocol_options", {}).get(name)
        return unset if value is None else str(value)

    return read


def _protocol(cluster: Json) -> str:
    options = _options(cluster)
    if "use_downstream_protocol_config" in options:
        return "as the application speaks"
    return "HTTP/2" if "http2_protocol_options" in options.get("explicit_http_config", {}) else "HTTP/1.1"


def _limit(name: str) -> Callable[[Json], str | None]:
    def read(cluster: Json) -> str | None:
        thresholds = cluster.get("circuit_breakers", {}).get("thresholds", [{}])[0]
        value = thresholds.get(name)
        return None if value in (None, _UNLIMITED) else str(value)

    return read


def _retry_budget(cluster: Json) -> str | None:
    thresholds = cluster.get("circuit_breakers", {}).get("thresholds", [{}])[0]
    budget = thresholds.get("retry_budget")
    if budget is None:
        return None
    percent = budget.get("budget_percent", {}).get("value", 0)
    return f"{percent:g} % of the requests, at least {budget.get('min_retry_concurrency', 3)}"


def _outliers(cluster: Json) -> str | None:
    settings = cluster.get("outlier_detection")
    if settings is None:
        return None
    counts = (f"{key} {settings[key]}" for key in sorted(settings) if key.startswith("consecutive"))
    return ", ".join(counts) or "on"


def _tls(cluster: Json) -> str:
    socket = cluster.get("transport_socket", {})
    if cluster.get("transport_socket_matches"):
        return "the mesh's own where the endpoint has it"
    if not socket:
        return "none"
    sni = socket.get("typed_config", {}).get("sni")
    return f"to {sni}" if sni else "yes"


def _endpoints(cluster: Json) -> str | None:
    found = list(dict.fromkeys(_addresses(cluster.get("load_assignment", {}))))
    return ", ".join(found) or None


def _addresses(assignment: Json) -> Iterator[str]:
    for locality in assignment.get("endpoints", ()):
        for endpoint in locality.get("lb_endpoints", ()):
            address = endpoint.get("endpoint", {}).get("address", {})
            place = address.get("socket_address", {})
            yield f"{place.get('address')}:{place.get('port_value')}" if place else str(address)


_IDLE = ("connection_pool.http.idle_timeout", "connection_pool.tcp.idle_timeout")
_LIFE = ("connection_pool.tcp.max_connection_duration",)
_FOR_EVER = "as long as it is used"
_HTTP = (
    Aspect(name="protocol", read=_protocol, fields=("connection_pool.http.h2_upgrade_policy", "ports")),
    Aspect(name="idle time-out", read=_common("idle_timeout", "3600s"), fields=_IDLE, otherwise=ENVOY),
    Aspect(
        name="connection lives",
        read=_common("max_connection_duration", _FOR_EVER),
        fields=_LIFE,
        otherwise=ENVOY,
    ),
    Aspect(
        name="requests a connection",
        read=_common("max_requests_per_connection", None),
        fields=("connection_pool.http.max_requests_per_connection",),
    ),
)
_PIPE = (
    Aspect(
        name="idle time-out",
        read=lambda proxy: str(proxy.get("idle_timeout", "3600s")),
        fields=_IDLE[1:],
        otherwise=ENVOY,
    ),
    Aspect(
        name="connection lives",
        read=lambda proxy: str(proxy.get("max_downstream_connection_duration", _FOR_EVER)),
        fields=_LIFE,
        otherwise=ENVOY,
    ),
)
_DISCOVERY = (
    Aspect(name="discovery", read=_discovery, fields=("resolution",)),
    Aspect(name="endpoints", read=_endpoints, fields=("endpoints", "workload_selector", "hosts")),
    Aspect(name="DNS without TTL", read=_plain("dns_refresh_rate"), mesh="dns_refresh_rate"),
    Aspect(name="load balancing", read=_plain("lb_policy"), fields=("load_balancer",)),
    Aspect(
        name="connect time-out",
        read=_plain("connect_timeout"),
        fields=("connection_pool.tcp.connect_timeout",),
        mesh="connect_timeout",
    ),
)
_LIMITED = (
    *(Aspect(name=name.replace("_", " "), read=_limit(name), fields=fields) for name, fields in _LIMITS.items()),
    Aspect(name="retry budget", read=_retry_budget, fields=("retry_budget",)),
    Aspect(name="outlier detection", read=_outliers, fields=("outlier_detection",)),
    Aspect(name="TLS", read=_tls, fields=("tls",), otherwise="not set"),
)
