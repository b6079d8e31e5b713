"""The settings of the whole mesh that shape a sidecar's outbound path, with Istio's defaults."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from unstale.istio.destination_rule import H2UpgradePolicy, TcpKeepalive
from unstale.istio.duration import Duration
from unstale.istio.virtual_service import HTTPRetry

_CONNECT_TIMEOUT = Duration(10_000_000_000)
_DNS_REFRESH_RATE = Duration(60_000_000_000)
_OFF = Duration(0)


class OutboundTrafficPolicy(StrEnum):
    """What becomes of traffic to hosts that no manifest names."""

    ALLOW_ANY = "ALLOW_ANY"
    REGISTRY_ONLY = "REGISTRY_ONLY"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshConfig:
    """The part of Istio's MeshConfig that is applied; names are Istio's."""

    connect_timeout: Duration = _CONNECT_TIMEOUT
    dns_refresh_rate: Duration = _DNS_REFRESH_RATE
    protocol_detection_timeout: Duration = _OFF
    outbound_traffic_policy: OutboundTrafficPolicy = OutboundTrafficPolicy.ALLOW_ANY
    default_service_export_to: tuple[str, ...] = ("*",)
    default_virtual_service_export_to: tuple[str, ...] = ("*",)
    default_destination_rule_export_to: tuple[str, ...] = ("*",)
    proxy_listen_port: int = 15001
    proxy_inbound_listen_port: int = 15006
    root_namespace: str = "istio-system"
    tcp_keepalive: TcpKeepalive | None = None
    default_http_retry_policy: HTTPRetry | None = None
    h2_upgrade_policy: H2UpgradePolicy = H2UpgradePolicy.DO_NOT_UPGRADE
    is_locality_lb_enabled: bool = True
