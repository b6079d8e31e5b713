"""DestinationRule: how the proxy treats its connections to a host.

Names and meaning follow istio/api, `networking/v1alpha3/destination_rule.proto`; units and effects on Envoy
are told where they surprise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from unstale.istio.duration import Duration
from unstale.istio.load_balancing import (
    BackendUtilization,
    ConsistentHashLB,
    HTTPCookie,
    HTTPCookieAttribute,
    LoadBalancerSettings,
    LocalityDistribute,
    LocalityFailover,
    LocalityLoadBalancerSetting,
    MagLev,
    RingHash,
    SimpleLB,
    WarmupConfiguration,
    ZoneAwareLbSetting,
)
from unstale.istio.message import Message
from unstale.istio.metadata import Metadata

__all__ = [
    "BackendUtilization",
    "ClientTLSSettings",
    "ConnectionPoolSettings",
    "ConsistentHashLB",
    "DestinationRule",
    "H2UpgradePolicy",
    "HTTP2KeepAlive",
    "HTTPCookie",
    "HTTPCookieAttribute",
    "HTTPSettings",
    "LoadBalancerSettings",
    "LocalityDistribute",
    "LocalityFailover",
    "LocalityLoadBalancerSetting",
    "MagLev",
    "OutlierDetection",
    "PodSelector",
    "PortTrafficPolicy",
    "ProxyProtocol",
    "ProxyProtocolVersion",
    "RetryBudget",
    "RingHash",
    "SimpleLB",
    "Subset",
    "TCPSettings",
    "TLSmode",
    "TcpKeepalive",
    "TrafficPolicy",
    "TunnelSettings",
    "WarmupConfiguration",
    "ZoneAwareLbSetting",
]


class H2UpgradePolicy(StrEnum):
    """Whether HTTP/1.1 is carried over HTTP/2; DEFAULT leaves it to the mesh."""

    DEFAULT = "DEFAULT"
    DO_NOT_UPGRADE = "DO_NOT_UPGRADE"
    UPGRADE = "UPGRADE"


class TLSmode(StrEnum):
    """Whether and how the proxy speaks TLS to the host; unset means DISABLE."""

    DISABLE = "DISABLE"
    SIMPLE = "SIMPLE"
    MUTUAL = "MUTUAL"
    ISTIO_MUTUAL = "ISTIO_MUTUAL"


class ProxyProtocolVersion(StrEnum):
    """The version of the PROXY protocol; unset means V1."""

    V1 = "V1"
    V2 = "V2"


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpKeepalive(Message):
    """SO_KEEPALIVE; unset fields keep the kernel's values."""

    probes: int | None = None
    time: Duration | None = None
    interval: Duration | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TCPSettings(Message):
    """Limits that hold for TCP and HTTP connections."""

    max_connections: int | None = None
    connect_timeout: Duration | None = None
    tcp_keepalive: TcpKeepalive | None = None
    max_connection_duration: Duration | None = None
    idle_timeout: Duration | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HTTP2KeepAlive(Message):
    """HTTP/2 PING."""

    interval: Duration | None = None
    timeout: Duration | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HTTPSettings(Message):
    """Limits of HTTP; `max_retries` bounds retries under way at one time, not the attempts of one request."""

    http1_max_pending_requests: int | None = None
    http2_max_requests: int | None = None
    max_requests_per_connection: int | None = None
    max_retries: int | None = None
    idle_timeout: Duration | None = None
    h2_upgrade_policy: H2UpgradePolicy | None = None
    use_client_protocol: bool | None = None
    max_concurrent_streams: int | None = None
    http2_keep_alive: HTTP2KeepAlive | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionPoolSettings(Message):
    """The pool of connections to one host."""

    tcp: TCPSettings | None = None
    http: HTTPSettings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlierDetection(Message):
    """When an endpoint is left out for a while; percentages 0..100."""

    consecutive_errors: int | None = None
    split_external_local_origin_errors: bool | None = None
    consecutive_local_origin_failures: int | None = None
    consecutive_gateway_errors: int | None = None
    consecutive_5xx_errors: int | None = None
    interval: Duration | None = None
    base_ejection_time: Duration | None = None
    max_ejection_percent: int | None = None
    min_health_percent: int | None = None
    outlier_detection_http_error_codes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTLSSettings(Message):
    """TLS that the proxy originates; file names are paths in the proxy."""

    mode: TLSmode | None = None
    client_certificate: str | None = None
    private_key: str | None = None
    ca_certificates: str | None = None
    credential_name: str | None = None
    subject_alt_names: tuple[str, ...] = ()
    sni: str | None = None
    insecure_skip_verify: bool | None = None
    ca_crl: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TunnelSettings(Message):
    """Tunnelling through a forward proxy by CONNECT or POST."""

    protocol: str | None = None
    target_host: str = ""
    target_port: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyProtocol(Message):
    """The PROXY protocol header that the proxy sends first."""

    version: ProxyProtocolVersion | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryBudget(Message):
    """Retries under way, as a percentage (0..100) of the requests under way."""

    percent: float | None = None
    min_retry_concurrency: int | None = None
    budget_interval: Duration | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PortTrafficPolicy(Message):
    """What replaces the policy of the host on one port; `port` is the number inside Istio's PortSelector."""

    port: Annotated[int, "number"] | None = None
    load_balancer: LoadBalancerSettings | None = None
    connection_pool: ConnectionPoolSettings | None = None
    outlier_detection: OutlierDetection | None = None
    tls: ClientTLSSettings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficPolicy(Message):
    """The policy of a host or of a subset."""

    load_balancer: LoadBalancerSettings | None = None
    connection_pool: ConnectionPoolSettings | None = None
    outlier_detection: OutlierDetection | None = None
    tls: ClientTLSSettings | None = None
    port_level_settings: tuple[PortTrafficPolicy, ...] = ()
    tunnel: TunnelSettings | None = None
    proxy_protocol: ProxyProtocol | None = None
    retry_budget: RetryBudget | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subset(Message):
    """The endpoints with these labels, under a name."""

    name: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    traffic_policy: TrafficPolicy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PodSelector(Message):
    """The pods whose proxies the rule is for; Istio's own name is WorkloadSelector (of `type/v1beta1`)."""

    match_labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationRule(Message):
    """A DestinationRule object; the host keeps its case."""

    metadata: Metadata = field(default_factory=Metadata)
    host: str = ""
    traffic_policy: TrafficPolicy | None = None
    subsets: tuple[Subset, ...] = ()
    export_to: tuple[str, ...] = ()
    workload_selector: PodSelector | None = None
