"""MeshConfig: the settings of the whole mesh that shape a sidecar's outbound path, with Istio's defaults.

Names and meaning follow istio/api, `mesh/v1alpha1/config.proto` and `proxy.proto`. A block that is written replaces
the default block as a whole, so an empty one is not the same as none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from unstale.istio.destination_rule import (
    ClientTLSSettings,
    ConnectionPoolSettings,
    H2UpgradePolicy,
    LocalityLoadBalancerSetting,
    OutlierDetection,
    TcpKeepalive,
    ZoneAwareLbSetting,
)
from unstale.istio.duration import Duration
from unstale.istio.message import Message
from unstale.istio.proxy_config import ProxyConfig
from unstale.istio.virtual_service import HTTPRetry

_CONNECT_TIMEOUT = Duration(10_000_000_000)
_DNS_REFRESH_RATE = Duration(60_000_000_000)
_OFF = Duration(0)
_LOCALITY_ON = LocalityLoadBalancerSetting(enabled=True)


class OutboundTrafficPolicyMode(StrEnum):
    """What becomes of traffic to hosts that no manifest names."""

    ALLOW_ANY = "ALLOW_ANY"
    REGISTRY_ONLY = "REGISTRY_ONLY"
    ALLOW_ANY_DYNAMIC_DNS = "ALLOW_ANY_DYNAMIC_DNS"


class NormalizationType(StrEnum):
    """What is done to the path of a request before it is looked at; unset means DEFAULT, which is BASE."""

    DEFAULT = "DEFAULT"
    NONE = "NONE"
    BASE = "BASE"
    MERGE_SLASHES = "MERGE_SLASHES"
    DECODE_AND_MERGE_SLASHES = "DECODE_AND_MERGE_SLASHES"


class TLSProtocol(StrEnum):
    """The lowest version of TLS."""

    TLS_AUTO = "TLS_AUTO"
    TLSV1_2 = "TLSV1_2"
    TLSV1_3 = "TLSV1_3"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundTrafficPolicy(Message):
    """A block without a mode means REGISTRY_ONLY; `tls` is for hosts that are looked up on the way."""

    mode: OutboundTrafficPolicyMode | None = None
    tls: ClientTLSSettings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TLSConfig(Message):
    """TLS that the proxy originates, apart from the mesh's own."""

    min_protocol_version: TLSProtocol | None = None
    ecdh_curves: tuple[str, ...] = ()
    cipher_suites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultTrafficPolicy(Message):
    """What holds for hosts whose rule does not say otherwise."""

    connection_pool: ConnectionPoolSettings | None = None
    outlier_detection: OutlierDetection | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyPathNormalization(Message):
    """What is done to paths."""

    normalization: NormalizationType | None = None


_ALLOW_ANY = OutboundTrafficPolicy(mode=OutboundTrafficPolicyMode.ALLOW_ANY)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshConfig(Message):
    """The part of Istio's MeshConfig that is applied; `UNREAD` are the fields that shape nothing here."""

    UNREAD = (
        *("hboneIdleTimeout", "ingressClass", "ingressService", "ingressControllerMode", "ingressSelector"),
        *("enableTracing", "accessLogFile", "accessLogFormat", "accessLogEncoding", "enableEnvoyAccessLogService"),
        *("disableEnvoyListenerLog", "inboundTrafficPolicy", "configSources", "caCertificates"),
        *("inboundClusterStatName", "certificates", "serviceSettings", "serviceScopeConfigs", "ca"),
        *("enablePrometheusMerge", "verifyCertificateAtClient", "extensionProviders", "defaultProviders"),
        *("discoverySelectors", "meshMTLS", "serviceEntryVisibility"),
    )

    connect_timeout: Duration = _CONNECT_TIMEOUT
    dns_refresh_rate: Duration = _DNS_REFRESH_RATE
    protocol_detection_timeout: Duration = _OFF
    outbound_traffic_policy: OutboundTrafficPolicy = _ALLOW_ANY
    default_service_export_to: tuple[str, ...] = ("*",)
    default_virtual_service_export_to: tuple[str, ...] = ("*",)
    default_destination_rule_export_to: tuple[str, ...] = ("*",)
    proxy_listen_port: int = 15001
    proxy_inbound_listen_port: int = 15006
    proxy_http_port: int = 0
    root_namespace: str = "istio-system"
    tcp_keepalive: TcpKeepalive | None = None
    default_http_retry_policy: HTTPRetry | None = None
    h2_upgrade_policy: H2UpgradePolicy = H2UpgradePolicy.DO_NOT_UPGRADE
    locality_lb_setting: LocalityLoadBalancerSetting | None = _LOCALITY_ON
    zone_aware_lb_setting: ZoneAwareLbSetting | None = None
    default_traffic_policy: DefaultTrafficPolicy | None = None
    tls_defaults: TLSConfig | None = None
    path_normalization: ProxyPathNormalization | None = None
    default_config: ProxyConfig = field(default_factory=ProxyConfig)
    enable_auto_mtls: bool = True
    trust_domain: str = "cluster.local"
    trust_domain_aliases: tuple[str, ...] = ()
    outbound_cluster_stat_name: str = ""
