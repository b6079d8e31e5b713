"""The clusters that Istio always adds: where traffic goes that no manifest names, and where it ends (CL-11)."""

from __future__ import annotations

from unstale.envoy import http_protocol_options
from unstale.envoy.cluster_name import BLACK_HOLE, PASSTHROUGH
from unstale.envoy.connection_pool import keepalive, thresholds
from unstale.envoy.protocol import Protocol
from unstale.envoy.resource import Json
from unstale.envoy.scope import Scope
from unstale.istio.destination_rule import ConnectionPoolSettings, TCPSettings
from unstale.istio.mesh import MeshConfig

_IDLE_TIMEOUT = "300s"


def black_hole(mesh: MeshConfig) -> Json:
    """Where traffic ends that must not leave."""
    return {
        "name": BLACK_HOLE,
        "type": "STATIC",
        "alt_stat_name": f"{BLACK_HOLE};",
        "connect_timeout": mesh.connect_timeout.protobuf,
    }


def passthrough(scope: Scope) -> Json:
    """To the address it was meant for; of the mesh's default pool only what is no HTTP option arrives here (CL-12)."""
    default = scope.mesh.default_traffic_policy
    pool = (default and default.connection_pool) or ConnectionPoolSettings()
    tcp = pool.tcp or TCPSettings()
    return {
        "name": PASSTHROUGH,
        "type": "ORIGINAL_DST",
        "alt_stat_name": f"{PASSTHROUGH};",
        "connect_timeout": (tcp.connect_timeout or scope.mesh.connect_timeout).protobuf,
        "lb_policy": "CLUSTER_PROVIDED",
        "circuit_breakers": {"thresholds": [thresholds(scope.release, pool.http, tcp)]},
        **passthrough_options(scope),
        **keepalive(scope.mesh.tcp_keepalive, tcp.tcp_keepalive),
    }


def passthrough_options(scope: Scope) -> Json:
    """HTTP as the client speaks it, over connections that are closed after a while."""
    keeps_case = scope.proxy_headers.keeps_case and scope.release.keeps_passed_header_case
    options = http_protocol_options.for_protocol(Protocol.UNSUPPORTED, keeps_header_case=keeps_case)
    options.common = {"idle_timeout": _IDLE_TIMEOUT}
    return options.extension()
